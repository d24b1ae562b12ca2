/**
 * JSON Pointer and JMESPath: the functions of `world.wit` in the Canonical ABI. Both give `result<string, failure>`: 0 and at 4 the
 * text; or 1 and at 4 the case, at 8 the message, at 16 the offset.
 */

import { putBytes, putText, room, Text } from 'hotcell/typed';
import { evaluate } from './evaluate';
import { readJson } from './json';
import { parseQuery } from './parse';
import { findPointer } from './pointer';
import { begin, Case, failed, failedAt, failedCase, failedMessage, Value } from './value';
import { writeJson } from './write';

export function pointer(document: usize, documentBytes: i32, pointerAt: usize, pointerBytes: i32): usize {
  begin();
  const root = readJson(document, documentBytes, Case.BadJson, 0);
  if (failed) return refusal(document);
  return answer(findPointer(root, pointerAt, pointerBytes), pointerAt);
}

export function query(document: usize, documentBytes: i32, queryAt: usize, queryBytes: i32): usize {
  begin();
  const node = parseQuery(queryAt, queryBytes);
  if (failed) return refusal(queryAt);
  const root = readJson(document, documentBytes, Case.BadJson, 0);
  if (failed) return refusal(document);
  return answer(evaluate(node, root), queryAt);
}

function answer(value: Value, asked: usize): usize {
  if (failed) return refusal(asked);
  const text = new Text(4096);
  writeJson(text, value);
  if (failed) return refusal(asked);
  const result = room(20);
  putBytes(result + 4, text.address, text.length);
  return result;
}

/** The offset is that of a character, not of a byte. */
function refusal(text: usize): usize {
  const result = room(20);
  store<u8>(result, 1);
  store<u8>(result, <u8>failedCase, 4);
  putText(result + 8, failedMessage);
  let characters = 0;
  for (let index = 0; index < failedAt; index++) if ((load<u8>(text + index) & 0xc0) != 0x80) characters++;
  store<u32>(result, characters, 16);
  return result;
}
