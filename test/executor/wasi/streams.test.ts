import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuestTrap } from '../../../host/executor/imports.ts';
import { Signal } from '../../../host/executor/wasi/poll.ts';
import {
  createInputStream,
  createOutputStream,
  type Ending,
  IoError,
  WINDOW_BYTES,
} from '../../../host/executor/wasi/streams.ts';
import { createFakeCell, type FakeCell, text, toText } from './fake-cell.ts';

const IN = 'wasi:io/streams#[method]input-stream.';
const OUT = 'wasi:io/streams#[method]output-stream.';
const CLOSED = { tag: 'err', val: { tag: 'closed' } };

/** A source that is fed by hand: it has what was pushed, then waits, until it is ended. */
function fedSource() {
  const signal = new Signal();
  let buffer = new Uint8Array(0);
  let ending: Ending | undefined;
  return {
    signal,
    isClosed: false,
    ready: () => buffer.length > 0 || ending !== undefined,
    read(maxBytes: number): Uint8Array | Ending {
      if (buffer.length === 0 && ending !== undefined) return ending;
      const bytes = buffer.slice(0, maxBytes);
      buffer = buffer.slice(bytes.length);
      return bytes;
    },
    close() {
      this.isClosed = true;
    },
    push(bytes: Uint8Array) {
      buffer = Uint8Array.from([...buffer, ...bytes]);
      signal.announce();
    },
    end(how: Ending = 'closed') {
      ending = how;
      signal.announce();
    },
  };
}

/** A sink with room for `room` bytes, which is made by hand. */
function slowSink(room: number) {
  const signal = new Signal();
  let permit = room;
  let failure: Ending | undefined;
  return {
    signal,
    written: [] as number[],
    ready: () => permit > 0 || failure !== undefined,
    permit: () => failure ?? permit,
    write(bytes: Uint8Array): Ending | undefined {
      if (failure) return failure;
      if (bytes.length > permit) throw new Error('more was written than permitted');
      permit -= bytes.length;
      this.written.push(...bytes);
      return undefined;
    },
    flushed: () => permit === room,
    drain(bytes: number) {
      permit = Math.min(room, permit + bytes);
      signal.announce();
    },
    fail(how: Ending) {
      failure = how;
      signal.announce();
    },
  };
}

const failed = (message: string): IoError =>
  new IoError(message, { kind: 'file', code: 'insufficient-space' });

function stage() {
  const cell = createFakeCell();
  const source = fedSource();
  const sink = slowSink(10);
  const input = createInputStream(cell.context, source);
  const output = createOutputStream(cell.context, sink);
  return { cell, source, sink, input, output };
}

/** Lets what waits go on. */
const settle = (cell: FakeCell): Promise<void> => cell.clock.advance(0);

