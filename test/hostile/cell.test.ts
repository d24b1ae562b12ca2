/** Attacks on a cell of this thread, with a host that answers when the test says: what whole hosts do not show. */

import { expect, it } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { type Cell, type CellEnd, createCell } from '../../host/executor/cell.ts';
import { Guest } from '../../host/executor/guest.ts';
import { GuestContext, type HostPort } from '../../host/executor/imports-context.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { ServiceFailure } from '../../host/service-failure.ts';
import { coreText, handWritten } from '../registry/sample-components.ts';
import { answer, ECHO, type HostileParts, hostile } from './kit.ts';

async function cellOf(component: Uint8Array, host: HostPort): Promise<Cell> {
  const { plan } = planComponent(component);
  const code = plan.modules.map(({ offset, length }) =>
    meterModule(component.slice(offset, offset + length)),
  ) as Uint8Array<ArrayBuffer>[];
  const modules = code.map((bytes) => new WebAssembly.Module(bytes));
  const http = {
    hosts: ['example.org'],
    methods: ['GET'],
    plain: true,
    privateRanges: [],
    requestMaxBytes: 1024,
    responseMaxBytes: 1024,
    callMaxRequests: 10,
    timeoutMs: 1000,
  };
  return createCell(modules, plan, { grants: { kv: { maxBytes: 1024 }, random: {}, http }, host });
}

it('timing out while suspended in a host call: the answer that comes later enters the dead cell no more', async () => {
  const question = Promise.withResolvers<unknown>();
  const cell = await cellOf(
    await hostile({
      imports: ['kvGet'],
      invoke: `(call $kvGet (i32.const 1024) (i32.const 1) (i32.const 2048)) ${ECHO}`,
    }),
    { service: () => question.promise, log: () => {} },
  );
  let end: CellEnd | undefined;
  const bytes = new Uint8Array(4);
  const ended = cell.invokeSuspendably(
    bytes,
    bytes,
    100,
    () => {},
    (how) => {
      end = how;
    },
    { deadlineMs: systemClock.now() + 20, fuelMax: Number.POSITIVE_INFINITY },
  );
  await ended;
  expect(end).toMatchObject({ kind: 'crash', code: 'EXECUTOR_DEADLINE' });
  const { fuelUsed } = cell;
  // With a text, for which the allocator of the guest would be called.
  question.reject(new ServiceFailure('unavailable', 'too late'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(cell.fuelUsed).toBe(fuelUsed);
});

it.each<[string, HostileParts]>([
  [
    'a value of 3 MB for the store',
    {
      imports: ['kvSet'],
      memory: '(memory (export "memory") 1000)',
      invoke: `(call $kvSet (i32.const 1024) (i32.const 1) (i32.const 1024) (i32.const 3000000) (i32.const 512))`,
    },
  ],
  [
    'a request with 14,000 headers',
    {
      imports: ['send'],
      memory: '(memory (export "memory") 100)',
      invoke: `(global.set $next (i32.const 4000000))
        (call $send (i32.const 1024) (i32.const 0) (i32.const 1024) (i32.const 0) (i32.const 65536) (i32.const 14000)
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 512))`,
    },
  ],
  [
    'a request with a body beyond its grant',
    {
      imports: ['send'],
      memory: '(memory (export "memory") 100)',
      invoke: `(global.set $next (i32.const 4000000))
        (call $send (i32.const 1024) (i32.const 0) (i32.const 1024) (i32.const 0) (i32.const 65536) (i32.const 0)
          (i32.const 1) (i32.const 1024) (i32.const 3000000) (i32.const 0) (i32.const 0) (i32.const 512))`,
    },
  ],
])('%s is refused before it gets to the loop that serves everybody', async (_what, { invoke, ...parts }) => {
  const asked: string[] = [];
  const service = (method: string): Promise<never> => {
    asked.push(method);
    return Promise.reject(new ServiceFailure('failed', 'asked'));
  };
  const cell = await cellOf(
    await hostile({ ...parts, invoke: `${invoke} ${answer('(i32.const 512)', '(i32.const 8)')}` }),
    {
      service,
      log: () => {},
    },
  );
  const ends: CellEnd[] = [];
  let result = new Uint8Array();
  const take = (bytes: Uint8Array): void => {
    result = bytes.slice();
  };
  const bounds = { deadlineMs: Number.POSITIVE_INFINITY, fuelMax: Number.POSITIVE_INFINITY };
  await cell.invokeSuspendably(result, result, 8, take, (end) => ends.push(end), bounds);
  expect(ends).toEqual([{ kind: 'ok' }]);
  // An error that the guest is told as a value.
  expect(result[0]).toBe(1);
  expect(asked).toEqual([]);
});

it('64 questions left open by each call do not add up to more in the next', async () => {
  const open: (() => void)[] = [];
  const context = new GuestContext(
    new Guest(),
    {},
    { service: () => new Promise<void>((resolve) => open.push(resolve)), log: () => {} },
  );
  const left: Promise<unknown>[] = [];
  const ask = (): void => void left.push(context.service('http.open', {}));
  for (let calls = 0; calls < 3; calls++) {
    context.begin();
    for (let count = 0; count < 64; count++) ask();
    await expect(context.service('http.open', {})).rejects.toMatchObject({ code: 'quota' });
  }
  context.begin();
  for (const answer of open.splice(0)) answer();
  await Promise.all(left.splice(0));
  for (let count = 0; count < 64; count++) ask();
  await expect(context.service('http.open', {})).rejects.toMatchObject({ code: 'quota' });
  for (const answer of open) answer();
  await Promise.all(left);
});

it('host work without end in start: fuel would last for minutes of it, so its time is bounded too', async () => {
  const component = await handWritten({
    before: `(import "wasi:random/random@0.2.3" (instance $random
        (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
      (alias export $random "get-random-bytes" (func $bytes))
      (core module $own (memory (export "memory") 20)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
      (core instance $own (instantiate $own))
      (alias core export $own "memory" (core memory $m)) (alias core export $own "realloc" (core func $r))
      (core func $lowered (canon lower (func $bytes) (memory $m) (realloc $r)))
      (core instance $env (export "bytes" (func $lowered)))`,
    core: coreText({
      fields: `(import "env" "bytes" (func $bytes (param i64 i32)))
        (func $begin (loop $l (call $bytes (i64.const 1048576) (i32.const 0)) (br $l))) (start $begin)`,
    }),
    with: '(with "env" (instance $env))',
  });
  const host = { service: () => Promise.reject(new Error('nobody asked')), log: () => {} };
  await expect(cellOf(component, host)).rejects.toMatchObject({
    code: 'POOL_CREATE_FAILED',
    detail: 'the start function took more than 2000 ms',
  });
});
