/** The profiler on real threads: it finds who worked, in the thread where it worked. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from 'vitest';
import { readCallTree, topBySelf } from '../../../../bench/suite/profile/call-tree.ts';
import {
  connectHere,
  createMessageLink,
  type InspectorLink,
} from '../../../../bench/suite/profile/inspector-link.ts';
import { profileThreads } from '../../../../bench/suite/profile/profiler.ts';

let worker: Worker | undefined;
let link: InspectorLink | undefined;
afterEach(async () => {
  link?.close();
  await worker?.terminate();
});

/** A thread that computes when it is asked to, and says when it has. */
const BUSY = `
  const { parentPort } = require('node:worker_threads');
  function digest(turns) {
    let x = 1;
    for (let turn = 0; turn < turns; turn++) x = Math.imul(x ^ turn, 0x9e3779b9) >>> 0;
    return x;
  }
  parentPort.on('message', (turns) => parentPort.postMessage(digest(turns)));
  parentPort.postMessage('ready');`;

test('each thread has a profile of its own, with the function that worked in it', async () => {
  worker = new Worker(BUSY, { eval: true });
  await once(worker, 'message');
  link = connectHere();
  const busy = worker;
  const profiles = await profileThreads(link, async () => {
    busy.postMessage(200_000_000);
    await once(busy, 'message');
  });
  const working = profiles.filter(({ profile }) =>
    topBySelf(readCallTree(profile), 3).some(({ name }) => name.startsWith('digest')),
  );
  expect(working.map(({ thread }) => thread)).toEqual([expect.stringMatching(/^thread \d+$/)]);
  expect(profiles.some(({ thread }) => thread === 'main')).toBe(true);
});

test('what a round throws ends the profiling, and comes through', async () => {
  link = connectHere();
  await expect(
    profileThreads(link, async () => {
      throw new Error('the round broke');
    }),
  ).rejects.toThrow('the round broke');
});

test('answers are told apart by their numbers, errors are errors, and nobody waits for a thread that is gone', async () => {
  const sent: { id: number; method: string }[] = [];
  const messages = createMessageLink((text) => sent.push(JSON.parse(text)));
  const heard: unknown[] = [];
  messages.on('Some.notice', (params) => heard.push(params));
  const first = messages.post('A.first');
  const second = messages.post('A.second');
  const third = messages.post('A.third');
  messages.receive(JSON.stringify({ id: sent[1]?.id, result: 2 }));
  messages.receive(JSON.stringify({ method: 'Some.notice', params: { x: 1 } }));
  messages.receive(JSON.stringify({ id: sent[0]?.id, error: { message: 'no such thing' } }));
  await expect(second).resolves.toBe(2);
  await expect(first).rejects.toThrow('no such thing');
  messages.end();
  await expect(third).rejects.toThrow('gone');
  await expect(messages.post('A.fourth')).rejects.toThrow('gone');
  expect(heard).toEqual([{ x: 1 }]);
});
