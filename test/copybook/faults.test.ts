/** When something breaks in the middle of a stream, nothing is lost, nothing is doubled, and nothing stays behind. */

import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createCopybook } from '../../host/copybook/copybook.ts';
import type { CopybookOptions } from '../../host/copybook/face.ts';
import { type ErrorCode, HostError } from '../../host/errors.ts';
import {
  createFakeCells,
  drain,
  fixedRecords,
  lines,
  range,
  sourceOf,
  variableRecords,
} from './fake-cells.ts';

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

function scene(options: Partial<CopybookOptions> = {}) {
  const cells = createFakeCells();
  const clock = createFakeClock();
  const given = { host: cells.host, copybook: 'FIXED', pieceBytes: 64, clock, ...options };
  const copybook = createCopybook(given);
  return { cells, copybook, clock };
}

describe('a cell dies in the middle of a file', () => {
  test.each(['EXECUTOR_TRAP', 'EXECUTOR_DIED', 'EXECUTOR_DEADLINE', 'EXECUTOR_STACK_OVERFLOW'] as const)(
    '%s at every third call: every row is there once, in order',
    async (code) => {
      for (const name of ['FIXED', 'VARIABLE']) {
        const { cells, copybook } = scene({ copybook: name });
        const calls = new Map<Uint8Array, number>();
        cells.fail = (call, index) => {
          const times = (calls.get(call.payload) ?? 0) + 1;
          calls.set(call.payload, times);
          return index % 3 === 1 && times === 1 ? new HostError(code, 'gone') : undefined;
        };
        const values = range(255).slice(1);
        const bytes = name === 'FIXED' ? fixedRecords(values) : variableRecords(values);
        const { text, error } = await drain(copybook.decode(sourceOf(bytes).source));
        expect([text, error]).toEqual([lines(values), undefined]);
        expect(copybook.snapshot().repeatCount).toBeGreaterThan(3);
      }
    },
  );

  test('a piece that kills every cell ends the stream after six, and the pieces before it were given out', async () => {
    const { cells, copybook } = scene();
    let deaths = 0;
    cells.fail = ({ payload }) => {
      // Only the record 100 has this number.
      if (!Buffer.from(payload).includes(Buffer.from([0, 0, 0, 100]))) return undefined;
      deaths += 3;
      return new HostError('EXECUTOR_TRAP', 'unreachable');
    };
    const { text, error } = await drain(copybook.decode(sourceOf(fixedRecords(range(200))).source));
    expect(text).toBe(lines(range(96)));
    expect(error).toMatchObject({ code: 'EXECUTOR_TRAP' });
    expect(deaths).toBe(6);
  });

  test('while encoding: every record is there once, in order', async () => {
    const { cells, copybook } = scene();
    const seen = new Set<Uint8Array>();
    cells.fail = ({ payload }) => {
      if (seen.has(payload)) return undefined;
      seen.add(payload);
      return new HostError('EXECUTOR_DIED', 'gone');
    };
    const { bytes } = await drain(copybook.encode(sourceOf(Buffer.from(lines(range(300)))).source));
    expect(bytes).toEqual(fixedRecords(range(300)));
  });
});

