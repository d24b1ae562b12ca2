/**
 * Buffers for the input of calls, used again by the stream they belong to: a stream of gigabytes needs as many as it has
 * pieces under way. They are never shared between streams, so no tenant can see what another left in one.
 */

import type { Room } from './payloads.ts';

export interface Rooms {
  /** For at least `lengthBytes` of input. What it holds is left over from its last use. */
  take(lengthBytes: number): Room;
  /** The caller reads and writes it no more. */
  giveBack(room: Room): void;
}

/** `from`: bytes kept free before the input. Only rooms of `usualBytes` are kept; there are as many as were lent at once. */
export function createRooms(from: number, usualBytes: number): Rooms {
  const idle: Room[] = [];
  return {
    take(lengthBytes) {
      if (lengthBytes <= usualBytes) {
        const kept = idle.pop();
        if (kept !== undefined) return kept;
      }
      const whole = new Uint8Array(from + Math.max(lengthBytes, usualBytes));
      return { whole, from };
    },
    giveBack(room) {
      if (room.whole.length === from + usualBytes) idle.push(room);
    },
  };
}
