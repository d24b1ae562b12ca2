import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endStandardOutput, GuestTrap } from '../../../host/executor/imports.ts';
import { INSECURE_MAX_BYTES, RANDOM_MAX_BYTES } from '../../../host/executor/wasi/random.ts';
import { LINE_MAX_BYTES } from '../../../host/executor/wasi/standard-output.ts';
import { createFakeCell, type FakeCell, text, toText } from './fake-cell.ts';

const LOG = { log: { level: 'trace', callMaxBytes: 1_000_000 } } as const;
const WRITE = 'wasi:io/streams#[method]output-stream.blocking-write-and-flush';

describe('a guest without capabilities', () => {
  const cell = createFakeCell();

  it('has no environment, arguments, directory, terminal or input', () => {
    expect(cell.call('wasi:cli/environment#get-environment')).toEqual([]);
    expect(cell.call('wasi:cli/environment#get-arguments')).toEqual([]);
    expect(cell.call('wasi:cli/environment#initial-cwd')).toBeUndefined();
    expect(cell.call('wasi:filesystem/preopens#get-directories')).toEqual([]);
    for (const name of ['stdin', 'stdout', 'stderr'])
      expect(cell.call(`wasi:cli/terminal-${name}#get-terminal-${name}`)).toBeUndefined();
    const stdin = cell.call('wasi:cli/stdin#get-stdin');
    expect(cell.call('wasi:io/streams#[method]input-stream.blocking-read', stdin, 10n)).toEqual({
      tag: 'err',
      val: { tag: 'closed' },
    });
  });

  it('may print, and nobody hears it', () => {
    const stdout = cell.call('wasi:cli/stdout#get-stdout');
    expect(cell.call(WRITE, stdout, text('anything\n'))).toEqual({ tag: 'ok' });
    endStandardOutput(cell.context);
    expect(cell.logged).toEqual([]);
  });

  it('draws the same insecure numbers in every cell', () => {
    const draw = (one: FakeCell) => [
      one.call('wasi:random/insecure#get-insecure-random-u64'),
      ...one.call('wasi:random/insecure-seed#insecure-seed'),
      toText(one.call('wasi:random/insecure#get-insecure-random-bytes', 33n)),
    ];
    const numbers = draw(createFakeCell());
    expect(draw(createFakeCell())).toEqual(numbers);
    expect(new Set(numbers).size).toBe(4);
  });
});

describe('a guest with random numbers', () => {
  const grants = { random: {} };

  it('gets as many bytes as it asks for, never the same', () => {
    const cell = createFakeCell({ grants });
    for (const length of [0, 1, 32, 65_536, 65_537, RANDOM_MAX_BYTES]) {
      expect(cell.call('wasi:random/random#get-random-bytes', BigInt(length))).toHaveLength(length);
    }
    const [a, b] = [0, 1].map(() => cell.call('wasi:random/random#get-random-u64'));
    expect(a).not.toBe(b);
    expect(cell.call('hotcell:capabilities/random#bytes', 65_536)).toHaveLength(65_536);
    const last = cell.call('wasi:random/random#get-random-bytes', 65_600n).subarray(65_536);
    expect(last.some((byte: number) => byte !== 0)).toBe(true);
  });

  it('has another seed of insecure numbers in each cell', () => {
    const draw = () => createFakeCell({ grants }).call('wasi:random/insecure-seed#insecure-seed');
    expect(draw()).not.toEqual(draw());
  });

  it('that asks for more than the host gives at once ends', () => {
    const cell = createFakeCell({ grants });
    const over = (max: number) => BigInt(max) + 1n;
    expect(() => cell.call('wasi:random/random#get-random-bytes', over(RANDOM_MAX_BYTES))).toThrow(GuestTrap);
    expect(() => cell.call('wasi:random/random#get-random-bytes', 2n ** 64n - 1n)).toThrow(GuestTrap);
    expect(() =>
      cell.call('wasi:random/insecure#get-insecure-random-bytes', over(INSECURE_MAX_BYTES)),
    ).toThrow(GuestTrap);
    expect(() => cell.call('hotcell:capabilities/random#bytes', 65_537)).toThrow(GuestTrap);
  });
});

