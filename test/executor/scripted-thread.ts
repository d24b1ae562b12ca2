/**
 * A thread in the place of the real one that does what the operation of each call says: dies in the middle, or writes
 * answers that cannot be read. It never wakes the host, so that answers are found only when the host looks by itself.
 */

import { providedLink } from '../../host/executor/link.ts';
import { BULK, DONE, FAILURE, FRAME_BYTES, RUN, writeFrame } from '../../host/executor/protocol.ts';
import { openThreadSide } from '../../host/executor/thread-side.ts';

const link = providedLink() ?? openThreadSide();
const { requests, answers } = link;

function answer(kind: number, sequence: number, flags: number, a: number, b: number): void {
  writeFrame(answers, answers.reserve(FRAME_BYTES), kind, sequence, 0, flags, a, b, 0, 0, 0);
  answers.commit();
}

function obey(operation: string, sequence: number): void {
  requests.take(sequence);
  if (operation === 'skip') return;
  requests.begin(sequence, 0);
  if (operation === 'answer') answer(DONE, sequence, 0, 0, 0);
  else if (operation === 'unknown-kind') answer(99, sequence, 0, 0, 0);
  else if (operation === 'unknown-failure') answer(FAILURE, sequence, 0, 0, 99);
  else if (operation === 'missing-bytes') answer(DONE, sequence, BULK, 8, 0);
  else if (operation === 'exit') process.exit(0);
  else throw new Error('died as told');
}

function drain(): void {
  for (let offset = requests.next(); offset >= 0; offset = requests.next()) {
    const word = offset >> 2;
    const at = offset + FRAME_BYTES;
    if (requests.i32[word + 1] === RUN) {
      const bytes = requests.u8.slice(at, at + (requests.i32[word + 5] as number));
      obey(Buffer.from(bytes).toString(), requests.i32[word + 2] as number);
    }
    requests.release(offset);
  }
  requests.sleep();
}

link.onWake(drain);
link.wakeHost();
drain();