describe('there is no cell', () => {
  test.each(['POOL_TENANT_SHARE', 'POOL_FULL', 'POOL_TIMEOUT', 'POOL_BREAKER_OPEN'] as const)(
    '%s for a while: the stream waits, and is whole',
    async (code) => {
      const { cells, copybook, clock } = scene();
      const untilMs = clock.now() + 5_000;
      cells.fail = ({ operation }) =>
        operation === 'decode' && clock.now() < untilMs ? new HostError(code, 'full') : undefined;
      const result = drain(copybook.decode(sourceOf(fixedRecords(range(200))).source));
      await clock.advance(10_000);
      expect((await result).text).toBe(lines(range(200)));
    },
  );

  test('for too long: the refusal comes', async () => {
    const { cells, copybook, clock } = scene();
    cells.fail = () => new HostError('POOL_FULL', 'full');
    const result = drain(copybook.decode([fixedRecords([1])]));
    await clock.advance(20_000);
    expect((await result).error).toMatchObject({ code: 'POOL_FULL' });
  });

  test('and the host says what no wait can help: at once', async () => {
    for (const code of ['HOST_CLOSED', 'REGISTRY_NOT_FOUND', 'POOL_NEVER_FITS'] satisfies ErrorCode[]) {
      const { cells, copybook } = scene();
      cells.fail = () => new HostError(code, 'no');
      expect((await drain(copybook.decode([fixedRecords([1])]))).error).toMatchObject({ code });
    }
  });

  test('no adapter at all is said when the codec is made', () => {
    const { host } = createFakeCells();
    const without = {
      ...host,
      adapter: () => {
        throw new HostError('REGISTRY_NOT_FOUND', 'there is none');
      },
    };
    expect(() => createCopybook({ host: without, copybook: 'FIXED' })).toThrow('REGISTRY_NOT_FOUND');
  });
});

test('the source breaks: rows before it were given out, then its own error comes', async () => {
  const { copybook } = scene();
  const broken = new Error('the network is gone');
  async function* source() {
    yield fixedRecords(range(40));
    throw broken;
  }
  const { text, error } = await drain(copybook.decode(source()));
  expect(error).toBe(broken);
  expect(text).toBe(lines(range(32)));
  expect(copybook.snapshot().activeStreamCount).toBe(0);
});

describe('who leaves', () => {
  test('a reader that cancels: the source is told, and no call is begun any more', async () => {
    const { cells, copybook } = scene();
    const { source, counts } = sourceOf(fixedRecords(range(10_000)), 64);
    const reader = copybook.decode(source).getReader();
    await reader.read();
    await reader.cancel();
    await settle();
    const calls = cells.calls.length;
    await settle();
    expect(cells.calls.length).toBe(calls);
    expect(counts.left).toBe(1);
    expect(copybook.snapshot()).toMatchObject({ activeStreamCount: 0, runningCallCount: 0 });
    expect(copybook.snapshot().operations.decode).toMatchObject({ count: 1, errorCount: 0 });
  });

  test('a reader that cancels while its source is silent and its calls hang leaves nothing', async () => {
    const { cells, copybook } = scene({ callsMax: 1 });
    const hang = Promise.withResolvers<void>();
    cells.gate = ({ operation }) => (operation === 'decode' ? hang.promise : Promise.resolve());
    async function* silent() {
      yield fixedRecords(range(100));
      await new Promise<never>(() => {});
    }
    const reader = copybook.decode(silent()).getReader();
    const read = reader.read();
    await settle();
    expect(copybook.snapshot()).toMatchObject({ runningCallCount: 1, waitingCallCount: 5 });
    await reader.cancel();
    expect(await read).toMatchObject({ done: true });
    expect(copybook.snapshot()).toMatchObject({ activeStreamCount: 0, waitingCallCount: 0 });
    hang.resolve();
    await settle();
    expect(copybook.snapshot().runningCallCount).toBe(0);
  });

  test('a signal ends the stream with its reason, before it began too', async () => {
    for (const isEarly of [true, false]) {
      const { copybook } = scene();
      const stop = new AbortController();
      const reason = new Error('enough');
      if (isEarly) stop.abort(reason);
      const { source, counts } = sourceOf(fixedRecords(range(10_000)), 64);
      const reader = copybook.decode(source, { signal: stop.signal }).getReader();
      if (!isEarly) {
        await reader.read();
        stop.abort(reason);
      }
      await expect(reader.read()).rejects.toBe(reason);
      await settle();
      expect(counts.left).toBe(isEarly ? 0 : 1);
      expect(copybook.snapshot().activeStreamCount).toBe(0);
    }
  });

  test('a codec that is closed: its streams end with COPYBOOK_CLOSED, and nothing new begins', async () => {
    const { copybook } = scene();
    const reader = copybook.decode(sourceOf(fixedRecords(range(10_000))).source).getReader();
    await reader.read();
    await copybook.close();
    await expect(reader.read()).rejects.toMatchObject({ code: 'COPYBOOK_CLOSED' });
    await expect(copybook.layout()).rejects.toMatchObject({ code: 'COPYBOOK_CLOSED' });
    await expect(copybook.detect(new Uint8Array(4))).rejects.toMatchObject({ code: 'COPYBOOK_CLOSED' });
    expect(() => copybook.encode([])).toThrow('COPYBOOK_CLOSED');
  });
});

