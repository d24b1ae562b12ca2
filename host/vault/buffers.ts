/**
 * Buffers for what is on its way to a cell, used again by size class. They held plaintext: each is zeroed when it comes
 * back, before anybody else can have it.
 */

const KIB = 1024;
/** A record or row; a buffer of a stream in each profile with its header; a large record. Larger ones are not kept. */
const CLASS_BYTES = [4 * KIB, 20 * KIB, 36 * KIB, 68 * KIB, 264 * KIB, 1024 * KIB] as const;

export interface LentBuffer {
  /** Of just the length that was asked for; zeros at first. */
  readonly bytes: Uint8Array;
  /** Zeroes it. A second call does nothing. */
  release(): void;
}

export interface BufferSnapshot {
  readonly lentBytes: number;
  readonly idleBytes: number;
  readonly idleCount: number;
  readonly allocatedCount: number;
  readonly reusedCount: number;
}

export interface BufferPool {
  take(lengthBytes: number): LentBuffer;
  snapshot(): BufferSnapshot;
  /** Lets go of what is idle. */
  close(): void;
}

/** Keeps at most `idleMaxCount` idle buffers, of all classes together. */
export function createBufferPool(idleMaxCount: number): BufferPool {
  const idle = new Map<number, Uint8Array[]>(CLASS_BYTES.map((bytes) => [bytes, []]));
  let idleMax = idleMaxCount;
  let lentBytes = 0;
  let idleBytes = 0;
  let idleCount = 0;
  let allocatedCount = 0;
  let reusedCount = 0;

  return {
    take(lengthBytes) {
      const size = CLASS_BYTES.find((bytes) => bytes >= lengthBytes) ?? lengthBytes;
      const kept = idle.get(size);
      let whole = kept?.pop();
      if (whole === undefined) {
        whole = new Uint8Array(size);
        allocatedCount++;
      } else {
        idleBytes -= size;
        idleCount--;
        reusedCount++;
      }
      lentBytes += size;
      let lent: Uint8Array | undefined = whole;
      return {
        bytes: whole.subarray(0, lengthBytes),
        release() {
          if (lent === undefined) return;
          lent.fill(0, 0, lengthBytes);
          lentBytes -= size;
          if (kept !== undefined && idleCount < idleMax) {
            kept.push(lent);
            idleBytes += size;
            idleCount++;
          }
          lent = undefined;
        },
      };
    },
    snapshot: () => ({ lentBytes, idleBytes, idleCount, allocatedCount, reusedCount }),
    close() {
      idleMax = 0;
      idleBytes = 0;
      idleCount = 0;
      for (const kept of idle.values()) kept.length = 0;
    },
  };
}
