/**
 * The other side of subject-process.ts: starts the process of a subject and asks it for answers and rounds. One question at a
 * time. A process that ends while it is asked, or before it is ready, is an error with what it said last.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Round } from '../harness.ts';
import type { Refusal, Subject, Way, Workload } from './subject.ts';
import type { Question, Report } from './subject-process.ts';

const ENTRY = fileURLToPath(new URL('./subject-process.ts', import.meta.url));
/** Of what it wrote on standard error, for the message when it dies. */
const SAID_MAX_CHARACTERS = 4_000;
/** A subject that cannot end by itself is ended. */
const CLOSE_TIMEOUT_MS = 10_000;

export interface SubjectClient {
  answer(input: Uint8Array): Promise<Uint8Array>;
  /** `count` samples in ms. */
  round(input: Uint8Array, count: number): Promise<Round>;
  /** Calls whose mean one sample is; known after the first round. */
  readonly batch: number | undefined;
  close(): Promise<void>;
}

/** Resolves when the subject is ready. `entry` is another program with the same manners, for tests. */
export async function startSubject(
  subject: Pick<Subject, 'name' | 'row' | 'nodeFlags'>,
  workload: Workload,
  way: Way,
  entry = ENTRY,
): Promise<SubjectClient | Refusal> {
  const child = fork(entry, [subject.name, workload, way], {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...(subject.nodeFlags ?? [])],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // What it says is shown when it dies: errors alone.
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID_MAX_CHARACTERS);
  });
  const next = (): Promise<Report> => reportOf(child, subject.row, () => said);
  const first = await next();
  if (first.kind === 'refused') return { reason: first.reason };
  const ask = async (question: Question): Promise<Report> => {
    const report = next();
    child.send(question, (error) => {
      // The end of the process is what `report` is rejected with.
      if (error) said += `\n${error.message}`;
    });
    const got = await report;
    if (got.kind === 'failed') throw new Error(`${subject.row}: ${got.message}`);
    return got;
  };
  let batch: number | undefined;
  return {
    get batch() {
      return batch;
    },
    async answer(input) {
      const report = await ask({ kind: 'answer', input });
      if (report.kind !== 'answered') throw new Error(`${subject.row} reports '${report.kind}'`);
      return report.bytes;
    },
    async round(input, count) {
      const report = await ask({ kind: 'round', input, count });
      if (report.kind !== 'timed') throw new Error(`${subject.row} reports '${report.kind}'`);
      batch = report.batch;
      return { samples: report.samples };
    },
    close: () => end(child),
  };
}

/** The next report; rejected when the process ends instead. */
function reportOf(child: ChildProcess, row: string, said: () => string): Promise<Report> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null, signal: string | null): void => {
      child.off('message', reported);
      reject(new Error(`the process of '${row}' ended with ${signal ?? `exit code ${code}`}:\n${said()}`));
    };
    const reported = (report: unknown): void => {
      child.off('close', died);
      resolve(report as Report);
    };
    if (child.exitCode !== null || child.signalCode !== null) {
      died(child.exitCode, child.signalCode);
      return;
    }
    child.once('close', died);
    child.once('message', reported);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const limit = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
  if (child.connected) child.send({ kind: 'close' } satisfies Question);
  else child.kill('SIGTERM');
  await exited;
  clearTimeout(limit);
}
