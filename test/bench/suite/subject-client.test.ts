/** The process of a subject as its client sees it: answers, rounds, refusals, and every way in which it can die. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inputOf, referenceAnswer } from '../../../bench/suite/guests/work.ts';
import { type SubjectClient, startSubject } from '../../../bench/suite/subject-client.ts';
import { plainSubject } from '../../../bench/suite/subjects/plain.ts';

const SUBJECT = { name: 'guest', row: 'A guest' };
const INPUT = Uint8Array.of(1, 2, 3);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotcell-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function start(program: string): ReturnType<typeof startSubject> {
  const entry = join(folder, 'entry.mjs');
  await writeFile(entry, program);
  return startSubject(SUBJECT, 'echo-64B', 'warm', entry);
}

async function standing(program: string): Promise<SubjectClient> {
  const client = await start(program);
  if ('reason' in client) throw new Error(client.reason);
  return client;
}

describe('a process that dies', () => {
  test('before it is ready is an error with what it said', async () => {
    await expect(start("throw new Error('the engine is missing');")).rejects.toThrow(
      /'A guest' ended with exit code 1:.*the engine is missing/s,
    );
  });

  test('while it is asked is an error of the question', async () => {
    const client = await standing(`
      process.on('message', () => { console.error('out of luck'); process.exit(7); });
      process.send({ kind: 'ready' });`);
    await expect(client.round(INPUT, 1)).rejects.toThrow(/exit code 7:.*out of luck/s);
  });

  test('by a signal is named by it', async () => {
    const client = await standing(`
      process.on('message', () => process.kill(process.pid, 'SIGKILL'));
      process.send({ kind: 'ready' });`);
    await expect(client.answer(INPUT)).rejects.toThrow('SIGKILL');
  });

  test('is an error of every later question, and closing it is none', async () => {
    const client = await standing(`
      process.on('message', () => process.exit(7));
      process.send({ kind: 'ready' });`);
    await expect(client.answer(INPUT)).rejects.toThrow('exit code 7');
    await expect(client.answer(INPUT)).rejects.toThrow('exit code 7');
    await client.close();
  });
});

test('a refusal is none of these: it has its reason', async () => {
  const refused = await start(
    "process.send({ kind: 'refused', reason: 'no such engine' }); process.disconnect();",
  );
  expect(refused).toEqual({ reason: 'no such engine' });
});

test('a call that fails is an error with the row and the reason, and the process lives on', async () => {
  const client = await standing(`
    let count = 0;
    process.on('message', ({ kind, input }) => {
      if (kind === 'close') process.exit(0);
      process.send(count++ === 0 ? { kind: 'failed', message: 'trap' } : { kind: 'answered', bytes: input });
    });
    process.send({ kind: 'ready' });`);
  await expect(client.answer(INPUT)).rejects.toThrow('A guest: trap');
  expect([...(await client.answer(INPUT))]).toEqual([...INPUT]);
  await client.close();
});

test('an answer to another question is not taken for one', async () => {
  const client = await standing(`
    process.on('message', ({ kind }) => {
      if (kind === 'close') process.exit(0);
      process.send({ kind: 'ready' });
    });
    process.send({ kind: 'ready' });`);
  await expect(client.answer(INPUT)).rejects.toThrow("reports 'ready'");
  await expect(client.round(INPUT, 1)).rejects.toThrow("reports 'ready'");
  await client.close();
});

test.each([
  ['warm', 'echo-64B'],
  ['cold', 'transform-4KiB'],
  ['warm', 'cpu-1ms'],
] as const)('plain WebAssembly, %s, answers %s and times rounds', async (way, workload) => {
  const client = await startSubject(plainSubject, workload, way);
  if ('reason' in client) throw new Error(client.reason);
  const input = inputOf(workload);
  expect([...(await client.answer(input))]).toEqual([...referenceAnswer(workload, input)]);
  expect(client.batch).toBeUndefined();
  const { samples } = await client.round(input, 12);
  expect(samples).toHaveLength(12);
  expect(Array.from(samples ?? []).every((ms) => ms > 0)).toBe(true);
  const { batch } = client;
  await client.round(input, 3);
  // All rounds have the same meaning.
  expect(client.batch).toBe(batch);
  await client.close();
});

test('what a subject cannot do its process refuses with a reason', async () => {
  const refused = await startSubject(plainSubject, 'javascript-64B', 'warm');
  expect(refused).toEqual({ reason: expect.stringContaining('no core module') });
});