describe('an input stream', () => {
  it('gives what is there without waiting, and nothing when there is nothing', () => {
    const { cell, source, input } = stage();
    expect(cell.call(`${IN}read`, input, 5n)).toEqual({ tag: 'ok', val: new Uint8Array(0) });
    source.push(text('abcdef'));
    expect(toText(cell.call(`${IN}read`, input, 2n).val)).toBe('ab');
    expect(cell.call(`${IN}skip`, input, 3n)).toEqual({ tag: 'ok', val: 3n });
    expect(toText(cell.call(`${IN}blocking-read`, input, 2n ** 64n - 1n).val)).toBe('f');
  });

  it('suspends a blocking read until there is a byte or the end', async () => {
    const { cell, source, input } = stage();
    const reading = cell.call(`${IN}blocking-read`, input, 5n);
    source.push(text('x'));
    expect(toText((await reading).val)).toBe('x');
    const skipping = cell.call(`${IN}blocking-skip`, input, 5n);
    source.end();
    expect(await skipping).toEqual(CLOSED);
    expect(cell.call(`${IN}read`, input, 5n)).toEqual(CLOSED);
    expect(cell.call(`${IN}blocking-read`, input, 5n)).toEqual(CLOSED);
  });

  it('does not wait for no bytes', () => {
    const { cell, input } = stage();
    expect(cell.call(`${IN}blocking-read`, input, 0n)).toEqual({ tag: 'ok', val: new Uint8Array(0) });
  });

  it('tells a failure once and is closed then', () => {
    const { cell, source, input } = stage();
    source.end(failed('it broke'));
    const { val } = cell.call(`${IN}read`, input, 5n);
    expect(val.tag).toBe('last-operation-failed');
    expect(cell.call('wasi:io/error#[method]error.to-debug-string', val.val)).toBe('it broke');
    expect(cell.call('wasi:filesystem/types#filesystem-error-code', val.val)).toBe('insufficient-space');
    expect(cell.call('wasi:http/types#http-error-code', val.val)).toBeUndefined();
    expect(cell.call(`${IN}read`, input, 5n)).toEqual(CLOSED);
  });

  it('gives at most a window at once', () => {
    const { cell, source, input } = stage();
    source.push(new Uint8Array(WINDOW_BYTES + 1));
    expect(cell.call(`${IN}read`, input, 2n ** 40n).val).toHaveLength(WINDOW_BYTES);
  });

  it('closes its source when it is dropped, and is counted no more', () => {
    const { cell, source, input, output } = stage();
    cell.drop('wasi:io/streams#input-stream', input);
    cell.drop('wasi:io/streams#output-stream', output);
    expect(source.isClosed).toBe(true);
    expect(cell.heldBytes()).toBe(0);
  });
});

describe('an output stream', () => {
  it('permits what its sink has room for, and traps beyond that', () => {
    const { cell, sink, output } = stage();
    expect(() => cell.call(`${OUT}write`, output, text('a'))).toThrow(GuestTrap);
    expect(cell.call(`${OUT}check-write`, output)).toEqual({ tag: 'ok', val: 10n });
    expect(cell.call(`${OUT}write`, output, text('abcd'))).toEqual({ tag: 'ok' });
    expect(cell.call(`${OUT}write-zeroes`, output, 6n)).toEqual({ tag: 'ok' });
    expect(() => cell.call(`${OUT}write`, output, text('e'))).toThrow(GuestTrap);
    expect(() => cell.call(`${OUT}write-zeroes`, output, 2n ** 64n - 1n)).toThrow(GuestTrap);
    expect(sink.written).toEqual([...text('abcd'), 0, 0, 0, 0, 0, 0]);
  });

  it('suspends a blocking write until all of it is taken and flushed', async () => {
    const { cell, sink, output } = stage();
    let isDone = false;
    const writing = cell.call(`${OUT}blocking-write-and-flush`, output, text('0123456789abcdefghij!'));
    const done = writing.then((result: unknown) => {
      isDone = true;
      return result;
    });
    for (const bytes of [4, 6, 1, 9]) {
      sink.drain(bytes);
      await settle(cell);
      expect(isDone).toBe(false);
    }
    sink.drain(10);
    await settle(cell);
    sink.drain(10);
    expect(await done).toEqual({ tag: 'ok' });
    expect(toText(Uint8Array.from(sink.written))).toBe('0123456789abcdefghij!');
  });

  it('that takes all at once suspends nobody', () => {
    const cell = createFakeCell();
    const stdout = cell.call('wasi:cli/stdout#get-stdout');
    expect(cell.call(`${OUT}blocking-write-and-flush`, stdout, text('x'))).toEqual({ tag: 'ok' });
    expect(cell.call(`${OUT}blocking-write-zeroes-and-flush`, stdout, 5n)).toEqual({ tag: 'ok' });
    expect(cell.call(`${OUT}flush`, stdout)).toEqual({ tag: 'ok' });
    expect(cell.call(`${OUT}blocking-flush`, stdout)).toEqual({ tag: 'ok' });
  });

  it('tells a failure while it waits', async () => {
    const { cell, sink, output } = stage();
    const writing = cell.call(`${OUT}blocking-write-and-flush`, output, text('0123456789ab'));
    sink.fail(failed('full'));
    expect(await writing).toMatchObject({ tag: 'err', val: { tag: 'last-operation-failed' } });
    expect(cell.call(`${OUT}check-write`, output)).toEqual(CLOSED);
    expect(cell.call(`${OUT}flush`, output)).toEqual(CLOSED);
  });

  it('traps a write larger than a window before it is made', () => {
    const { cell, output } = stage();
    const bytes = new Uint8Array(WINDOW_BYTES + 1);
    expect(() => cell.call(`${OUT}blocking-write-and-flush`, output, bytes)).toThrow(GuestTrap);
    expect(() => cell.call(`${OUT}blocking-write-zeroes-and-flush`, output, 2n ** 64n - 1n)).toThrow(
      GuestTrap,
    );
  });

  it('can be waited for beside an input stream', async () => {
    const { cell, source, sink, input, output } = stage();
    cell.call(`${OUT}check-write`, output);
    cell.call(`${OUT}write`, output, text('0123456789'));
    const pollables = [cell.call(`${IN}subscribe`, input), cell.call(`${OUT}subscribe`, output)];
    const first = cell.call('wasi:io/poll#poll', pollables);
    sink.drain(1);
    expect(await first).toEqual([1]);
    source.push(text('x'));
    expect(cell.call('wasi:io/poll#poll', pollables)).toEqual([0, 1]);
  });
});

