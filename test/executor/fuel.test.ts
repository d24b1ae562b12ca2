/** Fuel in a cell: what stops a guest, what cannot be escaped, and that equal work costs the same. */

import { describe, expect, it } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { type Bounds, type Cell, type CellEnd, createCell } from '../../host/executor/cell.ts';
import { START_FUEL } from '../../host/executor/instantiate.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { LinkPlan } from '../../host/types.ts';
import { builtAdapter } from '../built-adapters.ts';
import {
  ALLOCATOR,
  type CoreParts,
  coreText,
  handWritten,
  toComponent,
} from '../registry/sample-components.ts';

interface Prepared {
  readonly plan: LinkPlan;
  readonly modules: readonly WebAssembly.Module[];
}

function prepare(component: Uint8Array): Prepared {
  const { plan } = planComponent(component);
  const modules = plan.modules.map(
    ({ offset, length }) => new WebAssembly.Module(meterModule(component.subarray(offset, offset + length))),
  );
  return { plan, modules };
}

const open = ({ plan, modules }: Prepared): Cell => createCell(modules, plan);
const guest = async (parts: CoreParts): Promise<Prepared> => prepare(await toComponent(coreText(parts)));

const NO_BOUND: Bounds = { deadlineMs: Number.POSITIVE_INFINITY, fuelMax: Number.POSITIVE_INFINITY };
const PASSED: Bounds = { ...NO_BOUND, deadlineMs: systemClock.now() };
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function call(cell: Cell, bounds: Bounds = NO_BOUND, operation = 'echo', payload = 'a payload'): CellEnd {
  return cell.invoke(text(operation), text(payload), 1 << 20, () => {}, bounds);
}

const DEADLINE = { kind: 'crash', code: 'EXECUTOR_DEADLINE' };
const FUEL = { kind: 'crash', code: 'EXECUTOR_FUEL' };

const ECHO = `(i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (local.get $in))
  (i32.store (i32.const 24) (local.get $inlen)) (i32.const 16)`;
const FOREVER = '(loop $forever (br $forever))';

