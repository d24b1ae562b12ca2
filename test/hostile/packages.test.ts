/** Components that attack whoever reads, compiles or links them. None is ever run, and nobody else notices. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../registry/fixtures.ts';
import { coreText, handWritten, handWrittenText, toComponent } from '../registry/sample-components.ts';
import { type Arena, openArena } from './arena.ts';
import { hostile } from './kit.ts';

/** A component that can call a function of this interface. */
const importing = (name: string, type = '(func)'): Promise<Uint8Array> =>
  handWritten({
    before: `(import "${name}" (instance $s (export "run" ${type})))
      (alias export $s "run" (func $f)) (core func $lowered (canon lower (func $f)))
      (core instance $env (export "f" (func $lowered)))`,
    core: coreText({ fields: '(import "env" "f" (func $f))' }),
    with: '(with "env" (instance $env))',
  });

describe('a package that attacks its host', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena();
  });
  afterAll(() => arena.close());

  const refusal = async (component: Uint8Array, change: Record<string, unknown> = {}): Promise<string> => {
    try {
      await arena.besides(() => arena.enter('package', component, change));
    } catch (error) {
      return (error as { code: string }).code;
    }
    return 'accepted';
  };

  it('JavaScript in import, export and section names', async () => {
    await using folder = await temporaryFolder();
    const escaped = join(folder.path, 'escaped');
    const code = `'];process.getBuiltinModule('fs').writeFileSync('${escaped}','');//`;
    const body = '(param i32 i32 i32 i32) (result i32) (i32.const 0)';
    for (const text of [
      `(component (core module (func (export "${code}") ${body})))`,
      `(component (core module (import "${code}" "f" (func))))`,
      `(component (core module (import "m" "${code}" (func))))`,
      `(component (core module (@custom "${code}" "x")))`,
      `(component (core module (memory (export "${code}") 1)))`,
      handWrittenText({ core: coreText({ fields: `(func (export "${code}"))` }) }),
      handWrittenText({ after: `(@custom "${code}" "x")` }),
    ])
      expect(await refusal(await parse(text)), text).toMatch(/^REGISTRY_(REJECTED|UNSUPPORTED)$/);
    expect(existsSync(escaped)).toBe(false);
  });

  it.each([
    ['sockets', 'wasi:sockets/tcp@0.2.3'],
    ['exec', 'wasi:cli/run@0.2.3'],
    ['an unknown package', 'acme:anything/at-all@1.0.0'],
    ['a package that only looks known', 'hotcell:capabilities/logs@1.0.0'],
    ['a later version', 'wasi:cli/exit@0.3.0'],
    ['a name that every object has', 'wasi:constructor/prototype@0.2.3'],
  ])('forbidden imports: %s', async (_what, name) => {
    expect(await refusal(await importing(name))).toBe('REGISTRY_IMPORT_FORBIDDEN');
  });

  it('forbidden imports: what takes a capability that the manifest does not ask for', async () => {
    for (const name of ['log', 'now', 'random', 'config', 'secret', 'kvGet', 'send', 'bytes'] as const) {
      const call = { log: '(call $log (i32.const 0) (i32.const 0) (i32.const 0))' } as Record<string, string>;
      const component = await hostile({ imports: [name], fields: call[name] ? `(func ${call[name]})` : '' });
      expect(await refusal(component), name).toBe('REGISTRY_IMPORT_FORBIDDEN');
    }
    const component = await hostile({ imports: ['send'] });
    const http = { hosts: ['example.org'] };
    expect(await refusal(component, { capabilities: { http } })).toBe('REGISTRY_CAPABILITY_DENIED');
  });

  it('a component with 100,000 functions', async () => {
    const component = await toComponent(coreText({ fields: '(func)'.repeat(100_000) }));
    expect(await refusal(component)).toMatch(/^REGISTRY_(REJECTED|PREPARE_LIMIT)$/);
  });

  it.each([
    ['exports the counter as its own', '(global (export "hotcell:fuel") (mut i32) (i32.const 0))'],
    ['exports a table for the refill', '(table (export "hotcell:refill") 1 funcref)'],
    ['exports a start of its own', '(func (export "hotcell:start"))'],
    ['writes the global behind its last', '(func (global.set 1 (i32.const 0x7fffffff)))'],
    [
      'calls through the table behind its last',
      '(func (call_indirect 0 (param i32) (i32.const 0) (i32.const 0)))',
    ],
  ])('a module that %s', async (_what, fields) => {
    expect(await refusal(await handWritten({ core: coreText({ fields }) }))).toBe('REGISTRY_REJECTED');
  });

  it.each([
    ['the counter', '(alias core export $i "hotcell:fuel" (core global $g))'],
    ['the refill', '(alias core export $i "hotcell:refill" (core table $t))'],
    ['a start function', '(alias core export $i "hotcell:start" (core func $s))'],
  ])('a component that reaches for %s that metering adds', async (_what, after) => {
    const start = '(func $begin) (start $begin)';
    const text = handWrittenText({ core: coreText({ fields: start }), after });
    const component = await parse(text);
    expect(await refusal(component)).toBe('REGISTRY_REJECTED');
  });

  it.each([
    ['more memory than its limit', { memory: '(memory (export "memory") 5000)' }],
    ['a table of a hundred million entries', { fields: '(table 100000000 funcref)' }],
    ['a 64-bit memory', { fields: '(memory i64 1)' }],
    ['a shared memory', { fields: '(memory 1 1 shared)' }],
    [
      'objects of the garbage collector',
      { fields: '(type $s (struct (field i32))) (func (drop (struct.new $s (i32.const 1))))' },
    ],
    ['60,000 locals', { fields: `(func (local ${'i32 '.repeat(60_000)}))` }],
    ['blocks 20,000 deep', { fields: `(func ${'block '.repeat(20_000)} ${'end '.repeat(20_000)})` }],
  ])('a module with %s', async (_what, parts) => {
    expect(await refusal(await handWritten({ core: coreText(parts) }))).toMatch(
      /^(REGISTRY_(REJECTED|UNSUPPORTED)|POOL_CREATE_FAILED)$/,
    );
  });

  it('a package that says another digest than it has', async () => {
    const component = await hostile({});
    expect(await refusal(component, { sha256: '0'.repeat(64) })).toBe('REGISTRY_DIGEST_MISMATCH');
    expect(await refusal(component, { component: '../../etc/passwd' })).toBe('REGISTRY_MANIFEST_INVALID');
    expect(await refusal(component, { name: '../neighbour' })).toBe('REGISTRY_MANIFEST_INVALID');
  });
});
