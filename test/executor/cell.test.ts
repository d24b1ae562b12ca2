import { parse } from '@bytecodealliance/jco';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasCode } from '../../host/errors.ts';
import { type Cell, type CellEnd, createCell } from '../../host/executor/cell.ts';
import { MESSAGE_MAX_BYTES } from '../../host/executor/lift.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { LinkPlan } from '../../host/types.ts';
import {
  ALLOCATOR,
  type CoreParts,
  coreText,
  HELLO_JS,
  handWritten,
  quickJsComponent,
  toComponent,
} from '../registry/sample-components.ts';

const MAX = 16 * 1024 * 1024;

interface Adapter {
  readonly plan: LinkPlan;
  readonly modules: readonly WebAssembly.Module[];
}

function prepare(bytes: Uint8Array): Adapter {
  const { plan } = planComponent(bytes);
  const modules = plan.modules.map(
    ({ offset, length }) => new WebAssembly.Module(bytes.slice(offset, offset + length)),
  );
  return { plan, modules };
}

const open = ({ plan, modules }: Adapter): Cell => createCell(modules, plan);

/** A cell of a hand-written guest. */
async function guest(parts: CoreParts, encoding: 'utf8' | 'utf16' = 'utf8'): Promise<Cell> {
  return open(prepare(await toComponent(coreText(parts), encoding)));
}

interface Answer {
  readonly end: CellEnd;
  readonly bytes: Uint8Array | undefined;
}

function call(cell: Cell, operation: string, payload: Uint8Array, outputMaxBytes = MAX): Answer {
  let bytes: Uint8Array | undefined;
  const end = cell.invoke(new TextEncoder().encode(operation), payload, outputMaxBytes, (view) => {
    bytes = view.slice();
  });
  return { end, bytes };
}

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251);
const OK = { kind: 'ok' };

/** Stores that make a result at 16: `ok` of these bytes. */
const okResult = (pointer: string, length: string): string => `
  (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) ${pointer})
  (i32.store (i32.const 24) ${length}) (i32.const 16)`;

/** Stores that make a result at 16: `err` of this case with this text. */
const errorResult = (kind: number, pointer: number, units: number): string => `
  (i32.store8 (i32.const 16) (i32.const 1)) (i32.store8 (i32.const 20) (i32.const ${kind}))
  (i32.store (i32.const 24) (i32.const ${pointer})) (i32.store (i32.const 28) (i32.const ${units})) (i32.const 16)`;

const c = (value: number): string => `(i32.const ${value})`;

describe.each(['one module', 'QuickJS'])('a cell of %s', (kind) => {
  let adapter: Adapter;
  beforeAll(async () => {
    adapter = prepare(kind === 'QuickJS' ? await quickJsComponent(HELLO_JS) : await toComponent(coreText()));
  });

  it.each([0, 1, 64, 65_535, 65_536, 65_537, 1024 * 1024])('returns %i bytes unchanged', (length) => {
    const payload = pattern(length);
    const { end, bytes } = call(open(adapter), 'echo', payload);
    expect(end).toEqual(OK);
    expect(bytes && Buffer.compare(bytes, payload)).toBe(0);
  });

  it('can be called again and again, with memory growing in between', () => {
    const cell = open(adapter);
    const before = cell.memoryBytes;
    for (const length of [10, 300_000, 0, 2_000_000, 7]) {
      const payload = pattern(length);
      const { bytes } = call(cell, 'echo', payload);
      expect(bytes && Buffer.compare(bytes, payload)).toBe(0);
    }
    expect(cell.memoryBytes).toBeGreaterThan(before);
  });

  it('is healthy', () => {
    expect(open(adapter).health()).toEqual(OK);
  });

  it('shares nothing with another cell of the same modules', () => {
    const [one, other] = [open(adapter), open(adapter)];
    call(one, 'echo', pattern(3_000_000));
    expect(other.memoryBytes).toBeLessThan(one.memoryBytes);
  });
});

