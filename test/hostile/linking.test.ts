/** Components whose parts are linked as no toolchain links them: the host's functions where the guest's belong, and parts that reach for each other. */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coreText, handWritten, handWrittenText } from '../registry/sample-components.ts';
import { type Arena, openArena } from './arena.ts';
import { borrowing, ECHO, owning } from './kit.ts';

/** Interfaces with functions of the very shapes that a handler's parts have. */
const WASI = `
  (import "wasi:io/error@0.2.3" (instance $error (export "error" (type (sub resource)))))
  (import "wasi:cli/environment@0.2.3" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:http/types@0.2.3" (instance $http
    (export "fields" (type $fields (sub resource)))
    (export "outgoing-request" (type $request (sub resource)))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[constructor]outgoing-request" (func (param "headers" (own $fields)) (result (own $request))))
    (export "[method]outgoing-request.set-path-with-query"
      (func (param "self" (borrow $request)) (param "path-with-query" (option string)) (result (result))))))
  (alias export $http "fields" (type $f))
  (alias export $http "[constructor]fields" (func $new))
  (alias export $http "[method]outgoing-request.set-path-with-query" (func $set))
  (core module $memory (memory (export "memory") 1))
  (core instance $store (instantiate $memory))
  (alias core export $store "memory" (core memory $other))
  (core func $drop (canon resource.drop $f))
  (core func $make (canon lower (func $new)))
  (core func $path (canon lower (func $set) (memory $other)))
  (core instance $env (export "make" (func $make)) (export "path" (func $path)) (export "drop" (func $drop)))
  (alias core export $env "path" (core func $path2)) (alias core export $env "drop" (core func $drop2))
  (alias core export $env "make" (core func $make2))`;

describe('a component that is linked to do harm', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await openArena();
  });
  afterAll(() => arena.close());

  /** Installs it and, where that works, calls it: the code of the first refusal, or of the answer. */
  const outcome = async (component: Uint8Array): Promise<string> =>
    await arena.besides(async () => {
      try {
        await arena.enter('linked', component, { limits: { timeoutMs: 1_000 } });
      } catch (error) {
        return (error as { code: string }).code;
      }
      const reply = await arena.attack('linked', 'a', 'payload');
      await arena.host.remove('linked');
      return reply.code ?? String(reply.status);
    });

  const SAFE = /^(REGISTRY_(REJECTED|UNSUPPORTED)|POOL_CREATE_FAILED|EXECUTOR_(TRAP|BAD_RESULT))$/;

  it.each([
    ['allocator', '(realloc $realloc)', '(realloc $path2)'],
    ['cleanup', '(post-return $post)', '(post-return $drop2)'],
    ['invoke', '(canon lift (core func $coreinvoke)', '(canon lift (core func $path2)'],
    ['health', '(canon lift (core func $corehealth)', '(canon lift (core func $make2)'],
  ])('a function of the host as its %s', async (_what, part, host) => {
    const text = handWrittenText({ before: WASI });
    expect(text).toContain(part);
    expect(await outcome(await parse(text.replace(part, host)))).toMatch(SAFE);
    expect(arena.lost()).toBe(0);
  });

  it('functions of the host that it exports as its own', async () => {
    expect(await outcome(await borrowing())).toMatch(SAFE);
    expect(arena.lost()).toBe(0);
  });

  it.each([
    ['counter', '(import "a" "hotcell:fuel" (global (mut i32)))'],
    ['refill', '(import "a" "hotcell:refill" (table 1 funcref))'],
    ['start', '(import "a" "hotcell:start" (func))'],
  ])('a module that takes the %s of another from the whole of its exports', async (_what, taken) => {
    const component = await handWritten({
      before: `(core module $a (func $begin) (start $begin) (func (export "f")))
        (core instance $a (instantiate $a))`,
      core: coreText({ fields: taken }),
      with: '(with "a" (instance $a))',
    });
    expect(await outcome(component)).toBe('REGISTRY_REJECTED');
  });

  const AGAIN = '(call $drop (call $new (i32.const 0)))';

  it.each([
    ['recursion through its destructors', AGAIN, 'EXECUTOR_STACK_OVERFLOW'],
    [
      'recursion through its destructors that catches everything',
      `(block $c (try_table (catch_all $c) ${AGAIN}))`,
      'EXECUTOR_STACK_OVERFLOW',
    ],
    ['an endless loop in a destructor', '(loop $l (br $l))', 'EXECUTOR_FUEL'],
    ['a trap in a destructor', 'unreachable', 'EXECUTOR_TRAP'],
    ['a handle that its destructor drops again', '(call $drop (i32.const 1))', 'EXECUTOR_BAD_RESULT'],
  ])('%s', async (_what, destructor, code) => {
    const invoke = `(block $caught (try_table (catch_all $caught) ${AGAIN})) ${ECHO}`;
    expect(await outcome(await owning(destructor, invoke))).toBe(code);
    expect(arena.lost()).toBe(0);
  });
});
