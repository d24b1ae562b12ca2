/**
 * Writes limits into a core module: the maximum of every memory and table it defines becomes at most the limit.
 *
 * V8 enforces a declared maximum exactly and at no cost, and nothing else bounds wasm memory: a thread's own limits do
 * not cover it. Only the two sections are rewritten; every other byte stays as it was. The module was read by
 * `core-module.ts` before, so memories here are 32-bit and unshared, and tables have no initial value.
 */

import { ByteReader } from './binary.ts';
import { readCoreValueType } from './core-module.ts';
import { TABLE_ENTRIES_MAX } from './limits.ts';
import { leb128 } from './wasm-writer.ts';

const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;
/** Magic and version. */
const PREAMBLE_BYTES = 8;
/** A 32-bit memory cannot have more pages than these: 4 GiB. */
const PAGES_MAX = 65_536;

/**
 * The module with the maximum of each defined memory lowered to `maxPages` (64 KiB each), and of each defined table to
 * `TABLE_ENTRIES_MAX`; the same bytes when it defines neither. The bytes given are borrowed.
 * Throws REGISTRY_REJECTED — malformed.
 */
export function capMemories(module: Uint8Array, maxPages: number): Uint8Array {
  const reader = new ByteReader(module, PREAMBLE_BYTES);
  const pieces: Uint8Array[] = [];
  let copiedTo = 0;
  while (reader.remaining > 0) {
    const start = reader.offset;
    const id = reader.byte('a section');
    const section = reader.sized('a section');
    if (id !== TABLE_SECTION && id !== MEMORY_SECTION) continue;
    const most = id === TABLE_SECTION ? TABLE_ENTRIES_MAX : Math.min(maxPages, PAGES_MAX);
    pieces.push(module.subarray(copiedTo, start), cappedSection(module, section, id, most));
    copiedTo = reader.offset;
  }
  return copiedTo === 0 ? module : Buffer.concat([...pieces, module.subarray(copiedTo)]);
}

function cappedSection(module: Uint8Array, reader: ByteReader, id: number, most: number): Uint8Array {
  const count = reader.count('memories or tables');
  const body = [...leb128(count)];
  for (let left = count; left > 0; left--) {
    const start = reader.offset;
    if (id === TABLE_SECTION) readCoreValueType(reader);
    body.push(...module.subarray(start, reader.offset));
    const hasMaximum = reader.byte('the limits') === 1;
    const initial = reader.u32('the minimum');
    const maximum = hasMaximum ? reader.u32('the maximum') : most;
    body.push(1, ...leb128(initial), ...leb128(Math.min(maximum, most)));
  }
  return Uint8Array.from([id, ...leb128(body.length), ...body]);
}
