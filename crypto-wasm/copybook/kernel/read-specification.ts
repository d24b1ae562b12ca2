/**
 * The first part of every payload: `{"copybook", "copies", "options"}` → the copybook's text, the texts that COPY
 * finds, and the options. What is not known is refused by name; nothing is left to defaults because it was misspelt.
 */

import { JsonKind, JsonValue, readJson } from './read-json';
import { Options } from './options';
import { readOptions } from './read-options';
import { fail, hasProblem, LIMIT, OPTIONS } from './problem';

/** Copybook, copies and options together: a thousand times a usual one, and small beside the cell's memory. */
export const SPECIFICATION_MAX_BYTES: i32 = 4 * 1024 * 1024;

export class Specification {
  copybook: string = '';
  /** In capitals: COPY names its text without case. */
  copyNames: string[] = [];
  copyTexts: string[] = [];
  options: Options = new Options();
}

/** Null with a problem set. */
export function readSpecification(at: usize, lengthBytes: i32): Specification | null {
  if (lengthBytes > SPECIFICATION_MAX_BYTES) {
    fail(LIMIT, 'the specification has more than ' + SPECIFICATION_MAX_BYTES.toString() + ' bytes');
    return null;
  }
  const root = readJson(at, lengthBytes);
  if (root === null) return null;
  const specification = new Specification();
  if (root.kind != JsonKind.OBJECT) fail(OPTIONS, 'the specification is not an object');
  let hasCopybook = false;
  for (let i = 0; i < root.keys.length; i++) {
    const key = root.keys[i];
    const value = root.values[i];
    if (key == 'copybook') {
      hasCopybook = true;
      if (value.kind != JsonKind.STRING) fail(OPTIONS, 'copybook is not a text');
      specification.copybook = value.text;
    } else if (key == 'copies') {
      readCopies(value, specification);
    } else if (key == 'options') {
      readOptions(value, specification.options);
    } else {
      fail(OPTIONS, 'the specification has an unknown member ' + key);
    }
  }
  if (!hasCopybook) fail(OPTIONS, 'the specification has no copybook');
  return hasProblem() ? null : specification;
}

function readCopies(value: JsonValue, specification: Specification): void {
  if (value.kind != JsonKind.OBJECT) fail(OPTIONS, 'copies is not an object');
  const seen = new Set<string>();
  for (let i = 0; i < value.keys.length; i++) {
    const name = value.keys[i].toUpperCase();
    const text = value.values[i];
    if (text.kind != JsonKind.STRING) fail(OPTIONS, 'copies.' + value.keys[i] + ' is not a text');
    if (seen.has(name)) fail(OPTIONS, 'copies has ' + name + ' twice: names compare without case');
    seen.add(name);
    specification.copyNames.push(name);
    specification.copyTexts.push(text.text);
  }
}