describe('splicing', () => {
  it('moves what is there and permitted', () => {
    const { cell, source, sink, input, output } = stage();
    expect(cell.call(`${OUT}splice`, output, input, 5n)).toEqual({ tag: 'ok', val: 0n });
    source.push(text('abcdefghijkl'));
    expect(cell.call(`${OUT}splice`, output, input, 3n)).toEqual({ tag: 'ok', val: 3n });
    expect(cell.call(`${OUT}splice`, output, input, 2n ** 64n - 1n)).toEqual({ tag: 'ok', val: 7n });
    expect(cell.call(`${OUT}splice`, output, input, 3n)).toEqual({ tag: 'ok', val: 0n });
    expect(toText(Uint8Array.from(sink.written))).toBe('abcdefghij');
  });

  it('waits for both sides when it may', async () => {
    const { cell, source, sink, input, output } = stage();
    cell.call(`${OUT}check-write`, output);
    cell.call(`${OUT}write`, output, text('0123456789'));
    const splicing = cell.call(`${OUT}blocking-splice`, output, input, 5n);
    source.push(text('xy'));
    await settle(cell);
    sink.drain(10);
    expect(await splicing).toEqual({ tag: 'ok', val: 2n });
    source.end();
    expect(cell.call(`${OUT}blocking-splice`, output, input, 5n)).toEqual(CLOSED);
  });
});

describe('bytes', () => {
  it('arrive in order and once, however reading, writing and feeding take turns', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('feed' as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constant('drain' as const), count: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constant('splice' as const), count: fc.nat(40) }),
      fc.record({ do: fc.constant('copy' as const), count: fc.nat(40) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { cell, source, sink, input, output } = stage();
        let fedCount = 0;
        for (const { do: what, count } of steps) {
          if (what === 'feed') source.push(Uint8Array.from({ length: count }, () => fedCount++ % 251));
          else if (what === 'drain') sink.drain(count);
          else if (what === 'splice') cell.call(`${OUT}splice`, output, input, BigInt(count));
          else {
            const permit: bigint = cell.call(`${OUT}check-write`, output).val;
            const wanted = permit < count ? permit : BigInt(count);
            cell.call(`${OUT}write`, output, cell.call(`${IN}read`, input, wanted).val);
          }
        }
        expect(sink.written).toEqual(Array.from({ length: sink.written.length }, (_, i) => i % 251));
        expect(sink.written.length).toBeLessThanOrEqual(fedCount);
      }),
    );
  });
});
