/** Answers of the host that come when nobody waits for them any more, in a cell of this thread with a host that answers on demand. */

import { expect, it } from 'vitest';
import { systemClock } from '../../host/clock.ts';
import { type Cell, type CellEnd, createCell } from '../../host/executor/cell.ts';
import { Guest } from '../../host/executor/guest.ts';
import { GuestContext, type HostPort } from '../../host/executor/imports-context.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { ServiceFailure } from '../../host/service-failure.ts';
import { ECHO, hostile } from './kit.ts';

async function cellOf(component: Uint8Array, host: HostPort): Promise<Cell> {
  const { plan } = planComponent(component);
  const code = plan.modules.map(({ offset, length }) =>
    meterModule(component.slice(offset, offset + length)),
  ) as Uint8Array<ArrayBuffer>[];
  const modules = code.map((bytes) => new WebAssembly.Module(bytes));
  return createCell(modules, plan, { grants: { kv: { maxBytes: 1024 } }, host });
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
