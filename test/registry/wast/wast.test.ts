/**
 * The rewriter of `host/registry/harden.ts` against the test scripts of the WebAssembly specification: each script runs
 * twice, as it is and with every module metered, and each command must come to the same. The scripts are not part of this
 * repository: `WASM_SPEC_TESTS` names a folder that holds them (`test/core` of WebAssembly/spec, or WebAssembly/testsuite).
 * Without it only the script below runs, and this says so loudly.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { meterModule } from '../../../host/registry/harden.ts';
import { type Assembled, type Line, type Rewriter, runScript } from './run-script.ts';

const same: Rewriter = (module) => module;

/** Commands of which the ends differ, and the first runs' lines. */
async function compare(
  source: string,
  rewrite: Rewriter,
): Promise<{ lines: readonly Line[]; differences: string[] }> {
  const assembled: Assembled = new Map();
  const lines = await runScript(source, same, assembled);
  const rewritten = await runScript(source, rewrite, assembled);
  const text = (line: Line | undefined): string => `${line?.at}: ${line?.skipped ?? line?.end}`;
  const differences = lines
    .map((line, index) => [text(line), text(rewritten[index])])
    .filter(([before, after]) => before !== after)
    .map(([before, after]) => `${before} → ${after}`);
  if (lines.length !== rewritten.length) differences.push(`${lines.length} lines → ${rewritten.length}`);
  return { lines, differences };
}

/** A little of everything that the runner does. */
const OWN = `
;; one; (; two (; nested ;) ;)
(module $a
  (memory (export "memory") 1)
  (global (export "g") (mut i32) (i32.const 7))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "halves") (param f32) (result f32 f64) (f32.div (local.get 0) (f32.const 2)) (f64.const -0))
  (func (export "splat") (param i32) (result v128) (i32x4.splat (local.get 0)))
  (func (export "divide") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
  (func $deep (export "deep") (call $deep))
  (tag $e (param i32))
  (func (export "throw") (throw $e (i32.const 1))))
(register "a" $a)
(assert_return (invoke "add" (i32.const 0x7fff_ffff) (i32.const 1)) (i32.const -0x8000_0000))
(assert_return (invoke $a "halves" (f32.const 0x1.8p1)) (f32.const 1.5) (f64.const -0.0))
(assert_return (invoke "splat" (i32.const 3)) (v128.const i32x4 3 3 3 3))
(assert_return (get $a "g") (i32.const 7))
(assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")
(assert_exhaustion (invoke "deep") "call stack exhausted")
(assert_exception (invoke "throw"))
(module (func (import "a" "add") (param i32 i32) (result i32)) (export "again" (func 0)))
(assert_return (invoke "again" (i32.const 2) (i32.const 3)) (i32.const 5))
(assert_unlinkable (module (func (import "a" "none"))) "unknown import")
(assert_trap (module (func unreachable) (start 0)) "unreachable")
(assert_invalid (module (func (drop (global.get 0)))) "unknown global")
(assert_invalid (module (func (call_indirect (i32.const 0)))) "unknown table")
(assert_malformed (module binary "\\00asm\\01\\00\\00\\00\\01") "unexpected end")
(assert_malformed (module quote "(func nonsense)") "unknown operator")
(module definition $d (func (export "one") (result i32) (i32.const 1)))
(module instance $i $d)
(assert_return (invoke $i "one") (i32.const 1))
`;

describe('a script', () => {
  it('comes to the same with its modules metered, whatever it does', async () => {
    const { lines, differences } = await compare(OWN, meterModule);
    expect(differences).toEqual([]);
    expect(lines.filter(({ skipped }) => skipped !== undefined)).toEqual([]);
    const ends = lines.map(({ at, end }) => `${at.split(' ')[1]}: ${end}`);
    expect(ends).toEqual(
      [
        'module: instantiated',
        'register: registered',
        'assert_return: -2147483648',
        'assert_return: 1.5 -0',
        'assert_return: 12884901891n 12884901891n',
        'assert_return: 7',
        'assert_trap: RuntimeError: divide by zero',
        'assert_exhaustion: RangeError: Maximum call stack size exceeded',
        'assert_exception: exception',
        'module: instantiated',
        'assert_return: 5',
        expect.stringContaining('assert_unlinkable: LinkError'),
        'assert_trap: RuntimeError: unreachable',
        'assert_invalid: valid: false',
        'assert_invalid: valid: false',
        'assert_malformed: valid: false',
        'assert_malformed: refused as text',
        'module: instantiated',
        'module: instantiated',
        'assert_return: 1',
      ].map((end) =>
        end === 'module: instantiated' ? expect.stringMatching(/^module: (instantiated|defined)$/) : end,
      ),
    );
  });

  it('shows a rewriter that changes what a module does', async () => {
    const addsAsSubtracts: Rewriter = (module) => {
      const changed = module.slice();
      const at = Buffer.from(changed).indexOf(Uint8Array.of(0x20, 0x00, 0x20, 0x01, 0x6a));
      if (at >= 0) changed[at + 4] = 0x6b;
      return changed;
    };
    const { differences } = await compare(OWN, addsAsSubtracts);
    expect(differences).toHaveLength(2);
  });
});

const folder = process.env.WASM_SPEC_TESTS;
if (folder !== undefined && !existsSync(folder))
  throw new Error(`WASM_SPEC_TESTS names ${folder}, which does not exist`);

/** Proposals are not in the engine; `custom` is about sections that neither it nor the rewriter reads. */
const scripts =
  folder === undefined
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => path.endsWith('.wast') && !/(^|\/)(proposals|custom|spectec)\//.test(path))
        .sort();

const ABSENT = `
!!! NO SPECIFICATION TESTS: set WASM_SPEC_TESTS to a folder with the scripts of WebAssembly/spec.
The rewriter is NOT checked against them in this run. !!!
`;
if (folder === undefined) console.warn(ABSENT);
describe.runIf(folder !== undefined)('the scripts of the specification', () => {
  const whole: string[] = [];
  const parts = new Map<string, Map<string, number>>();
  let commandCount = 0;

  it.each(scripts)(
    '%s',
    async (path) => {
      const source = readFileSync(join(folder ?? '', path), 'utf8');
      const { lines, differences } = await compare(source, meterModule);
      expect(differences).toEqual([]);
      const skipped = new Map<string, number>();
      for (const { skipped: reason } of lines)
        if (reason !== undefined) skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
      commandCount += lines.filter((line) => line.skipped === undefined).length;
      if (skipped.size === 0) whole.push(path);
      else parts.set(path, skipped);
    },
    120_000,
  );

  it('ran, at least 95 of a hundred of them whole', () => {
    const named = [...parts].flatMap(([path, reasons]) =>
      [...reasons].map(([reason, count]) => `  ${path}: ${count} × ${reason}`),
    );
    console.info(
      `${whole.length} of ${scripts.length} scripts whole, ${commandCount} commands alike\n${named.join('\n')}`,
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(whole.length / scripts.length).toBeGreaterThanOrEqual(0.95);
  });
});
