/** What the rewriter of modules adds, what it leaves alone, what it charges, and what it refuses. */

import { readFileSync } from 'node:fs';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../host/registry/binary.ts';
import { readCoreModule } from '../../host/registry/core-module.ts';
import { COSTS, costRows } from '../../host/registry/fuel-costs.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { BLOCKS_MAX, createAllowance, ITEMS_MAX, LOCALS_MAX } from '../../host/registry/limits.ts';
import { leb128, section } from '../../host/registry/wasm-writer.ts';
import { tableUnder } from '../markdown.ts';
import { costTable } from '../readme-tables.ts';
import { runModule } from './fuzz/run-module.ts';

const bytesOf = async (text: string): Promise<Uint8Array> => Uint8Array.from(await parse(text));
const exportsOf = (module: Uint8Array): string[] =>
  WebAssembly.Module.exports(new WebAssembly.Module(module)).map(({ name, kind }) => `${name} ${kind}`);
const fuelOf = async (text: string): Promise<number | undefined> =>
  runModule(meterModule(await bytesOf(text))).fuel;

/** The fuel of a body, without that of an empty function of its form. */
async function costOf(body: string, fields = ''): Promise<number> {
  // The loop keeps the function from being short: it has one turn.
  const text = (code: string): string =>
    `(module ${fields} (func (export "f") (loop ${code})) (memory 1) (table 10 funcref) (data $d "01234567") (elem $e func))`;
  return ((await fuelOf(text(body))) ?? 0) - ((await fuelOf(text(''))) ?? 0);
}

/** A module of one function, from its bytes: locals, then code. */
function moduleOf(...body: number[]): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    section(1, [Uint8Array.of(1, 0x60, 0, 0)]),
    section(3, [Uint8Array.of(1, 0)]),
    section(10, [Uint8Array.from([1, ...leb128(body.length), ...body])]),
  ]);
}

describe('a metered module', () => {
  it('has a counter and a table more, and every section in its place', async () => {
    const texts = [
      '(module)',
      '(module (func (export "f")))',
      '(module (import "a" "b" (global i32)) (import "a" "t" (table 1 funcref)) (global i32 (i32.const 1)))',
      '(module (@custom "x" (before first) "y") (memory 1) (data (i32.const 0) "z") (@custom "z" (after last) ""))',
      '(module (type $t (func)) (tag (type $t)) (func $f (type $t)) (elem declare func $f) (start $f))',
    ];
    for (const text of texts) {
      const module = await bytesOf(text);
      const metered = meterModule(module);
      const hasStart = text.includes('(start');
      expect(exportsOf(metered)).toEqual([
        ...exportsOf(module),
        'hotcell:fuel global',
        'hotcell:refill table',
        ...(hasStart ? ['hotcell:start function'] : []),
      ]);
      // The reader that judges what may be served reads it too.
      const items = createAllowance('definitions', ITEMS_MAX);
      const read = readCoreModule(new ByteReader(metered), 0, items, items);
      expect(read.tableCount).toBe(1);
    }
  });

  it('keeps custom sections byte by byte', async () => {
    const module = await bytesOf('(module (@custom "x" "some text") (func $named (loop)))');
    const metered = meterModule(module);
    const of = (bytes: Uint8Array, name: string): string[] =>
      (
        WebAssembly.Module as unknown as {
          customSections(module: WebAssembly.Module, name: string): ArrayBuffer[];
        }
      )
        .customSections(new WebAssembly.Module(bytes), name)
        .map((one) => Buffer.from(one).toString('hex'));
    for (const name of ['x', 'name']) {
      expect(of(metered, name)).toEqual(of(module, name));
      expect(of(metered, name)).toHaveLength(1);
    }
  });

  it('given back to the rewriter is refused: its names are taken', async () => {
    const metered = meterModule(await bytesOf('(module (func))'));
    expect(() => meterModule(metered)).toThrow(/hotcell:fuel/);
  });

  it('pays for a short function where it is called', async () => {
    const fields = '(func $short (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))';
    expect(await costOf('(drop (call $short (i32.const 1)))', fields)).toBe(COSTS.call + COSTS.simple);
  });

  it('does not pay for the arms of a switch that are not taken', async () => {
    const arms = 200;
    const arm = '(i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))'.repeat(10);
    let text = `(br_table ${Array.from({ length: arms }, (_, at) => at).join(' ')} (local.get $op))`;
    for (let at = 0; at < arms; at++) text = `(block ${text}) ${arm} (br ${arms - 1 - at})`;
    const fuel = await fuelOf(
      `(module (memory 1) (func (export "f") (local $op i32) (local.set $op (i32.const 7)) (block ${text})))`,
    );
    expect(fuel).toBeGreaterThan(30);
    expect(fuel).toBeLessThan(arms * 30 * 0.2);
  });
});

