/** Guests give the thread away at the end of a slice and while they wait for the host; what ends meanwhile ends alone. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it } from 'vitest';
import type { Caller, Services } from '../../host/capability-types.ts';
import type { GuestLogEvent } from '../../host/channels.ts';
import { ServiceFailure } from '../../host/service-failure.ts';
import type { RunRequest, RunResult } from '../../host/types.ts';
import { askingImage, askingText } from './asking-guest.ts';
import { call, endOf, meteredImage, type Stage, startStage } from './stage.ts';

/** A busy machine must not look like a thread that does not stop. */
const KILL_NEVER_MS = 60_000;

interface Question {
  readonly caller: Caller;
  readonly method: string;
  readonly argument: unknown;
  readonly answer: (value: unknown) => void;
  readonly refuse: (error: Error) => void;
}

/** Services that answer when the test does. */
function createServices() {
  const questions: Question[] = [];
  let onQuestion: (() => void) | undefined;
  let ended = 0;
  const services: Services = {
    open: (caller) => ({
      call: (method, argument) =>
        new Promise((answer, refuse) => {
          questions.push({ caller, method, argument, answer, refuse });
          onQuestion?.();
        }),
      end: () => void ended++,
    }),
  };
  return {
    services,
    questions,
    get ended() {
      return ended;
    },
    /** The next question, when it has come. */
    async next(): Promise<Question> {
      while (questions.length === 0)
        await new Promise<void>((resolve) => {
          onQuestion = resolve;
        });
      return questions.shift() as Question;
    },
  };
}

let stage: Stage | undefined;
afterEach(() => stage?.executor.stop());

const utf8 = new TextEncoder();
const asked = (operation: string, text: string, forMs?: number): RunRequest => ({
  ...call(operation, utf8.encode(text), forMs),
  caller: { adapter: 'asking', tenant: 'ada', requestId: 'r1', traceparent: undefined, grants: {} },
});
const textOf = (result: RunResult): string =>
  result.kind === 'ok' ? new TextDecoder().decode(result.bytes) : endOf(result);

async function begin(core?: string) {
  const desk = createServices();
  const opened = startStage({ killGraceMs: KILL_NEVER_MS, services: desk.services });
  stage = opened;
  const { executor } = opened;
  const image = await askingImage(core);
  executor.load(image);
  const cellOf = async (): Promise<number> => (await executor.createCell(image.id)).id;
  return { desk, executor, ends: opened.ends, cellOf };
}

describe('a guest whose slice is used', () => {
  it('lets the others of its thread be served before it ends', async () => {
    stage = startStage({ killGraceMs: KILL_NEVER_MS });
    const { executor, ends } = stage;
    const image = await meteredImage();
    executor.load(image);
    const ids = await Promise.all([1, 2, 3].map(async () => (await executor.createCell(image.id)).id));
    const [looping, spinning, short] = ids as [number, number, number];
    const order: string[] = [];
    const note = async (name: string, run: Promise<RunResult>): Promise<RunResult> => {
      const result = await run;
      order.push(name);
      return result;
    };
    const loops = note('loop', executor.run(looping, call('loop', new Uint8Array(0), 2_000)));
    const spins = note('spin', executor.run(spinning, call('spin')));
    for (let turn = 0; turn < 5; turn++)
      expect(endOf(await note('short', executor.run(short, call('echo'))))).toBe('ok');
    expect(order).toEqual(['short', 'short', 'short', 'short', 'short']);
    expect(endOf(await spins)).toBe('ok');
    expect(endOf(await loops)).toBe('EXECUTOR_DEADLINE');
    expect(ends).toEqual([]);
  });

  it('uses the same fuel as one that is alone', async () => {
    stage = startStage({ killGraceMs: KILL_NEVER_MS });
    const { executor } = stage;
    const image = await meteredImage();
    executor.load(image);
    const spin = async (): Promise<RunResult> =>
      executor.run((await executor.createCell(image.id)).id, call('spin'));
    const alone = await spin();
    const together = await Promise.all([spin(), spin(), spin()]);
    const fuelOf = (result: RunResult) => (result.kind === 'ok' ? result.fuel : undefined);
    expect(fuelOf(alone)).toBeGreaterThan(0);
    expect(together.map(fuelOf)).toEqual([alone, alone, alone].map(fuelOf));
  });
});