/** Guests that never come back, each in a way of its own. */
const ENDLESS: readonly [string, CoreParts][] = [
  ['a loop', { invoke: `${FOREVER} (unreachable)` }],
  [
    'loops in loops',
    {
      invoke: `(local $i i32) (loop $outer (local.set $i (i32.const 9))
        (loop $inner (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
        (br $outer)) (unreachable)`,
    },
  ],
  [
    'a loop of one branch whose condition is always true',
    { invoke: `(loop $l (br_if $l (i32.const 1))) (unreachable)` },
  ],
  [
    'a loop through a table of branches',
    { invoke: '(loop $l (br_table $l $l $l (i32.const 1))) (unreachable)' },
  ],
  [
    'calls through a table',
    {
      fields: `(type $t (func)) (table 1 funcref) (elem (i32.const 0) $nothing) (func $nothing)`,
      invoke: `(loop $l (call_indirect (type $t) (i32.const 0)) (br $l)) (unreachable)`,
    },
  ],
  ['tail calls of itself', { fields: '(func $f (return_call $f))', invoke: '(call $f) (unreachable)' }],
  [
    'tail calls of one another through a table',
    {
      fields: `(type $t (func)) (table 2 funcref) (elem (i32.const 0) $a $b)
        (func $a (return_call_indirect (type $t) (i32.const 1)))
        (func $b (return_call_indirect (type $t) (i32.const 0)))`,
      invoke: '(call $a) (unreachable)',
    },
  ],
  [
    'recursion by two, which the stack would bear for years',
    {
      fields: `(func $fib (param i32) (result i32)
        (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0)) (else
          (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
      invoke: '(drop (call $fib (i32.const 60))) (unreachable)',
    },
  ],
  [
    'exceptions that it throws and catches',
    {
      fields: '(tag $e) (func $throw (throw $e))',
      invoke: `(loop $l (block $caught (try_table (catch $e $caught) (call $throw))) (br $l)) (unreachable)`,
    },
  ],
  [
    'filling its memory again and again',
    {
      invoke: `(loop $l (memory.fill (i32.const 1024) (i32.const 1) (i32.const 60000)) (br $l)) (unreachable)`,
    },
  ],
  [
    'catching everything, its own stop included',
    {
      invoke: `(loop $again (block $caught (try_table (catch_all $caught) ${FOREVER})) (br $again)) (unreachable)`,
    },
  ],
  [
    'cabi_realloc',
    {
      allocator: ALLOCATOR.replace('(local $at i32)', `(local $at i32)`).replace(
        '(local.set $at (i32.and',
        `${FOREVER} (local.set $at (i32.and`,
      ),
    },
  ],
  [
    'the cleanup after the call',
    { allocator: ALLOCATOR.replace('(func $reset (param i32)', `(func $reset (param i32) ${FOREVER}`) },
  ],
];

describe('a guest that is still running', () => {
  it.each(ENDLESS)('by %s is stopped at its deadline, and at the end of its fuel', async (_what, parts) => {
    const prepared = await guest(parts);
    expect(call(open(prepared), PASSED)).toMatchObject(DEADLINE);
    const cell = open(prepared);
    expect(call(cell, { ...NO_BOUND, fuelMax: 5_000_000 })).toMatchObject(FUEL);
    expect(cell.fuelUsed).toBeGreaterThan(5_000_000);
  });

  it('in its health check is stopped at the deadline of that', async () => {
    const cell = open(await guest({ health: `${FOREVER} (unreachable)` }));
    expect(cell.health(PASSED)).toMatchObject(DEADLINE);
  });

  it('in its start function is stopped before it is a cell, and told why', async () => {
    const prepared = await guest({ fields: `(func $spin ${FOREVER}) (start $spin)` });
    expect(() => open(prepared)).toThrow(
      expect.objectContaining({
        code: 'POOL_CREATE_FAILED',
        detail: 'the start function used more than 100,000,000 units of fuel',
      }),
    );
    expect(START_FUEL).toBe(100_000_000);
  });

  it('is not confused with one whose start function traps', async () => {
    const prepared = await guest({ fields: '(func $trap unreachable) (start $trap)' });
    expect(() => open(prepared)).toThrow(
      expect.objectContaining({ code: 'POOL_CREATE_FAILED', detail: 'unreachable' }),
    );
  });

  it('leaves the next cell of the thread as if it had not been', async () => {
    const prepared = await guest(ENDLESS[0]?.[1] ?? {});
    expect(call(open(prepared), PASSED)).toMatchObject(DEADLINE);
    expect(call(open(await guest({ invoke: ECHO })))).toEqual({ kind: 'ok' });
    expect(call(open(await guest({ invoke: 'unreachable' })))).toMatchObject({ code: 'EXECUTOR_TRAP' });
  });
});

describe('a start function', () => {
  it('runs before the first call, with what it stores in place', async () => {
    const fields = '(func $prepare (i32.store (i32.const 40) (i32.const 7))) (start $prepare)';
    const cell = open(
      await guest({
        fields,
        invoke: `(if (i32.ne (i32.load (i32.const 40)) (i32.const 7)) (then unreachable)) ${ECHO}`,
      }),
    );
    expect(call(cell)).toEqual({ kind: 'ok' });
  });
});

describe('fuel', () => {
  it.each(['echo', 'hello-js'] as const)('of equal work on fresh cells is equal: %s', async (name) => {
    const prepared = prepare((await builtAdapter(name)).component);
    const cells = [open(prepared), open(prepared), open(prepared)];
    // Between the calls another cell of the thread works: what it uses is its own.
    const used = cells.map((cell) => {
      expect(call(cell)).toEqual({ kind: 'ok' });
      call(open(prepared));
      return cell.fuelUsed;
    });
    expect(new Set(used).size).toBe(1);
    expect(used[0]).toBeGreaterThan(0);
  });

  it('is exact to the unit over all modules of a cell', async () => {
    const prepared = prepare((await builtAdapter('hello-js')).component);
    expect(prepared.modules.length).toBeGreaterThan(5);
    const first = open(prepared);
    const say = (cell: Cell, fuelMax: number): CellEnd =>
      call(cell, { ...NO_BOUND, fuelMax }, 'hello', JSON.stringify({ name: 'x'.repeat(100) }));
    expect(say(first, Number.POSITIVE_INFINITY)).toEqual({ kind: 'ok' });
    const fuel = first.fuelUsed as number;
    expect(fuel).toBeGreaterThan(1_000_000);
    const enough = open(prepared);
    expect(say(enough, fuel)).toEqual({ kind: 'ok' });
    expect(enough.fuelUsed).toBe(fuel);
    expect(say(open(prepared), fuel - 1)).toMatchObject(FUEL);
  });

  it('is counted anew for each call of a cell, whatever was left of the last slice', async () => {
    const cell = open(await guest({ invoke: ECHO }));
    call(cell);
    const used = cell.fuelUsed as number;
    for (let turn = 0; turn < 10_000; turn++) {
      // The bounds of one call say nothing about the next: some have none, some just enough.
      const fuelMax = turn % 3 === 0 ? used : Number.POSITIVE_INFINITY;
      if (call(cell, { ...NO_BOUND, fuelMax }).kind !== 'ok' || cell.fuelUsed !== used)
        throw new Error(`call ${turn} used ${cell.fuelUsed} of ${used}`);
    }
    expect(call(cell, { ...NO_BOUND, fuelMax: used - 1 })).toMatchObject(FUEL);
  });

  it.each([1, 1_000, 1_000_000])('of a loop is at least its turns: %i', async (turns) => {
    const parts = (count: number): CoreParts => ({
      invoke: `(local $n i32) (local.set $n (i32.const ${count}))
        (loop $l (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) ${ECHO}`,
    });
    const fuelOf = async (count: number): Promise<number> => {
      const cell = open(await guest(parts(count)));
      call(cell);
      return cell.fuelUsed as number;
    };
    expect((await fuelOf(turns + 1)) - (await fuelOf(1))).toBeGreaterThanOrEqual(turns);
  });

  it('of a bulk operation grows with its length', async () => {
    const fuelOf = async (length: number): Promise<number> => {
      const cell = open(
        await guest({ invoke: `(memory.fill (i32.const 1024) (i32.const 0) (i32.const ${length})) ${ECHO}` }),
      );
      call(cell);
      return cell.fuelUsed as number;
    };
    expect((await fuelOf(32_768)) - (await fuelOf(16))).toBe(32_752 / 16);
  });

  it('is not told of a guest that is not metered', async () => {
    const component = await toComponent(coreText());
    const { plan } = planComponent(component);
    const modules = plan.modules.map(
      ({ offset, length }) => new WebAssembly.Module(component.slice(offset, offset + length)),
    );
    const cell = createCell(modules, plan);
    expect(call(cell, { ...NO_BOUND, fuelMax: 1 })).toEqual({ kind: 'ok' });
    expect(cell.fuelUsed).toBeUndefined();
  });
});

describe('the counter', () => {
  it.each(['hotcell:fuel', 'hotcell:refill', 'hotcell:start'])(
    'cannot be replaced by an export %s of the guest',
    async (name) => {
      const core = coreText({ fields: `(global (export "${name}") (mut i32) (i32.const 0))` });
      const component = await handWritten({ core });
      expect(() => prepare(component)).toThrow(expect.objectContaining({ code: 'REGISTRY_REJECTED' }));
    },
  );

  it.each([
    ['the global behind its last one', '(drop (global.get 1))'],
    ['the global behind its last one, to write it', '(global.set 1 (i32.const 1000000))'],
    ['the table behind its last one', '(drop (table.get 0 (i32.const 0)))'],
    ['the table behind its last one, to empty it', '(table.set 0 (i32.const 0) (ref.null func))'],
  ])('is out of reach of a guest that names %s', async (_what, code) => {
    // Its allocator has one global, and it has no table: these are where hardening puts its own.
    const component = await handWritten({ core: coreText({ invoke: `${code} ${ECHO}` }) });
    expect(() => prepare(component)).toThrow(
      expect.objectContaining({ code: 'REGISTRY_REJECTED', detail: expect.stringContaining('not valid') }),
    );
  });

  it.each([
    ['global', 'hotcell:fuel'],
    ['table', 'hotcell:refill'],
  ])('is out of reach of a component that passes the %s on', async (sort, name) => {
    const after = `(alias core export $i "${name}" (core ${sort} $taken))`;
    const component = await handWritten({ after });
    expect(() => prepare(component)).toThrow(expect.objectContaining({ code: 'REGISTRY_REJECTED' }));
  });
});