describe('a function that keeps its counter in a local', () => {
  /** A loop of 1,000 turns that calls nothing, left in some way; `run` calls it, with a call of its own before. */
  const leaving = (exit: string, end = ''): string => `(module (memory 1)
    (func $loop (param $n i32) (result i32)
      (loop $turns
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $turns (i32.gt_s (local.get $n) (i32.const 0)))
        ${exit})
      ${end})
    (func (export "run") (result i32) (i32.add (call $loop (i32.const 1000)) (call $loop (i32.const 1000)))))`;

  it.each([
    ['by its end', leaving('', '(i32.const 1)')],
    ['by a return', leaving('(return (i32.const 1))', '(unreachable)')],
    ['by a branch to its own label', leaving('(br 1 (i32.const 1))', '(unreachable)')],
    ['by a branch on a condition', leaving('(drop (br_if 1 (i32.const 1) (i32.const 1)))', '(unreachable)')],
    [
      'by a table of branches',
      leaving(
        '(block $in (drop (block (result i32) (br_table 0 3 3 (i32.const 1) (i32.const 1)))))',
        '(unreachable)',
      ),
    ],
    [
      'by a tail call',
      leaving('', '(return_call $one)').replace(
        '(func (export',
        '(func $one (result i32) (i32.const 1)) (func (export',
      ),
    ],
    [
      'with a bulk operation in its loop',
      leaving('(memory.fill (i32.const 0) (i32.const 0) (i32.const 0))', '(i32.const 1)'),
    ],
  ])('gives it back when it is left %s', async (_what, text) => {
    const { fuel, seen } = runModule(meterModule(await bytesOf(text)));
    expect(seen).toBe('run 2');
    expect(fuel).toBeGreaterThanOrEqual(2_000);
    expect(fuel).toBeLessThan(60_000);
  });
});

describe('the cost of', () => {
  it.each([
    ['an addition', '(drop (i32.add (i32.const 1) (i32.const 2)))', COSTS.simple],
    ['a constant', '(drop (i32.const 1))', COSTS.none],
    ['a division', '(drop (i64.div_u (i64.const 1) (i64.const 2)))', COSTS.divide],
    ['a square root', '(drop (f64.sqrt (f64.const 2)))', COSTS.divide],
    ['a load', '(drop (i32.load (i32.const 0)))', COSTS.simple],
    ['a store of a vector', '(v128.store (i32.const 0) (v128.const i32x4 1 2 3 4))', COSTS.simple],
    ['a memory that grows by nothing', '(drop (memory.grow (i32.const 0)))', COSTS.memoryGrow],
    [
      'filling 1,600 bytes',
      '(memory.fill (i32.const 0) (i32.const 1) (i32.const 1600))',
      COSTS.runtime + 100,
    ],
    [
      'copying 1,607 bytes',
      '(memory.copy (i32.const 0) (i32.const 9) (i32.const 1607))',
      COSTS.runtime + 100,
    ],
    [
      'copying 8 entries of a table',
      '(table.copy (i32.const 0) (i32.const 1) (i32.const 8))',
      COSTS.runtime + 4,
    ],
    ['growing a table by 10', '(drop (table.grow (ref.null func) (i32.const 10)))', COSTS.runtime + 5],
  ])('%s is what the table says', async (_what, code, cost) => {
    expect(await costOf(code)).toBe(cost);
  });

  it('each class stands in the README as it is in the code', () => {
    const readme = readFileSync(new URL('../../host/registry/README.md', import.meta.url), 'utf8');
    const table = costTable();
    expect(tableUnder(readme, table[0] ?? [])).toEqual(table);
    expect(costRows().length).toBeGreaterThan(Object.keys(COSTS).length);
  });
});

describe('the rewriter refuses', () => {
  const refused = (module: Uint8Array): string => {
    try {
      meterModule(module);
    } catch (error) {
      return (error as { detail: string }).detail;
    }
    throw new Error('it was taken');
  };

  it('a module that is not valid as it came', async () => {
    expect(refused(await bytesOf('(module (func (drop (global.get 0))))'))).toMatch(/not valid/);
    expect(refused(await bytesOf('(module (func (call_indirect (i32.const 0))))'))).toMatch(/not valid/);
    expect(refused(moduleOf(0, 0xff, 0x0b))).toMatch(/not valid/);
  });

  it('more blocks within one another than any compiler writes', () => {
    const nested = (depth: number): Uint8Array =>
      moduleOf(
        0,
        ...Array.from({ length: depth }, () => [0x02, 0x40]).flat(),
        ...new Array<number>(depth + 1).fill(0x0b),
      );
    expect(WebAssembly.validate(meterModule(nested(BLOCKS_MAX - 1)))).toBe(true);
    expect(refused(nested(BLOCKS_MAX))).toMatch(/more than 10000 blocks/);
  });

  it('more locals than the engine takes', () => {
    const locals = (count: number): Uint8Array => moduleOf(1, ...leb128(count), 0x7f, 0x0b);
    expect(WebAssembly.validate(meterModule(locals(LOCALS_MAX)))).toBe(true);
    expect(refused(locals(LOCALS_MAX + 1))).toMatch(/not valid|more than 49997 locals/);
  });
});
