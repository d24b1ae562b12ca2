/**
 * Which operation means what. Every payload begins with `u32 specification bytes, specification` (UTF-8 JSON: the
 * copybook, what it copies, the options); `README.md` beside this folder has the layouts byte by byte.
 */

import { clearProblem, fail, hasProblem, PAYLOAD } from './problem';
import { layoutOf } from './layout-cache';
import { Layout } from './layout';
import { answerLayout } from './answer-layout';
import { decode } from './decode';
import { encode } from './encode';
import { cut } from './cut';
import { detect } from './detect';

/** False when the operation does not exist. Otherwise `hasProblem()`, or `answerAddress` and `answerBytes`, say it. */
export function handle(operation: string, at: usize, end: usize): bool {
  clearProblem();
  const known =
    operation == 'decode' || operation == 'encode' || operation == 'cut' ||
    operation == 'layout' || operation == 'detect';
  if (!known) return false;
  if (end - at < 4 || <usize>load<u32>(at) > end - at - 4) {
    fail(PAYLOAD, 'the payload begins with the length of the specification, then the specification');
    return true;
  }
  const specificationBytes = load<i32>(at);
  const layout = layoutOf(at + 4, specificationBytes);
  if (layout === null || hasProblem()) return true;
  const rest = at + 4 + specificationBytes;
  if (operation == 'decode') decode(layout, rest, end);
  else if (operation == 'encode') encode(layout, rest, end);
  else if (operation == 'cut') cut(layout, rest, end);
  else if (operation == 'layout') answerLayout(layout);
  else detect(layout, rest, end);
  return true;
}
