/**
 * The process of one subject, started by subject-client.ts: opens it for one workload and one way, and times whole rounds
 * itself, so that no message between processes lies in a sample.
 *
 *   node subject-process.ts <subject> <workload> <way>      with an IPC channel
 */

import { collectGarbage, timeBatches } from '../harness.ts';
import type { Standing, Way, Workload } from './subject.ts';
import { findSubject } from './subjects.ts';

export type Question =
  | { readonly kind: 'answer'; readonly input: Uint8Array }
  | { readonly kind: 'round'; readonly input: Uint8Array; readonly count: number }
  | { readonly kind: 'close' };

export type Report =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answered'; readonly bytes: Uint8Array }
  /** Milliseconds a call; each sample is the mean of `batch` calls. */
  | { readonly kind: 'timed'; readonly samples: Float64Array; readonly batch: number }
  | { readonly kind: 'failed'; readonly message: string };

/** Below it a call is too short for the clock, and samples are means of batches about as long. */
const SAMPLE_MIN_MS = 0.02;
/** Time in which the length of a call is guessed. */
const PROBE_MS = 5;
/** A batch hides what happens within it: none is longer than this. */
const BATCH_MAX = 256;

/** A subject of tens of milliseconds a call does not hold up the others. */
const ROUND_MAX_MS = 800;
const ROUND_MIN_COUNT = 5;

let batch: number | undefined;

/** Decided once, so that all rounds have the same meaning. A call that is waited for is never one of a batch. */
async function batchOf(standing: Standing, input: Uint8Array): Promise<number> {
  const first = standing.call(input);
  if (first instanceof Promise) {
    await first;
    return 1;
  }
  const startMs = performance.now();
  let calls = 0;
  let spentMs = 0;
  while (spentMs < PROBE_MS) {
    standing.call(input);
    calls++;
    spentMs = performance.now() - startMs;
  }
  return Math.min(BATCH_MAX, Math.max(1, Math.ceil((SAMPLE_MIN_MS * calls) / spentMs)));
}

/** Milliseconds of so many calls; of fewer where they are dear. */
async function timeCalls(standing: Standing, input: Uint8Array, count: number): Promise<Float64Array> {
  const samples = new Float64Array(count);
  const untilMs = performance.now() + ROUND_MAX_MS;
  let done = 0;
  while (done < count && (done < ROUND_MIN_COUNT || performance.now() < untilMs)) {
    const startMs = performance.now();
    const answer = standing.call(input);
    if (answer instanceof Promise) await answer;
    samples[done++] = performance.now() - startMs;
  }
  return samples.slice(0, done);
}

async function answer(standing: Standing, question: Question): Promise<Report> {
  if (question.kind === 'answer') {
    return { kind: 'answered', bytes: Uint8Array.from(await standing.call(question.input)) };
  }
  if (question.kind === 'close') throw new Error('closing is no question to a subject');
  const { input, count } = question;
  batch ??= await batchOf(standing, input);
  await collectGarbage();
  const samples =
    batch === 1
      ? await timeCalls(standing, input, count)
      : timeBatches(count, batch, () => standing.call(input));
  return { kind: 'timed', samples, batch };
}

const messageOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? '') : String(error));

async function main(): Promise<void> {
  const [name = '', workload, way] = process.argv.slice(2);
  const report = (message: Report): void => {
    process.send?.(message);
  };
  const standing = await findSubject(name).open?.(workload as Workload, way as Way);
  if (standing === undefined) throw new Error(`${name} has no calls within a process`);
  if ('reason' in standing) {
    report({ kind: 'refused', reason: standing.reason });
    process.disconnect?.();
    return;
  }
  process.on('message', (question: Question) => {
    if (question.kind === 'close') {
      Promise.resolve(standing.close()).then(
        () => process.exit(0),
        (error) => {
          console.error(error);
          process.exit(1);
        },
      );
      return;
    }
    answer(standing, question).then(report, (error) => report({ kind: 'failed', message: messageOf(error) }));
  });
  // Who started it is gone: nobody will ask again.
  process.on('disconnect', () => process.exit(0));
  // A terminal's Ctrl-C is for who started it, which ends this process when the round is over.
  process.on('SIGINT', () => {});
  report({ kind: 'ready' });
}

await main();
