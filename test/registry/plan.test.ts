import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { beforeAll, describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { planComponent } from '../../host/registry/plan.ts';
import {
  coreText,
  HANDLER,
  HELLO_JS,
  handWritten,
  handWrittenText,
  quickJsComponent,
  toComponent,
} from './sample-components.ts';

function refusal(bytes: Uint8Array): HostError {
  try {
    planComponent(bytes);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the component was accepted');
}

describe('a component of one module', () => {
  it('is planned from its canon lifts', async () => {
    const bytes = await toComponent(coreText());
    const { plan, imports } = planComponent(bytes);
    expect(imports).toEqual([]);
    expect(plan.instances).toEqual([{ module: 0, imports: [] }]);
    expect(plan.memoryCount).toBe(1);
    expect(plan.handler?.invoke).toEqual({
      core: { instance: 0, name: `${HANDLER}#invoke` },
      memory: { instance: 0, name: 'memory' },
      realloc: { instance: 0, name: 'cabi_realloc' },
      postReturn: { instance: 0, name: `cabi_post_${HANDLER}#invoke` },
      encoding: 'utf8',
    });
    expect(plan.handler?.health.core).toEqual({ instance: 0, name: `${HANDLER}#health` });
    expect(plan.handler?.health.postReturn).toBeUndefined();
    const [range] = plan.modules;
    const module = bytes.subarray(range?.offset, (range?.offset ?? 0) + (range?.length ?? 0));
    expect(WebAssembly.validate(module)).toBe(true);
  });

  it('carries the string encoding of its lift', async () => {
    expect(planComponent(await toComponent(coreText(), 'utf16')).plan.handler?.invoke.encoding).toBe('utf16');
  });

  it('is linked by what its lifts say, never by the names of its exports', async () => {
    const text = handWrittenText()
      .replaceAll('"cabi_realloc"', '"grow it"')
      .replaceAll('"memory"', '"pages"')
      .replace('(global $next', '(export "cabi_realloc" (func $decoy)) (func $decoy) (global $next');
    const invoke = planComponent(await parse(text)).plan.handler?.invoke;
    expect(invoke?.realloc).toEqual({ instance: 0, name: 'grow it' });
    expect(invoke?.memory).toEqual({ instance: 0, name: 'pages' });
  });
});

describe('a QuickJS component', () => {
  let bytes: Uint8Array;
  beforeAll(async () => {
    bytes = await quickJsComponent(HELLO_JS);
  });

  it('is resolved through its nested components and shims', () => {
    const { plan, imports } = planComponent(bytes);
    expect(imports).toEqual([]);
    expect(plan.instances.length).toBeGreaterThan(5);
    // Handler, memory and allocator lie in different instances.
    expect(plan.handler?.invoke.core.instance).not.toBe(plan.handler?.invoke.memory?.instance);
    expect(plan.memoryCount).toBe(3);
    // Two of them are empty; the third holds the heap that the engine was snapshotted with.
    expect(plan.memoryPages).toBeGreaterThan(10);
  });

  it('hands every core import either an export of an earlier instance or a trap with a reason', () => {
    const { plan } = planComponent(bytes);
    const items = plan.instances.flatMap(({ imports }, instance) =>
      imports.map(({ item }) => ({ item, instance })),
    );
    expect(items.some(({ item }) => item.kind === 'trap')).toBe(true);
    for (const { item, instance } of items) {
      if (item.kind === 'trap') expect(item.reason).toMatch(/was called/);
      else expect(item.kind === 'export' && item.instance).toBeLessThan(instance);
    }
  });

  it('has a plan that survives JSON', () => {
    const { plan } = planComponent(bytes);
    const copy = JSON.parse(JSON.stringify(plan));
    expect(copy.instances).toEqual(plan.instances);
    expect(copy.handler).toEqual(plan.handler);
  });
});

describe('the contract', () => {
  const wrong: [string, Parameters<typeof handWritten>[0], RegExp][] = [
    [
      'a case too many',
      {
        failure:
          '(variant (case "bad-input" string) (case "not-found" string) (case "internal" string) (case "x"))',
      },
      /has func\(.*internal\(string\), x\}/,
    ],
    [
      'cases in another order',
      { failure: '(variant (case "not-found" string) (case "bad-input" string) (case "internal" string))' },
      /variant\{not-found/,
    ],
    [
      'other parameter names',
      { invoke: '(func (param "op" string) (param "payload" $bytes) (result $output))' },
      /has func\(op: string/,
    ],
    [
      'text for bytes',
      { invoke: '(func (param "operation" string) (param "payload" string) (result $output))' },
      /payload: string/,
    ],
    ['no result', { invoke: '(func (param "operation" string) (param "payload" $bytes))' }, /list<u8>\)$/],
    ['an unchecked health', { health: '(func)' }, /health must have type .* but has func\(\)$/],
    ['no realloc', { options: '(memory $memory)' }, /without realloc/],
    ['no memory', { options: '(realloc $realloc)' }, /without a memory/],
    [
      'a post-return for a realloc',
      { options: '(memory $memory) (realloc $post)' },
      /realloc of invoke must be/,
    ],
    [
      'a realloc for a post-return',
      { options: '(memory $memory) (realloc $realloc) (post-return $realloc)' },
      /post-return of invoke must be/,
    ],
    [
      'a core function of another signature',
      {
        core: coreText()
          .replace('(param $inlen i32)', '(param $inlen i64)')
          .replace('(local.get $inlen)', '(i32.const 0)'),
      },
      /must be \(i32 i32 i32 i32\) -> i32, but is \(i32 i32 i32 i64\) -> i32/,
    ],
  ];
  it.each(wrong)('is not met by %s', async (_, parts, detail) => {
    const error = refusal(await handWritten(parts));
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toMatch(detail);
  });

  it('is met by the same component without those faults', async () => {
    expect(planComponent(await handWritten()).plan.instances).toHaveLength(1);
  });

  it.each(['hotcell:adapter/handler@1.0.1', 'hotcell:adapter/handler'])(
    'is that of another world under the name %s',
    async (name) => {
      const { plan } = planComponent(await handWritten({ name }));
      expect(plan.handler).toBeUndefined();
      expect(plan.exports.map((one) => `${one.interface}#${one.name}`)).toEqual([
        `${name}#invoke`,
        `${name}#health`,
      ]);
    },
  );

  it('needs both functions', async () => {
    const error = refusal(await parse(`(component (instance $i) (export "${HANDLER}" (instance $i)))`));
    expect(error.detail).toMatch(/no function invoke/);
  });

  it('is not met by a core module', async () => {
    expect(refusal(await parse(coreText())).detail).toMatch(/core module, not a component/);
  });
});

describe('features that cells do not have', () => {
  const unsupported: [string, Parameters<typeof handWritten>[0], RegExp][] = [
    [
      'latin1+utf16',
      { options: 'string-encoding=latin1+utf16 (memory $memory) (realloc $realloc)' },
      /latin1\+utf16/,
    ],
    ['async lift', { options: 'async (memory $memory) (realloc $realloc)' }, /option async/],
    ['a builtin for tasks', { after: '(core func (canon backpressure.inc))' }, /backpressure\.inc/],
    [
      'a builtin for streams',
      { after: '(type $s (stream u8)) (core func (canon stream.new $s))' },
      /stream\.new/,
    ],
    [
      'a builtin for futures',
      { after: '(type $f (future u8)) (core func (canon future.drop-readable $f))' },
      /future\./,
    ],
    ['error contexts', { after: '(core func (canon error-context.drop))' }, /error-context\.drop/],
    ['threads', { after: '(core func (canon thread.index))' }, /thread\.index/],
    ['waiting', { after: '(core func (canon waitable-set.new))' }, /waitable-set\.new/],
    ['64-bit memory', { after: '(core module (memory i64 1))' }, /64-bit memory/],
    ['shared memory', { after: '(core module (memory 1 1 shared))' }, /shared memory/],
    [
      'an imported shared memory',
      { after: '(core module (import "a" "b" (memory 1 1 shared)))' },
      /shared memory/,
    ],
  ];
  it.each(unsupported)('such as %s are named', async (_, parts, detail) => {
    const error = refusal(await handWritten(parts));
    expect(error.code).toBe('REGISTRY_UNSUPPORTED');
    expect(error.detail).toMatch(detail);
  });
});

describe('calls between components', () => {
  const inner = (body: string): string => `
    (component $other
      (core module $m (func (export "f") (result i32) ${body}))
      (core instance $i (instantiate $m))
      (alias core export $i "f" (core func $f))
      (func $lifted (result u32) (canon lift (core func $f)))
      (export "f" (func $lifted)))
    (instance $o (instantiate $other))
    (alias export $o "f" (func $f))
    (core func $lowered (canon lower (func $f)))
    (core instance $env (export "f" (func $lowered)))`;
  const core = coreText({ fields: '(import "env" "f" (func $f (result i32)))' });

  it('are accepted when the callee is nothing but unreachable, and become a trap', async () => {
    const bytes = await handWritten({
      before: inner('unreachable'),
      core,
      with: '(with "env" (instance $env))',
    });
    const { plan } = planComponent(bytes);
    const [item] = plan.instances[1]?.imports ?? [];
    expect(item).toEqual({
      module: 'env',
      name: 'f',
      item: { kind: 'trap', reason: '"f" was called; the component leaves it unimplemented' },
    });
  });

  it.each([
    ['returns', '(i32.const 1)'],
    ['does something before it traps', '(drop (i32.const 1)) unreachable'],
    ['has locals', '(local i32) unreachable'],
  ])('are refused when the callee %s', async (_, body) => {
    const error = refusal(
      await handWritten({ before: inner(body), core, with: '(with "env" (instance $env))' }),
    );
    expect(error.code).toBe('REGISTRY_UNSUPPORTED');
    expect(error.detail).toMatch(/composed components that call each other: "f"/);
  });

  it('are refused when the callee only passes an import on', async () => {
    const before = `
      (component $other
        (core module $real (func (export "g") (result i32) (i32.const 1)))
        (core instance $r (instantiate $real))
        (core module $m (import "r" "g" (func $g (result i32))) (func unreachable) (export "f" (func $g)))
        (core instance $i (instantiate $m (with "r" (instance $r))))
        (alias core export $i "f" (core func $f))
        (func $lifted (result u32) (canon lift (core func $f)))
        (export "f" (func $lifted)))
      (instance $o (instantiate $other))
      (alias export $o "f" (func $f))
      (core func $lowered (canon lower (func $f)))`;
    expect(refusal(await handWritten({ before })).code).toBe('REGISTRY_UNSUPPORTED');
  });

  it('on resources become traps, as no handle can exist', async () => {
    const before = `(type $r (resource (rep i32)))
      (core func $new (canon resource.new $r)) (core func $drop (canon resource.drop $r))
      (core instance $env (export "new" (func $new)) (export "drop" (func $drop)))`;
    const fields =
      '(import "env" "new" (func (param i32) (result i32))) (import "env" "drop" (func (param i32)))';
    const bytes = await handWritten({
      before,
      core: coreText({ fields }),
      with: '(with "env" (instance $env))',
    });
    expect(planComponent(bytes).plan.instances[0]?.imports.map(({ item }) => item.kind)).toEqual([
      'trap',
      'trap',
    ]);
  });
});

describe('hostile structure', () => {
  const unfinished: [string, string, RegExp][] = [
    ['an index that does not exist', '(alias core export 7 "x" (core func))', /does not exist/],
    [
      'a core export that does not exist',
      '(core module $m) (core instance $i (instantiate $m)) (alias core export $i "x" (core func))',
      /missing/,
    ],
    [
      'a core export of another sort',
      '(core module $m (memory (export "x") 1)) (core instance $i (instantiate $m)) (alias core export $i "x" (core func))',
      /is a core memory/,
    ],
    [
      'a core import that nobody provides',
      '(core module $m (import "a" "b" (func))) (core instance (instantiate $m))',
      /core import "b" from "a" is missing/,
    ],
    [
      'an argument that is missing',
      '(component $c (import "f" (func))) (instance (instantiate $c))',
      /argument "f" is missing/,
    ],
    [
      'an argument of another sort',
      '(component $c (import "f" (func))) (type $t u8) (instance (instantiate $c (with "f" (type $t))))',
      /argument "f" is a type/,
    ],
    [
      'a component that is handed to itself',
      `(component $c (import "x" (component $x)) (instance (instantiate $x (with "x" (component $x)))))
       (instance (instantiate $c (with "x" (component $c))))`,
      /instantiate each other more than 16 deep/,
    ],
  ];
  it.each(unfinished)('such as %s is refused', async (_, text, detail) => {
    const error = refusal(await parse(`(component ${text})`));
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toMatch(detail);
  });

  it('that doubles the instances level by level is stopped by their limit', async () => {
    let text = '(component $c0)';
    for (let i = 1; i <= 12; i++) {
      text += `(component $c${i} (alias outer 1 $c${i - 1} (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))`;
    }
    const error = refusal(await parse(`(component ${text} (instance (instantiate $c12)))`));
    expect(error.detail).toMatch(/more than 200 instances/);
  });

  it.each([
    [
      'objects in the heap of the engine',
      '(type (struct (field i64)))',
      'REGISTRY_UNSUPPORTED',
      /garbage-collected/,
    ],
    [
      'arrays in the heap of the engine',
      '(type (array (mut i8)))',
      'REGISTRY_UNSUPPORTED',
      /garbage-collected/,
    ],
    [
      'exceptions that hold each other',
      '(tag (param exnref))',
      'REGISTRY_UNSUPPORTED',
      /carries a reference/,
    ],
    [
      'exceptions as large as it likes',
      `(tag (param ${'i64 '.repeat(17)}))`,
      'REGISTRY_REJECTED',
      /17 values/,
    ],
    ['a table of ten million entries', '(table 10000000 funcref)', 'REGISTRY_REJECTED', /limit is 100000/],
    [
      'a table with a value for each entry',
      '(table 9 funcref (ref.null func))',
      'REGISTRY_UNSUPPORTED',
      /initial value/,
    ],
    ['many tables', '(table 1 funcref)'.repeat(33), 'REGISTRY_REJECTED', /33 tables; the limit is 32/],
    [
      'ten thousand memories',
      '(memory 0)'.repeat(10_000),
      'REGISTRY_REJECTED',
      /10001 memories; the limit is 16/,
    ],
  ])('with %s, which no memory limit covers, is refused', async (_, fields, code, detail) => {
    const after = `(core module $n ${fields}) (core instance (instantiate $n))`;
    const error = refusal(
      await handWritten({ core: coreText({ memory: '(memory (export "memory") 1)' }), after }),
    );
    expect(error.code).toBe(code);
    expect(error.detail).toMatch(detail);
  });

  it('may rename a core memory through instances without being lost', async () => {
    const core = '(module (import "env" "mem" (memory 1)) (func (export "f")))';
    const bytes = await handWritten({
      after: `(core instance $env (export "mem" (memory $memory)))
        (core module $n ${core.replace('(module', '')}
        (core instance (instantiate $n (with "env" (instance $env))))`,
    });
    const { plan } = planComponent(bytes);
    expect(plan.instances[1]?.imports[0]?.item).toEqual({ kind: 'export', instance: 0, name: 'memory' });
    expect(plan.memoryCount).toBe(1);
  });

  it('counts the memory of a module once for each instance of it', async () => {
    const { plan: one } = planComponent(await handWritten());
    const bytes = await handWritten({
      after: `(core module $n (memory 7) (memory 2))
        (core instance (instantiate $n)) (core instance (instantiate $n)) (core instance (instantiate $n))`,
    });
    const { plan } = planComponent(bytes);
    expect(plan.memoryCount).toBe(one.memoryCount + 6);
    expect(plan.memoryPages).toBe(one.memoryPages + 27);
  });
});