describe('a QuickJS guest', () => {
  let adapter: Adapter;
  beforeAll(async () => {
    adapter = prepare(await quickJsComponent(HELLO_JS));
  });

  it('reports its own errors and stays well', () => {
    const cell = open(adapter);
    expect(call(cell, 'bad', pattern(0)).end).toEqual({
      kind: 'failure',
      failure: 'bad-input',
      message: 'not like this: ü',
    });
    expect(call(cell, 'nope-ü', pattern(0)).end).toEqual({
      kind: 'failure',
      failure: 'not-found',
      message: 'nope-ü',
    });
    expect(call(cell, 'echo', pattern(9)).end).toEqual(OK);
  });

  it('keeps its state between calls, but not between cells', () => {
    const cell = open(adapter);
    expect(call(cell, 'count', pattern(0)).bytes).toEqual(new Uint8Array([1]));
    expect(call(cell, 'count', pattern(0)).bytes).toEqual(new Uint8Array([2]));
    expect(call(open(adapter), 'count', pattern(0)).bytes).toEqual(new Uint8Array([1]));
  });

  it('that throws outside the contract crashes, and only its own cell', () => {
    const cell = open(adapter);
    expect(call(cell, 'crash', pattern(0)).end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_TRAP' });
    expect(() => call(cell, 'echo', pattern(0))).toThrow(/crashed/);
    expect(call(open(adapter), 'echo', pattern(1)).end).toEqual(OK);
  });
});

describe('a guest that traps', () => {
  it('ends in EXECUTOR_TRAP with what the engine says', async () => {
    const { end } = call(await guest({ invoke: 'unreachable' }), 'x', pattern(1));
    expect(end).toEqual({ kind: 'crash', code: 'EXECUTOR_TRAP', detail: 'unreachable' });
  });

  it('is told from one that recurses without end', async () => {
    const fields = '';
    const allocator = `${ALLOCATOR} (func $down (param i32) (result i32) (i32.add (i32.const 1) (call $down (local.get 0))))`;
    const cell = await guest({ fields, allocator, invoke: '(call $down (i32.const 1))' });
    expect(call(cell, 'x', pattern(1)).end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_STACK_OVERFLOW' });
  });

  it('in its allocator, its cleanup or its health check crashes as well', async () => {
    const trapping = ALLOCATOR.replace('(local.get $at))', 'unreachable)');
    expect(call(await guest({ allocator: trapping }), 'x', pattern(1)).end).toMatchObject({
      code: 'EXECUTOR_TRAP',
    });
    const cleanup = ALLOCATOR.replace('(global.set $next (i32.const 64)))', 'unreachable)');
    const cell = await guest({ allocator: cleanup });
    expect(call(cell, 'x', pattern(1)).end).toMatchObject({ code: 'EXECUTOR_TRAP' });
    expect(() => cell.health()).toThrow(/crashed/);
    expect((await guest({ health: 'unreachable' })).health()).toMatchObject({ code: 'EXECUTOR_TRAP' });
  });

  it('is a crash when it throws an exception of its own', async () => {
    const { end } = call(await guest({ fields: '(tag $t)', invoke: '(throw $t)' }), 'x', pattern(1));
    expect(end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_TRAP' });
    expect(end).toMatchObject({ detail: 'the guest threw an exception that nothing caught' });
  });
});

describe('a function that nobody provides', () => {
  const before = `(type $r (resource (rep i32))) (core func $drop (canon resource.drop $r))
    (core instance $env (export "drop" (func $drop)))`;
  const fields = '(import "env" "drop" (func $drop (param i32)))';
  const assemble = async (invoke: string): Promise<Cell> =>
    open(
      prepare(
        await handWritten({
          before,
          core: coreText({ fields, invoke }),
          with: '(with "env" (instance $env))',
        }),
      ),
    );

  it('traps with its reason', async () => {
    const cell = await assemble('(call $drop (i32.const 0)) (i32.const 16)');
    expect(call(cell, 'x', pattern(1)).end).toEqual({
      kind: 'crash',
      code: 'EXECUTOR_TRAP',
      detail: 'resource.drop was called; no exported function has this resource',
    });
  });

  it('cannot be survived by catching everything', async () => {
    const cell = await assemble(`(block $caught (try_table (catch_all $caught) (call $drop (i32.const 0))))
      ${okResult(c(0), c(0))}`);
    expect(call(cell, 'x', pattern(1)).end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_TRAP' });
  });

  it('that trapped in one cell does not lend its reason to the next crash', async () => {
    call(await assemble('(call $drop (i32.const 0)) (i32.const 16)'), 'x', pattern(1));
    expect(call(await guest({ invoke: 'unreachable' }), 'x', pattern(1)).end).toMatchObject({
      detail: 'unreachable',
    });
  });
});

describe('an allocator that lies', () => {
  const returning = (pointer: number): string =>
    `(func $realloc (param i32 i32 i32 i32) (result i32) (i32.const ${pointer})) (func $reset (param i32))`;

  it.each([
    ['at the very end', 65_535],
    ['beyond the end', 65_536],
    ['at -1', -1],
  ])('and points %s is a crash, and nothing is written', async (_, pointer) => {
    const { end } = call(await guest({ allocator: returning(pointer) }), 'xy', pattern(10));
    expect(end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_BAD_RESULT' });
  });

  it('is a crash for an empty payload too, when it points outside', async () => {
    const { end } = call(await guest({ allocator: returning(65_537) }), '', pattern(0));
    expect(end).toMatchObject({ code: 'EXECUTOR_BAD_RESULT' });
  });

  it('may point to the end for nothing', async () => {
    const cell = await guest({ allocator: returning(65_536), invoke: okResult(c(65_536), c(0)) });
    expect(call(cell, '', pattern(0))).toEqual({ end: OK, bytes: new Uint8Array(0) });
  });

  it('and forgets the alignment of UTF-16 is a crash', async () => {
    const { end } = call(await guest({ allocator: returning(33) }, 'utf16'), 'xy', pattern(1));
    expect(end).toMatchObject({ code: 'EXECUTOR_BAD_RESULT' });
  });
});

describe('a result that is none', () => {
  const bad: [string, string, RegExp][] = [
    ['is not aligned', '(i32.const 18)', /not aligned/],
    ['lies outside the memory', '(i32.const 65536)', /outside the memory/],
    ['ends outside the memory', '(i32.const 65528)', /outside the memory/],
    ['lies at -4', '(i32.const -4)', /outside the memory/],
    [
      'has an unknown discriminant',
      '(i32.store8 (i32.const 16) (i32.const 2)) (i32.const 16)',
      /2 is neither/,
    ],
    ['is an unknown failure', errorResult(3, 0, 0), /3 is not a case/],
    ['has bytes outside the memory', okResult(c(65_530), c(7)), /a list of 7 bytes at 65530/],
    ['has a huge length', okResult(c(1), c(-1)), /a list of 4294967295 bytes/],
    ['has a huge pointer', okResult(c(-1), c(1)), /at 4294967295/],
    ['has a message outside the memory', errorResult(0, 65_000, 5000), /a string of 5000 bytes/],
    [
      'has a message that is not UTF-8',
      `(i32.store8 (i32.const 40) (i32.const 255)) ${errorResult(0, 40, 1)}`,
      /UTF-8/,
    ],
  ];
  it.each(bad)('because it %s is a crash, and nothing is taken', async (_, invoke, detail) => {
    const cell = await guest({ invoke });
    const { end, bytes } = call(cell, 'x', pattern(3));
    expect(end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_BAD_RESULT' });
    expect(end).toMatchObject({ detail: expect.stringMatching(detail) });
    expect(bytes).toBeUndefined();
    expect(() => cell.health()).toThrow(/crashed/);
  });

  it('of the health check is a crash as well', async () => {
    const results = [
      '(i32.const 17)',
      '(i32.const 65528)',
      '(i32.store8 (i32.const 16) (i32.const 9)) (i32.const 16)',
    ];
    for (const health of results) {
      expect((await guest({ health })).health()).toMatchObject({ code: 'EXECUTOR_BAD_RESULT' });
    }
  });

  it('because it is larger than allowed is refused before it is touched, and the cell goes on', async () => {
    const cell = await guest({});
    expect(call(cell, 'x', pattern(100), 100).end).toEqual(OK);
    const { end, bytes } = call(cell, 'x', pattern(101), 100);
    expect(end).toEqual({
      kind: 'failure',
      failure: 'output-too-large',
      message: 'the result has 101 bytes; the limit is 100',
    });
    expect(bytes).toBeUndefined();
    expect(call(cell, 'x', pattern(100), 100).end).toEqual(OK);
  });
});

describe('messages of guests', () => {
  const filled = (text: string, encoding: BufferEncoding): string =>
    `(data (i32.const 1024) "${[...Buffer.from(text, encoding)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`;

  it.each([
    ['short', 'ä short one €𝄞', 'ä short one €𝄞'],
    ['of the limit', 'x'.repeat(MESSAGE_MAX_BYTES), 'x'.repeat(MESSAGE_MAX_BYTES)],
    ['longer by one', 'x'.repeat(MESSAGE_MAX_BYTES + 1), 'x'.repeat(MESSAGE_MAX_BYTES)],
    ['with a character of two bytes on the border', `x${'ü'.repeat(3000)}`, `x${'ü'.repeat(2047)}`],
    ['with a character of three bytes on the border', '€'.repeat(2000), '€'.repeat(1365)],
    ['with a character of four bytes on the border', `xx${'𝄞'.repeat(1500)}`, `xx${'𝄞'.repeat(1023)}`],
  ])('that are %s are cut on a character border, in both encodings', async (_, text, expected) => {
    for (const encoding of ['utf8', 'utf16'] as const) {
      const bytes = encoding === 'utf8' ? Buffer.byteLength(text) : text.length;
      const data = filled(text, encoding === 'utf8' ? 'utf8' : 'utf16le');
      const cell = await guest(
        { invoke: errorResult(2, 1024, bytes), fields: '', allocator: `${data} ${ALLOCATOR}` },
        encoding,
      );
      expect(call(cell, 'x', pattern(0)).end).toEqual({
        kind: 'failure',
        failure: 'internal',
        message: expected,
      });
    }
  });

  it('that break surrogates or alignment in UTF-16 are a crash', async () => {
    const lone = '(i32.store16 (i32.const 40) (i32.const 0xd800))';
    expect(
      call(await guest({ invoke: `${lone} ${errorResult(0, 40, 1)}` }, 'utf16'), 'x', pattern(0)).end,
    ).toMatchObject({
      code: 'EXECUTOR_BAD_RESULT',
    });
    expect(call(await guest({ invoke: errorResult(0, 41, 1) }, 'utf16'), 'x', pattern(0)).end).toMatchObject({
      code: 'EXECUTOR_BAD_RESULT',
    });
  });

  it('of an unhealthy guest are told, and the cell stays well', async () => {
    const health = `(i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (i32.const 1024))
      (i32.store (i32.const 24) (i32.const 4)) (i32.const 16)`;
    const cell = await guest({ health, allocator: `${filled('weak', 'utf8')} ${ALLOCATOR}` });
    expect(cell.health()).toEqual({ kind: 'failure', failure: 'internal', message: 'weak' });
    expect(call(cell, 'x', pattern(5)).end).toEqual(OK);
  });
});

describe('the operation', () => {
  it.each(['utf8', 'utf16'] as const)('reaches the guest as %s', async (encoding) => {
    const unit = encoding === 'utf8' ? '(local.get $oplen)' : '(i32.mul (local.get $oplen) (i32.const 2))';
    const cell = await guest({ invoke: okResult('(local.get $op)', unit) }, encoding);
    const { bytes } = call(cell, 'größer €𝄞', pattern(0));
    expect(new TextDecoder(encoding === 'utf8' ? 'utf-8' : 'utf-16le').decode(bytes)).toBe('größer €𝄞');
  });
});

describe('a view that is taken', () => {
  it('holds until the guest cleans up, which it does after', async () => {
    const wiping = ALLOCATOR.replace(
      '(global.set $next (i32.const 64)))',
      '(memory.fill (i32.const 64) (i32.const 7) (i32.const 64)) (global.set $next (i32.const 64)))',
    );
    const cell = await guest({ allocator: wiping });
    let view: Uint8Array | undefined;
    let during: Uint8Array | undefined;
    cell.invoke(new Uint8Array(0), pattern(4), MAX, (bytes) => {
      view = bytes;
      during = bytes.slice();
    });
    expect(during).toEqual(pattern(4));
    expect(view).toEqual(new Uint8Array([7, 7, 7, 7]));
  });

  it('by a host that throws leaves a cell that is not entered again', async () => {
    const cell = await guest({});
    const fails = (): void => {
      throw new Error('a fault of the host');
    };
    expect(() => cell.invoke(new Uint8Array(0), pattern(4), MAX, fails)).toThrow('a fault of the host');
    expect(() => cell.health()).toThrow(/entered/);
  });

  it('cannot be used to enter the cell again', async () => {
    const cell = await guest({});
    expect(() => cell.invoke(new Uint8Array(0), pattern(4), MAX, () => void cell.health())).toThrow(
      /entered/,
    );
  });
});

describe('a cell that cannot be created', () => {
  it.each([
    ['its start function traps', '(module (func $s unreachable) (start $s))', /unreachable/],
    ['its data lies outside its memory', '(module (memory 1) (data (i32.const 65536) "x"))', /data segment/],
  ])('because %s is POOL_CREATE_FAILED', async (_, text, detail) => {
    const { plan } = prepare(await toComponent(coreText()));
    const module = new WebAssembly.Module(await parse(text));
    try {
      createCell([module], plan);
      expect.unreachable();
    } catch (error) {
      expect(hasCode(error, 'POOL_CREATE_FAILED')).toBe(true);
      expect(String(error)).toMatch(detail);
    }
  });

  it('keeps a guest from reaching prototypes by name', async () => {
    const before = `(core module $p (func (export "__proto__") (result i32) (i32.const 5)))
      (core instance $p (instantiate $p)) (core instance $q (export "__proto__" (func $p "__proto__")))`;
    const core = coreText({
      fields: '(import "__proto__" "__proto__" (func $f (result i32)))',
      invoke: okResult(c(0), '(call $f)'),
    });
    const bytes = await handWritten({ before, core, with: '(with "__proto__" (instance $q))' });
    expect(call(open(prepare(bytes)), 'x', pattern(0)).bytes).toHaveLength(5);
  });
});
