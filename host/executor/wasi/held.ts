/**
 * What a guest makes the host hold for it, counted: resources, headers, windows of streams.
 *
 * One tally for each cell. Always: whoever holds for a resource releases when the guest drops it or hands it over, so that
 * the sum is what is really held; beyond the limit the guest ends, as no interface has an answer for it. Contents of files
 * have a limit of their own (`files.ts`).
 */

import { type CellContext, GuestTrap } from '../imports-contract.ts';

/** For one cell: hundreds of requests with their headers, and small against the memory that the cell itself may have. */
export const HELD_MAX_BYTES = 8 * 1024 * 1024;

/** What an object costs beside its contents: an estimate of JavaScript objects and a slot of the handle table. */
export const OBJECT_BYTES = 256;

const HELD = Symbol('held');

interface Tally {
  bytes: number;
}

function tallyOf(cell: CellContext): Tally {
  return cell.state<Tally>(HELD, () => ({ bytes: 0 }));
}

/** Throws GuestTrap — the cell holds too much. */
export function hold(cell: CellContext, bytes: number = OBJECT_BYTES): void {
  const tally = tallyOf(cell);
  if (tally.bytes + bytes > HELD_MAX_BYTES) {
    throw new GuestTrap(`the guest holds more than ${HELD_MAX_BYTES} bytes of resources of the host`);
  }
  tally.bytes += bytes;
}

export function release(cell: CellContext, bytes: number = OBJECT_BYTES): void {
  tallyOf(cell).bytes -= bytes;
}

/** For tests and metrics: what is held now, in bytes. */
export function heldBytes(cell: CellContext): number {
  return tallyOf(cell).bytes;
}
