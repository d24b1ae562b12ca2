/**
 * Writes a memory limit into a core module: the maximum of every memory it defines becomes at most the limit.
 *
 * V8 enforces a declared maximum exactly and at no cost, and nothing else bounds wasm memory: a thread's own limits do
 * not cover it. Only the memory section is rewritten; every other byte stays as it was. The module was read by
 * `core-module.ts` before, so memories here are 32-bit and unshared.
 */

import { ByteReader } from './binary.ts';

const MEMORY_SECTION = 5;
/** Magic and version. */
const PREAMBLE_BYTES = 8;
/** A 32-bit memory cannot have more pages than these: 4 GiB. */
const PAGES_MAX = 65_536;

/**
 * The module with the maximum of each defined memory lowered to `maxPages` (64 KiB each); the same bytes when it
 * defines none. The bytes given are borrowed.
 * Throws REGISTRY_REJECTED — malformed.
 */
export function capMemories(module: Uint8Array, maxPages: number): Uint8Array {
  const reader = new ByteReader(module, PREAMBLE_BYTES);
  while (reader.remaining > 0) {
    const start = reader.offset;
    const id = reader.byte('a section');
    const section = reader.sized('a section');
    if (id === MEMORY_SECTION) {
      const capped = cappedSection(section, Math.min(maxPages, PAGES_MAX));
      return Buffer.concat([module.subarray(0, start), capped, module.subarray(reader.offset)]);
    }
  }
  return module;
}

function cappedSection(reader: ByteReader, maxPages: number): Uint8Array {
  const count = reader.count('memories');
  const body = [...leb128(count)];
  for (let left = count; left > 0; left--) {
    const hasMaximum = reader.byte('the limits of a memory') === 1;
    const initial = reader.u32('the minimum of a memory');
    const maximum = hasMaximum ? reader.u32('the maximum of a memory') : PAGES_MAX;
    body.push(1, ...leb128(initial), ...leb128(Math.min(maximum, maxPages)));
  }
  return Uint8Array.from([MEMORY_SECTION, ...leb128(body.length), ...body]);
}

/** Unsigned LEB128. Source: WebAssembly core, 5.2.2. */
function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