describe('the environment', () => {
  it('is the granted configuration; secrets are not in it', () => {
    const cell = createFakeCell({ grants: { config: { A: '1', B: 'two' }, secrets: { C: 'hidden' } } });
    expect(cell.call('wasi:cli/environment#get-environment')).toEqual([
      ['A', '1'],
      ['B', 'two'],
    ]);
    const files = createFakeCell({ grants: { files: { maxBytes: 10_000 } } });
    expect(files.call('wasi:cli/environment#initial-cwd')).toBe('/');
  });
});

describe('exit', () => {
  it('ends the guest and says how', () => {
    const cell = createFakeCell();
    expect(() => cell.call('wasi:cli/exit#exit', { tag: 'ok' })).toThrow('ended itself by exit, content');
    expect(() => cell.call('wasi:cli/exit#exit', { tag: 'err' })).toThrow('with an error');
    expect(() => cell.call('wasi:cli/exit#exit-with-code', 3)).toThrow(GuestTrap);
  });
});

describe('standard output', () => {
  const print = (cell: FakeCell, pieces: readonly Uint8Array[], name = 'stdout'): void => {
    const stream = cell.call(`wasi:cli/${name}#get-${name}`);
    for (const piece of pieces) expect(cell.call(WRITE, stream, piece)).toEqual({ tag: 'ok' });
    cell.drop('wasi:io/streams#output-stream', stream);
  };

  it('becomes lines of the log, its last one when the call ends', () => {
    const cell = createFakeCell({ grants: LOG });
    print(cell, [text('one\ntw'), text('o\r\n\nthr'), text('ee')]);
    print(cell, [text('oh')], 'stderr');
    expect(cell.logged).toEqual(['info: one', 'info: two', 'info: ']);
    endStandardOutput(cell.context);
    endStandardOutput(cell.context);
    expect(cell.logged.slice(3)).toEqual(['info: three', 'warn: oh']);
  });

  it('in long lines is cut between characters, and no empty line follows', () => {
    const cell = createFakeCell({ grants: LOG });
    print(cell, [text(`${'x'.repeat(LINE_MAX_BYTES - 1)}é!\n${'y'.repeat(LINE_MAX_BYTES)}\nz\n`)]);
    expect(cell.logged.map((line) => line.slice(6).length)).toEqual([
      LINE_MAX_BYTES - 1,
      2,
      LINE_MAX_BYTES,
      1,
    ]);
    expect(cell.logged[1]).toBe('info: é!');
  });

  it('is the same lines however it is cut into writes, whatever bytes it is', () => {
    const bytes = fc.array(fc.constantFrom(10, 13, 65, 0xc3, 0xa9, 0xff, 0xf0, 0x9f, 0x98, 0x80), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(20)), (all, cuts) => {
        const whole = createFakeCell({ grants: LOG });
        print(whole, [Uint8Array.from(all)]);
        endStandardOutput(whole.context);
        const cut = createFakeCell({ grants: LOG });
        const pieces: Uint8Array[] = [];
        let rest = Uint8Array.from(all);
        for (const length of cuts) {
          pieces.push(rest.subarray(0, length));
          rest = rest.subarray(length);
        }
        print(cut, [...pieces, rest]);
        endStandardOutput(cut.context);
        expect(cut.logged).toEqual(whole.logged);
        const lines = toText(Uint8Array.from(all)).split('\n');
        if (lines.at(-1) === '') lines.pop();
        expect(whole.logged).toEqual(lines.map((line) => `info: ${line.replace(/\r$/, '')}`));
      }),
    );
  });
});
