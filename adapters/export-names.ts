/**
 * Names of the exports of a core module, rewritten: compilers whose languages cannot write `word-count` export `wordCount`.
 *
 * Only the export section is touched; everything else of the module stays as it is, byte for byte.
 * Source: WebAssembly Core Specification, Binary Format, Export Section.
 */

const PREAMBLE_BYTES = 8;
const EXPORT_SECTION = 7;
const FUNCTION = 0;

export interface CoreExport {
  readonly name: string;
  readonly isFunction: boolean;
}

interface Entry extends CoreExport {
  /** Kind and index as they stand in the module. */
  readonly target: Uint8Array;
}

/**
 * A module whose exports have the names that `namesOf` gives each: none, one or several. The input is a module that its compiler
 * made, and is not changed. Throws an Error — it has no export section.
 */
export function renameExports(
  module: Uint8Array,
  namesOf: (one: CoreExport, all: readonly CoreExport[]) => readonly { name: string; of: CoreExport }[],
): Uint8Array {
  for (let at = PREAMBLE_BYTES; at < module.length; ) {
    const size = readLeb(module, at + 1);
    const end = size.end + size.value;
    if (module[at] === EXPORT_SECTION) {
      const entries = readEntries(module.subarray(size.end, end));
      const renamed = entries.flatMap((one) => namesOf(one, entries));
      const body = renamed.flatMap(({ name, of }) => {
        const utf8 = Buffer.from(name, 'utf8');
        return [...leb(utf8.length), ...utf8, ...(of as Entry).target];
      });
      const section = [...leb(renamed.length), ...body];
      return Buffer.concat([
        module.subarray(0, at),
        Uint8Array.of(EXPORT_SECTION, ...leb(section.length), ...section),
        module.subarray(end),
      ]);
    }
    at = end;
  }
  throw new Error('the module exports nothing');
}

function readEntries(section: Uint8Array): Entry[] {
  const count = readLeb(section, 0);
  const entries: Entry[] = [];
  let at = count.end;
  for (let index = 0; index < count.value; index++) {
    const length = readLeb(section, at);
    const kindAt = length.end + length.value;
    const name = Buffer.from(section.subarray(length.end, kindAt)).toString('utf8');
    at = readLeb(section, kindAt + 1).end;
    entries.push({ name, isFunction: section[kindAt] === FUNCTION, target: section.slice(kindAt, at) });
  }
  return entries;
}

/** An unsigned number and where it ends. */
function readLeb(bytes: Uint8Array, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, factor = 1; ; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
  }
}

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 128))];
}
