/**
 * Subjects → the stage of a table: all opened side by side, which is not timed, each with its row or the reason why it has none.
 *
 * Ours must open, and so must what tables are compared with; a peer that fails to is absent, with what it said.
 */

import type { Absence, Contestant, Stage, Target } from '../harness.ts';
import { absenceOf, peerVersion } from '../peers.ts';
import { referenceAnswer } from './guests/work.ts';
import type { Refusal, Subject, Workload } from './subject.ts';

const REASON_MAX_CHARACTERS = 300;

/** What a subject does in one table. */
export interface Opened {
  answer(): Promise<Uint8Array>;
  round: Contestant['round'];
  close(): Promise<void>;
}

export interface StageOptions {
  readonly subjects: readonly Subject[];
  readonly workload: Workload;
  readonly input: Uint8Array;
  open(subject: Subject): Promise<Opened | Refusal>;
  /** `rows` are those that stand. */
  targetsOf(subject: Subject, rows: readonly Subject[]): readonly Target[];
}

export async function openStage({
  subjects,
  workload,
  input,
  open,
  targetsOf,
}: StageOptions): Promise<Stage> {
  const outcomes = await Promise.allSettled(
    subjects.map(async (subject) => absenceIn(subject) ?? (await open(subject))),
  );
  const standing: { readonly subject: Subject; readonly opened: Opened }[] = [];
  const absent: Absence[] = [];
  const failures: unknown[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const subject = subjects[index];
    if (subject === undefined) continue;
    const { row } = subject;
    if (outcome.status === 'rejected') {
      if (subject.isRequired) failures.push(outcome.reason);
      else absent.push({ row, reason: `it did not open: ${firstLines(outcome.reason)}` });
    } else if ('reason' in outcome.value) absent.push({ row, reason: outcome.value.reason });
    else standing.push({ subject, opened: outcome.value });
  }
  const close = async (): Promise<void> => {
    await Promise.all(standing.map(({ opened }) => opened.close()));
  };
  if (failures.length > 0) {
    await close();
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'several subjects did not open');
  }
  const expected = Buffer.from(referenceAnswer(workload, input));
  const rows = standing.map(({ subject }) => subject);
  const contestants = standing.map(({ subject, opened }): Contestant => {
    const { row, note } = subject;
    return {
      row,
      note,
      targets: targetsOf(subject, rows),
      async answer() {
        const answer = await opened.answer();
        if (!expected.equals(answer)) throw new Error(`'${row}' does not answer what the reference says`);
        return answer;
      },
      round: opened.round,
    };
  });
  return { contestants, absent, close };
}

/** Asked here and not where it opens: here is known why it could not be installed. */
function absenceIn({ peer }: Subject): Refusal | undefined {
  return peer === undefined || peerVersion(peer) !== undefined ? undefined : { reason: absenceOf(peer) };
}

/** Enough of an error to know it by, on one line: of a trace the line that names it. */
function firstLines(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).trim();
  const [named] = /^\w*Error\b.*$/m.exec(text) ?? [];
  return (named ?? text.split('\n').slice(0, 3).join(' ')).slice(0, REASON_MAX_CHARACTERS);
}
