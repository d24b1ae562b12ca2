/**
 * Hashes, differences, slugs and counts of texts: the functions of `world.wit` in the Canonical ABI.
 *
 * Each says above itself how its arguments arrive and how its result lies in memory. What it does is in the file of that name.
 * Nothing is kept between calls.
 */

import { bytesAt, putBytes, putText, room } from 'hotcell/typed';
import { compare, EDITS_MAX, LINES_MAX } from './diff';
import { hashOf } from './hash';
import { slugOf } from './slug';
import { unified } from './unified';
import { countAll } from './count';

const CONTEXT_DEFAULT: i32 = 3;
const CONTEXT_MAX: u32 = 1_000;

/** `text: string, algorithm: option<algorithm>` → `string`. */
export function hash(text: usize, textBytes: i32, isNamed: i32, algorithm: i32): usize {
  const result = room(8);
  putText(result, hashOf(text, textBytes, isNamed ? algorithm : 0));
  return result;
}

/** `data: list<u8>, algorithm: option<algorithm>` → `string`. */
export function hashBytes(data: usize, dataBytes: i32, isNamed: i32, algorithm: i32): usize {
  return hash(data, dataBytes, isNamed, algorithm);
}

/**
 * `before: string, after: string, context: option<u32>` → `result<difference, diff-failure>`: 0 and at 4 text, added, removed; or
 * 1 and at 4 the case, at 8 its number.
 */
export function diff(
  before: usize,
  beforeBytes: i32,
  after: usize,
  afterBytes: i32,
  hasContext: i32,
  context: u32,
): usize {
  const result = room(20);
  const changes = compare(bytesAt(before, beforeBytes), bytesAt(after, afterBytes));
  if (changes.problem != 0) {
    store<u8>(result, 1);
    store<u8>(result, <u8>(changes.problem - 1), 4);
    store<u32>(result, changes.problem == 1 ? LINES_MAX : EDITS_MAX, 8);
    return result;
  }
  const text = unified(changes, hasContext ? <i32>min(context, CONTEXT_MAX) : CONTEXT_DEFAULT);
  putBytes(result + 4, text.address, text.length);
  store<u32>(result, changes.added, 12);
  store<u32>(result, changes.removed, 16);
  return result;
}

/** `text: string, max-characters: option<u32>` → `result<string, slug-failure>`: 0 and at 4 the text; or 1 and at 4 the case. */
export function slug(text: usize, textBytes: i32, isLimited: i32, maxCharacters: u32): usize {
  const result = room(12);
  const words = slugOf(text, textBytes, isLimited ? maxCharacters : u32.MAX_VALUE);
  if (words.length == 0) {
    store<u8>(result, 1);
    return result;
  }
  putBytes(result + 4, words.address, words.length);
  return result;
}

/** `text: string` → `counts`: lines, words, characters, bytes. */
export function count(text: usize, textBytes: i32): usize {
  const result = room(16);
  countAll(text, textBytes, result);
  return result;
}
