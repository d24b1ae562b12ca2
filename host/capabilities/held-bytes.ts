/** Bytes that all calls together hold for guests outside of their cells. Always: what is taken is given back, and never more than the bound is held. */

export interface HeldBytes {
  /** False: there is no room, and nothing was taken. */
  take(bytes: number): boolean;
  give(bytes: number): void;
  readonly bytes: number;
}

export function createHeldBytes(maxBytes: number): HeldBytes {
  let heldBytes = 0;
  return {
    take(bytes) {
      if (heldBytes + bytes > maxBytes) return false;
      heldBytes += bytes;
      return true;
    },
    give(bytes) {
      heldBytes -= bytes;
    },
    get bytes() {
      return heldBytes;
    },
  };
}
