/**
 * What somebody would try who had broken out of a guest, in the place of an executor in a process. The operation of a call
 * names the attempt; the answer is its result as text, or the code of the error that it met.
 */

import { spawn } from 'node:child_process';
import { lookup } from 'node:dns';
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:inspector';
import { connect } from 'node:net';
import { WASI } from 'node:wasi';
import { Worker } from 'node:worker_threads';
import { providedLink } from '../../host/executor/link.ts';
import { DONE, FRAME_BYTES, RUN, writeFrame } from '../../host/executor/protocol.ts';

const link = providedLink();
if (!link) throw new Error('runs in a process only');
const { requests, answers } = link;

const heap: unknown[] = [];

const attempts: Record<string, () => unknown> = {
  'read a file': () => readFileSync('/etc/hostname'),
  'read the environment of the host': () => readFileSync(`/proc/${process.ppid}/environ`),
  'read its own sources': () => readFileSync(new URL(import.meta.url)).length > 0,
  'write a file': () => writeFileSync('/tmp/hotcell-written', ''),
  'overwrite its sources': () => writeFileSync(new URL(import.meta.url), ''),
  'connect to a server': () =>
    new Promise((_, reject) => {
      connect(1, '127.0.0.1').on('error', reject);
    }),
  'resolve a name': () =>
    new Promise((resolve, reject) => {
      lookup('localhost', (error) => (error ? reject(error) : resolve('resolved')));
    }),
  'start a process': () =>
    new Promise((resolve, reject) => {
      spawn('/bin/true').on('error', reject).on('exit', resolve);
    }),
  'start a thread': () => new Worker('', { eval: true }),
  'make a WASI': () => new WASI({ version: 'preview1' }),
  'open the inspector': () => open(0),
  'load an addon': () => process.dlopen({ exports: {} }, '/lib/nothing.node'),
  'make code of a string': () => Function('return 1')(),
  'see the environment': () => JSON.stringify(process.env),
  'see a prototype by name': () => String(Reflect.get({}, '__proto__')),
  'signal the host': () => process.kill(process.ppid, 0),
  abort: () => process.abort(),
  'exhaust its heap': () => {
    for (;;) heap.push(new Array(100_000).fill(heap.length + 0.5));
  },
};

function answer(sequence: number, text: string): void {
  const bytes = Buffer.from(text);
  const offset = answers.reserve(FRAME_BYTES + bytes.length);
  answers.u8.set(bytes, offset + FRAME_BYTES);
  writeFrame(answers, offset, DONE, sequence, 0, 0, bytes.length, 0, 0, 0, 0);
  answers.commit();
  if (answers.wakeNeeded()) link?.wakeHost();
}

async function obey(operation: string, sequence: number): Promise<void> {
  requests.begin(sequence, 0);
  try {
    answer(sequence, String(await attempts[operation]?.()));
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    answer(sequence, code ?? name);
  }
}

function drain(): void {
  do {
    for (let offset = requests.next(); offset >= 0; offset = requests.next()) {
      const word = offset >> 2;
      const at = offset + FRAME_BYTES;
      const sequence = requests.i32[word + 2] as number;
      requests.take(sequence);
      if (requests.i32[word + 1] === RUN) {
        const bytes = requests.u8.slice(at, at + (requests.i32[word + 5] as number));
        void obey(Buffer.from(bytes).toString(), sequence);
      }
      requests.release(offset);
    }
  } while (!requests.sleep());
}

link.onWake(drain);
link.wakeHost();
drain();
