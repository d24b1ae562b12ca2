/**
 * Initial sizes of the memories that a core module defines; the JavaScript interface does not tell them.
 *
 * Called with modules that V8 has already compiled, so the structure is sound; the reader still stays inside the bytes
 * it was given and reports nonsense as `undefined` rather than a number. It reads section headers and the memory
 * section, nothing else. Source: WebAssembly Core Specification 3.0, binary format, §5.5 (sections), §5.3.11 (limits).
 */

const MEMORY_SECTION = 5;
/** 8 bytes: magic and version. */
const HEADER_BYTES = 8;

/** Sum of the initial sizes in 64 KiB pages; 0 without memories; undefined when the bytes are no core module. */
export function initialMemoryPages(module: Uint8Array): number | undefined {
  const cursor = { bytes: module, at: HEADER_BYTES };
  while (cursor.at < module.length) {
    const section = module[cursor.at++];
    const size = readUnsigned(cursor);
    if (size === undefined || cursor.at + size > module.length) return undefined;
    if (section === MEMORY_SECTION) return sumMemories(cursor);
    cursor.at += size;
  }
  return 0;
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function sumMemories(cursor: Cursor): number | undefined {
  const count = readUnsigned(cursor);
  if (count === undefined) return undefined;
  let pages = 0;
  for (let index = 0; index < count; index++) {
    // Bit 0: a maximum follows. Bit 1: shared. Bit 2: 64-bit addresses. Others mean sizes this reader cannot read.
    const flags = cursor.bytes[cursor.at++];
    if (flags === undefined || flags > 7) return undefined;
    const initial = readUnsigned(cursor);
    if (initial === undefined) return undefined;
    if ((flags & 1) === 1 && readUnsigned(cursor) === undefined) return undefined;
    pages += initial;
  }
  return pages;
}

/** LEB128; up to ten bytes as in 64-bit memories, as a double: exact below 2^53, and larger is over any limit. */
function readUnsigned(cursor: Cursor): number | undefined {
  let value = 0;
  for (let index = 0; index < 10; index++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  return undefined;
}