test('a slow reader: the source is read no further than the pieces that may be in flight', async () => {
  for (const copybookName of ['FIXED', 'VARIABLE']) {
    const { cells, copybook } = scene({ copybook: copybookName, piecesMax: 4, pieceBytes: 1024 });
    const bytes =
      copybookName === 'FIXED'
        ? fixedRecords(range(100_000))
        : variableRecords(Array.from({ length: 4_000 }, () => 100));
    const { source, counts } = sourceOf(bytes, 512);
    const reader = copybook.decode(source).getReader();
    await reader.read();
    await settle();
    const { given } = counts;
    // Four pieces, one being read, and what is looked through to find their ends.
    expect(given).toBeLessThan(1024 * (copybookName === 'FIXED' ? 7 : 12));
    const calls = cells.calls.length;
    await settle();
    expect([counts.given, cells.calls.length]).toEqual([given, calls]);
    await reader.cancel();
  }
});

test('nothing is read before somebody reads', async () => {
  const { cells, copybook } = scene();
  const { source, counts } = sourceOf(fixedRecords(range(100)));
  const stream = copybook.decode(source);
  await settle();
  expect([counts.given, cells.calls.length]).toEqual([0, 0]);
  await stream.cancel();
});

describe('a cell that answers something else', () => {
  const u32 = (index: number, value: number) => (bytes: Uint8Array) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(value, 4 * index);
    return copy;
  };
  test.each<[string, string, (bytes: Uint8Array) => Uint8Array]>([
    ['nothing', 'decode', () => new Uint8Array()],
    ['half of a beginning', 'decode', (bytes) => bytes.subarray(0, 23)],
    ['more consumed than there was', 'decode', u32(0, 1_000_000)],
    ['that nothing was consumed', 'decode', u32(0, 0)],
    ['a status that is none', 'decode', u32(2, 2)],
    ['a problem without a text', 'decode', u32(2, 1)],
    ['a text without a problem', 'decode', u32(3, 4)],
    ['a problem longer than all', 'decode', u32(3, 1_000_000)],
    ['a problem that is not JSON', 'decode', (bytes) => u32(3, 3)(u32(2, 1)(bytes))],
    ['no layout', 'layout', () => Buffer.from('[]')],
    ['a layout that is not JSON', 'layout', () => Buffer.from('{')],
    ['cuts that are too few', 'cut', u32(0, 3)],
    ['cuts backwards', 'cut', u32(2, 0)],
    ['cuts beyond the end', 'cut', u32(2, 1_000_000)],
  ])('%s: that is EXECUTOR_BAD_RESULT', async (_what, operation, twist) => {
    const { cells, copybook } = scene({ copybook: operation === 'cut' ? 'VARIABLE' : 'FIXED' });
    cells.twist = (of, bytes) => (of === operation ? twist(bytes) : bytes);
    const bytes = operation === 'cut' ? variableRecords([3, 4]) : fixedRecords(range(5));
    const { error } = await drain(copybook.decode([bytes]));
    expect(error).toMatchObject({ code: 'EXECUTOR_BAD_RESULT' });
  });

  test.each(['no JSON', '{}', '{"code":"SYNTAX"}', '{"code":"PAYLOAD","message":"x"}', 'null'])(
    'a refusal %s: that is EXECUTOR_BAD_RESULT',
    async (detail) => {
      const { cells, copybook } = scene();
      cells.fail = () => new HostError('ADAPTER_BAD_INPUT', detail);
      await expect(copybook.layout()).rejects.toMatchObject({ code: 'EXECUTOR_BAD_RESULT' });
    },
  );
});
