/**
 * `wasi:clocks` and `hotcell:capabilities/clock`: time as far as the grant shows it.
 *
 * Every time a guest sees is a multiple of the granted resolution, and a pollable becomes ready at such a multiple only, so
 * that waiting measures no finer than reading. Opened by the capability `clock`.
 * Source: wasi:clocks 0.2, wall-clock.wit and monotonic-clock.wit.
 */

import type { CellContext, ImportImplementation } from '../imports-contract.ts';
import { createPollable, type Pollable } from './poll.ts';

export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

const NS_PER_MS = 1_000_000;
const NS_PER_SECOND = 1_000_000_000n;

function resolutionNs(cell: CellContext): bigint {
  const { clock } = cell.grants;
  // The registry let no component import a clock that is not granted.
  if (!clock) throw new Error('a clock without a grant');
  return BigInt(Math.max(1, Math.round(clock.resolutionMs * NS_PER_MS)));
}

/** Nanoseconds since the epoch, rounded down to the resolution. */
function nowNs(cell: CellContext): bigint {
  const step = resolutionNs(cell);
  const ns = BigInt(Math.floor(cell.clock.now() * 1000)) * 1000n;
  return ns - (ns % step);
}

function toDatetime(ns: bigint): Datetime {
  return { seconds: ns / NS_PER_SECOND, nanoseconds: Number(ns % NS_PER_SECOND) };
}

/** The time as WASI writes it; undefined without a clock. For the times of files. */
export function datetimeNow(cell: CellContext): Datetime | undefined {
  return cell.grants.clock ? toDatetime(nowNs(cell)) : undefined;
}

/** A pollable that is ready from the first multiple of the resolution at or after `ns`. */
function subscribe(cell: CellContext, ns: bigint): Pollable {
  const step = resolutionNs(cell);
  const dueNs = ((ns + step - 1n) / step) * step;
  return createPollable(cell, { dueMs: Number(dueNs) / NS_PER_MS, ready: () => nowNs(cell) >= dueNs });
}

export const wallClock: ImportImplementation = {
  functions: {
    now: (cell) => toDatetime(nowNs(cell)),
    resolution: (cell) => toDatetime(resolutionNs(cell)),
  },
};

export const monotonicClock: ImportImplementation = {
  functions: {
    now: nowNs,
    resolution: resolutionNs,
    'subscribe-instant': (cell, when: bigint) => subscribe(cell, when),
    'subscribe-duration': (cell, duration: bigint) => subscribe(cell, nowNs(cell) + duration),
  },
};

export const hotcellClock: ImportImplementation = {
  functions: {
    now: (cell) => nowNs(cell) / BigInt(NS_PER_MS),
    monotonic: nowNs,
  },
};
