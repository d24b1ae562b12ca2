/**
 * The module that tests and benches run without a component around it: one function for every operation.
 *
 * `place` a payload, `run`, read the answer, `release`. The adapter `copybook` wraps the same `handle`.
 */

import { anchor } from './first-block';
import { answerAddress, answerBytes } from './answer';
import { keepWith } from './layout-cache';
import { handle } from './operations';
import { hasProblem, problemJson } from './problem';

let mark: usize = 0;
let base: usize = 0;

keepWith(
  () => { mark = __alloc(0); },
  () => { mark = base; },
);
mark = __alloc(0);
base = mark;

/** Address of so many bytes for the caller to write: the operation's name in UTF-8, then its payload. */
export function place(lengthBytes: i32): usize {
  return __new(lengthBytes, idof<ArrayBuffer>());
}

/** 0 answer, 1 problem (JSON), 2 no such operation. */
export function run(name: usize, nameBytes: i32, payload: usize, payloadBytes: i32): i32 {
  if (!handle(String.UTF8.decodeUnsafe(name, nameBytes), payload, payload + payloadBytes)) return 2;
  if (!hasProblem()) return 0;
  const text = String.UTF8.encode(problemJson());
  problemAddress = changetype<usize>(text);
  problemBytes = text.byteLength;
  return 1;
}

let problemAddress: usize = 0;
let problemBytes: i32 = 0;

export function resultAddress(): usize {
  return hasProblem() ? problemAddress : answerAddress;
}

export function resultBytes(): i32 {
  return hasProblem() ? problemBytes : <i32>answerBytes;
}

/** Gives back what the call allocated, except kept layouts. */
export function release(): void {
  heap.reset();
  __alloc(mark - anchor);
}
