/**
 * Frames that can be checked: size and content follow from a number and a seed. Also rings of any size and start.
 */

import type { FrameRing } from '../../host/executor/link.ts';
import { RING_BYTES } from '../../host/executor/ring.ts';

/** Given to `ring-fixture.ts`. */
export interface RingTask {
  readonly role: 'reader' | 'writer';
  /** Memory of a ring between threads, or the file of one between processes. */
  readonly shared: SharedArrayBuffer | number;
  readonly frames: number;
  readonly seed: number;
}

const HEADER_BYTES = 64;
const HEAD = 0;
const TAIL = 1;

/** Shared memory of a ring with `capacityBytes` of data, whose positions start at `startBytes`. */
export function ringMemory(startBytes = 0, capacityBytes: number = RING_BYTES): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(HEADER_BYTES + capacityBytes);
  const words = new Int32Array(shared);
  words[HEAD] = startBytes | 0;
  words[TAIL] = startBytes | 0;
  return shared;
}

/** Four bytes of any frame that follow from its number. Source: the finalizer of MurmurHash3. */
export function mix(frame: number, seed: number): number {
  let x = (frame + Math.imul(seed, 0x9e3779b9)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** 12 to 139 bytes, any number of them: frames need not be multiples of 8. */
export const frameBytes = (frame: number, seed: number): number => 12 + (mix(frame, ~seed) & 127);

/** Word 1 and, a byte at a time, everything behind it, so that a single byte written too far or too late shows. */
export function fillFrame(ring: FrameRing, offset: number, frame: number, seed: number): void {
  const bytes = frameBytes(frame, seed);
  const mark = mix(frame, seed);
  ring.i32[(offset >> 2) + 1] = mark;
  ring.u8.fill(mark & 0xff, offset + 8, offset + bytes);
  ring.u8[offset + bytes - 1] = (mark >>> 8) & 0xff;
}

/** What is wrong with the frame at `offset`, or undefined. */
export function checkFrame(ring: FrameRing, offset: number, frame: number, seed: number): string | undefined {
  const bytes = frameBytes(frame, seed);
  const mark = mix(frame, seed);
  if (ring.i32[offset >> 2] !== ((bytes + 7) & ~7)) return `frame ${frame} has another size`;
  if (ring.i32[(offset >> 2) + 1] !== mark) return `frame ${frame} is another frame`;
  for (let at = offset + 8; at < offset + bytes - 1; at++) {
    if (ring.u8[at] !== (mark & 0xff)) return `frame ${frame} is damaged at byte ${at - offset}`;
  }
  if (ring.u8[offset + bytes - 1] !== ((mark >>> 8) & 0xff)) return `frame ${frame} has another end`;
  return undefined;
}
