/**
 * The names a component may use, checked as they are read: imports, exports, instance arguments, sections, labels.
 *
 * Tools that turn a component into JavaScript paste some of its names into their output unescaped, and a core export
 * may be named like a statement: such code would run with the host's rights. So every name is checked here before any
 * tool sees the bytes, and no unchecked name ever leaves the reader. Validation of WebAssembly does not help: it allows
 * any UTF-8. Names inside the debugging sections are neither read nor used.
 */

import { type ByteReader, rejectAt } from './binary.ts';

/** Longest name, in bytes. The longest that the known toolchains write has 78; interface names rarely pass 120. */
export const NAME_MAX_BYTES = 512;

/**
 * All that real toolchains write, the empty name included, and nothing that ends a string literal, a line or (the
 * lookahead) a comment.
 */
const SAFE = /^(?!.*\*\/)[A-Za-z0-9_:/@.#$|<>*+=[\] -]*$/;

/** Words of letters and digits joined by single hyphens. Source: component model, Explainer, `label`. */
const LABEL = /^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$/;

/** Longest part of a refused name that is shown, in characters. */
const SHOWN_MAX = 80;

/** True when the name can be put between quotes in any language that tools write. */
export function isSafeName(name: string): boolean {
  return SAFE.test(name);
}

/** The name with everything outside the safe characters written as `\u{…}`, cut to a readable length. */
export function escapeName(name: string): string {
  let shown = '';
  for (const character of name) {
    shown += SAFE.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
    if (shown.length > SHOWN_MAX) break;
  }
  const whole = shown.replaceAll('*/', '*\\u{2f}');
  return whole.length > SHOWN_MAX ? `${whole.slice(0, SHOWN_MAX)}…` : whole;
}

/** Reads a name. `place` says where it stands. Throws REGISTRY_REJECTED — too long, not UTF-8, or not safe. */
export function readName(reader: ByteReader, place: string): string {
  const offset = reader.offset;
  const name = reader.text(place, NAME_MAX_BYTES);
  if (!isSafeName(name)) {
    rejectAt(offset, `${place} "${escapeName(name)}" has characters that names may not have`);
  }
  return name;
}

/** Reads the label of a field, case, flag or parameter. Throws REGISTRY_REJECTED — it is not a kebab-case word. */
export function readLabel(reader: ByteReader, place: string): string {
  const offset = reader.offset;
  const label = readName(reader, place);
  if (!LABEL.test(label)) rejectAt(offset, `${place} "${escapeName(label)}" is not a label`);
  return label;
}
