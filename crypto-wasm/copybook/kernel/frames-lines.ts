/**
 * Records that are lines of text. The newline is not part of the record, nor is a carriage return before it; the last
 * line may have none. An empty line is a record of no bytes (`recordMin` 1 passes over them).
 */

import { at, endAt, isLast, Next, short, take, takeSpanned, tooLong } from './frames';
import { Framing } from './framing';

export function nextLine(framing: Framing): i32 {
  if (at == endAt) return Next.END;
  const from = at;
  const limit = min(endAt, from + <usize>framing.recordLimitBytes + 2);
  const newlineAt = findEither(from, limit, framing.newline, framing.otherNewline);
  if (newlineAt == limit) {
    if (limit < endAt) return tooLong(<i64>(limit - from));
    // The last line of a file needs no newline; before that, the line may go on.
    return isLast ? take(from, <i32>(endAt - from)) : short('of a line');
  }
  let end = newlineAt;
  if (end > from && load<u8>(end - 1) == framing.carriageReturn) end--;
  if (end - from > <usize>framing.recordLimitBytes) return tooLong(<i64>(end - from));
  takeSpanned(from, <i32>(end - from), newlineAt + 1, newlineAt + 1);
  return Next.RECORD;
}

/** Address of the first of two bytes in from … to - 1, or `to`. Looks at sixteen at a time. */
function findEither(from: usize, to: usize, one: u8, other: u8): usize {
  const ones = i8x16.splat(<i8>one);
  const others = i8x16.splat(<i8>other);
  let at = from;
  for (; at < to; at += 16) {
    const bytes = v128.load(at);
    const found = i8x16.bitmask(v128.or(i8x16.eq(bytes, ones), i8x16.eq(bytes, others)));
    if (found != 0) return min(to, at + ctz(found));
  }
  return to;
}