describe('a guest that waits for the host', () => {
  it('gets the answer, and others of its thread are served meanwhile', async () => {
    const { desk, executor, cellOf } = await begin();
    const [waiting, other] = [await cellOf(), await cellOf()];
    const run = executor.run(waiting, asked('get', 'colour'));
    const question = await desk.next();
    expect(question).toMatchObject({ method: 'kv.get', argument: { key: 'colour' } });
    expect(question.caller).toMatchObject({ adapter: 'asking', tenant: 'ada', requestId: 'r1' });
    for (let turn = 0; turn < 3; turn++)
      expect(textOf(await executor.run(other, asked('echo', `${turn}`)))).toBe(`${turn}`);
    question.answer({ value: utf8.encode('red') });
    expect(textOf(await run)).toBe('red');
    expect(desk.ended).toBe(1);
  });

  it('is suspended as often as it asks, beside many that do the same', async () => {
    const { desk, executor, cellOf } = await begin();
    const ids = await Promise.all(Array.from({ length: 20 }, cellOf));
    const runs = ids.map((id, index) => executor.run(id, asked('wait', `key ${index}`)));
    for (let count = 0; count < 20 * 50; count++) {
      const { argument, answer } = await desk.next();
      answer({ value: utf8.encode((argument as { key: string }).key) });
    }
    const results = await Promise.all(runs);
    expect(results.map(textOf)).toEqual(ids.map((_, index) => `key ${index}`));
  });

  it('is told what it may know of a failure', async () => {
    const { desk, executor, cellOf } = await begin();
    const run = executor.run(await cellOf(), asked('get', 'k'));
    (await desk.next()).refuse(new ServiceFailure('unavailable', 'the store is away'));
    expect(await run).toMatchObject({ kind: 'failure', failure: 'internal', message: 'the store is away' });
  });

  it('ends when the host itself fails, and is told nothing', async () => {
    const { desk, executor, cellOf } = await begin();
    const run = executor.run(await cellOf(), asked('get', 'k'));
    (await desk.next()).refuse(new Error('a secret of the host'));
    const result = await run;
    expect(endOf(result)).toBe('EXECUTOR_IMPORT_FAILED');
    expect(JSON.stringify(result)).not.toContain('a secret of the host');
  });

  it('past its deadline ends there, alone, and an answer that comes later changes nothing', async () => {
    const { desk, executor, ends, cellOf } = await begin();
    const [waiting, other] = [await cellOf(), await cellOf()];
    const run = executor.run(waiting, asked('get', 'k', 100));
    const question = await desk.next();
    expect(endOf(await run)).toBe('EXECUTOR_DEADLINE');
    expect(desk.ended).toBe(1);
    question.answer({ value: utf8.encode('late') });
    expect(endOf(await executor.run(waiting, asked('echo', 'x')))).toMatch(/^not-begun/);
    expect(textOf(await executor.run(other, asked('echo', 'well')))).toBe('well');
    expect(ends).toEqual([]);
  });

  it('is given up when its cell is destroyed', async () => {
    const { desk, executor, cellOf } = await begin();
    const [waiting, other] = [await cellOf(), await cellOf()];
    void executor.run(waiting, asked('get', 'k'));
    await desk.next();
    executor.destroyCell(waiting);
    expect(textOf(await executor.run(other, asked('echo', 'well')))).toBe('well');
  });
});

describe('an import that waits', () => {
  const GET = '(call $get (i32.const 0) (i32.const 1) (i32.const 32))';

  it('traps in a start function', async () => {
    const { cellOf } = await begin(askingText(`(func $begin ${GET}) (start $begin)`));
    await expect(cellOf()).rejects.toMatchObject({ code: 'POOL_CREATE_FAILED' });
  });

  it('traps past every handler of exceptions', async () => {
    const { desk, executor, cellOf } = await begin(
      askingText('', `(block $caught (try_table (catch_all $caught) ${GET}))`),
    );
    const run = executor.run(await cellOf(), asked('echo', 'x'));
    (await desk.next()).refuse(new Error('of the host'));
    expect(endOf(await run)).toBe('EXECUTOR_IMPORT_FAILED');
  });
});

describe('what a guest logs', () => {
  const lines: GuestLogEvent[] = [];
  const listen = (event: unknown): number => lines.push(event as GuestLogEvent);
  afterEach(() => unsubscribe('hotcell:guest-log', listen));

  it('comes with its caller, in order, and what is too much is counted', async () => {
    subscribe('hotcell:guest-log', listen);
    const { executor, cellOf } = await begin();
    const cell = await cellOf();
    await executor.run(cell, asked('log', 'hello'));
    await executor.run(cell, asked('log', 'é'.repeat(900)));
    await executor.run(cell, asked('log', 'again'));
    expect(lines[0]).toEqual({
      adapter: 'asking',
      tenant: 'ada',
      requestId: 'r1',
      level: 'info',
      message: 'hello',
    });
    expect(utf8.encode(lines[1]?.message).length).toBeLessThanOrEqual(1_000);
    expect(lines.at(-1)?.message).toBe('again');
  });
});
