import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/errors.ts';
import { GuestTrap } from '../../../host/executor/imports.ts';
import { POLL_MAX_COUNT, WAIT_MAX_MS } from '../../../host/executor/wasi/poll.ts';
import { createFakeCell, type FakeCell } from './fake-cell.ts';

const MS = 1_000_000n;
const cellWith = (resolutionMs: number, deadlineMs?: number): FakeCell =>
  createFakeCell({ grants: { clock: { resolutionMs } }, ...(deadlineMs !== undefined && { deadlineMs }) });

const MONOTONIC = 'wasi:clocks/monotonic-clock#';
const POLL = 'wasi:io/poll#';

describe('time', () => {
  it('is shown in multiples of the granted resolution, by every clock alike', async () => {
    const cell = cellWith(20);
    await cell.clock.advance(1_019.9);
    expect(cell.call('wasi:clocks/wall-clock#now')).toEqual({ seconds: 1_001n, nanoseconds: 0 });
    expect(cell.call(`${MONOTONIC}now`)).toBe(1_001_000n * MS);
    expect(cell.call('hotcell:capabilities/clock#now')).toBe(1_001_000n);
    expect(cell.call('hotcell:capabilities/clock#monotonic')).toBe(1_001_000n * MS);
    expect(cell.call('wasi:clocks/wall-clock#resolution')).toEqual({ seconds: 0n, nanoseconds: 20_000_000 });
    expect(cell.call(`${MONOTONIC}resolution`)).toBe(20n * MS);
    await cell.clock.advance(0.1);
    expect(cell.call('wasi:clocks/wall-clock#now')).toEqual({ seconds: 1_001n, nanoseconds: 20_000_000 });
  });

  it('can be finer than a millisecond when that is granted', async () => {
    const cell = cellWith(0.001);
    await cell.clock.advance(0.25);
    expect(cell.call(`${MONOTONIC}now`)).toBe(1_000_000_250_000n);
  });
});

describe('waiting', () => {
  it('ends at the first multiple of the resolution that is late enough, and no sooner', async () => {
    const cell = cellWith(10);
    const pollable = cell.call(`${MONOTONIC}subscribe-duration`, 15n * MS);
    let isOver = false;
    const waiting = cell.call(`${POLL}[method]pollable.block`, pollable).then(() => {
      isOver = true;
    });
    await cell.clock.advance(19);
    expect(isOver).toBe(false);
    expect(cell.call(`${POLL}[method]pollable.ready`, pollable)).toBe(false);
    await cell.clock.advance(1);
    await waiting;
    expect(cell.call(`${POLL}[method]pollable.ready`, pollable)).toBe(true);
  });

  it('does not suspend the guest for a moment that has passed', () => {
    const cell = cellWith(1);
    const past = cell.call(`${MONOTONIC}subscribe-instant`, 0n);
    expect(cell.call(`${POLL}[method]pollable.block`, past)).toBeUndefined();
    expect(cell.call(`${POLL}poll`, [past, past])).toEqual([0, 1]);
  });

  it('for several moments ends with the first of them', async () => {
    const cell = cellWith(1);
    const pollables = [30n, 10n, 20n, 10n].map((ms) => cell.call(`${MONOTONIC}subscribe-duration`, ms * MS));
    const ready = cell.call(`${POLL}poll`, pollables);
    await cell.clock.advance(10);
    expect(await ready).toEqual([1, 3]);
  });

  it('past the deadline of the call ends the cell', async () => {
    const cell = cellWith(1, 1_000_050);
    const never = cell.call(`${MONOTONIC}subscribe-instant`, 2n ** 64n - 1n);
    const waiting = cell.call(`${POLL}poll`, [never]);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'EXECUTOR_DEADLINE' });
    await cell.clock.advance(50);
    await refused;
    await expect(waiting).rejects.toBeInstanceOf(HostError);
  });

  it('has an end even where no call has a deadline', async () => {
    const cell = cellWith(1);
    const never = cell.call(`${MONOTONIC}subscribe-duration`, 2n ** 63n);
    const refused = expect(cell.call(`${POLL}[method]pollable.block`, never)).rejects.toMatchObject({
      code: 'EXECUTOR_DEADLINE',
    });
    await cell.clock.advance(WAIT_MAX_MS);
    await refused;
  });

  it('for longer than a timer of the platform can is done in several', async () => {
    const days = 40 * 86_400_000;
    const cell = cellWith(1, 1_000_000 + 2 * days);
    const waiting = cell.call(
      `${POLL}[method]pollable.block`,
      cell.call(`${MONOTONIC}subscribe-duration`, BigInt(days) * MS),
    );
    await cell.clock.advance(days);
    await waiting;
    expect(cell.clock.now()).toBe(1_000_000 + days);
  });

  it('for nothing, or for more than anybody needs, traps', () => {
    const cell = cellWith(1);
    expect(() => cell.call(`${POLL}poll`, [])).toThrow(GuestTrap);
    const pollable = cell.call(`${MONOTONIC}subscribe-duration`, 0n);
    expect(() => cell.call(`${POLL}poll`, Array(POLL_MAX_COUNT + 1).fill(pollable))).toThrow(GuestTrap);
  });
});

describe('pollables', () => {
  it('are counted until they are dropped', () => {
    const cell = cellWith(1);
    const pollables = Array.from({ length: 100 }, () => cell.call(`${MONOTONIC}subscribe-duration`, MS));
    expect(cell.heldBytes()).toBeGreaterThan(0);
    for (const pollable of pollables) cell.drop(`${POLL}pollable`, pollable);
    expect(cell.heldBytes()).toBe(0);
  });

  it('that are never dropped end the guest, not the host', () => {
    const cell = cellWith(1);
    expect(() => {
      for (;;) cell.call(`${MONOTONIC}subscribe-duration`, MS);
    }).toThrow(GuestTrap);
  });
});
