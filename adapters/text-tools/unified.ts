/**
 * Changes as text in the unified format: a header, and hunks of changed lines with lines around them.
 *
 * Source: POSIX.1-2024, diff, "Diff -u or -U Output Format"; the last line without a line feed is marked as GNU diff does.
 */

import { Text } from 'hotcell/typed';
import { Changes, Lines } from './diff';

/** Empty when nothing changed. */
export function unified(changes: Changes, context: i32): Text {
  const text = new Text(4096);
  const before = changes.before;
  const after = changes.after;
  if (changes.added + changes.removed == 0) return text;
  text.say('--- before\n+++ after\n');
  let x = 0;
  let y = 0;
  while (true) {
    // To the next change: lines until there are in both.
    while (x < before.count && y < after.count && !before.changed[x] && !after.changed[y]) {
      x++;
      y++;
    }
    if (x == before.count && y == after.count) return text;
    const hunk = endOfHunk(changes, x, y, context);
    const lead = min(context, min(x, y));
    putHunk(text, changes, x - lead, hunk.x, y - lead, hunk.y);
    x = hunk.x;
    y = hunk.y;
  }
}

@final
class Place {
  constructor(
    readonly x: i32,
    readonly y: i32,
  ) {}
}

/** Changes with at most twice the context between them share a hunk. */
function endOfHunk(changes: Changes, x: i32, y: i32, context: i32): Place {
  const before = changes.before;
  const after = changes.after;
  while (true) {
    while (x < before.count && before.changed[x]) x++;
    while (y < after.count && after.changed[y]) y++;
    let same = 0;
    while (x + same < before.count && y + same < after.count && !before.changed[x + same] && !after.changed[y + same]) {
      same++;
    }
    const isLast = x + same == before.count && y + same == after.count;
    if (isLast || same > 2 * context) return new Place(x + min(same, context), y + min(same, context));
    x += same;
    y += same;
  }
}

function putHunk(text: Text, changes: Changes, x: i32, xEnd: i32, y: i32, yEnd: i32): void {
  const before = changes.before;
  const after = changes.after;
  text.say('@@ -' + range(x, xEnd) + ' +' + range(y, yEnd) + ' @@\n');
  while (x < xEnd || y < yEnd) {
    if (x < xEnd && before.changed[x]) putLine(text, 0x2d, before, x++);
    else if (y < yEnd && after.changed[y]) putLine(text, 0x2b, after, y++);
    else {
      putLine(text, 0x20, before, x++);
      y++;
    }
  }
}

/** First line from 1 and number of lines; a range without lines is named by the line before it. */
function range(start: i32, end: i32): string {
  const count = end - start;
  if (count == 1) return (start + 1).toString();
  return (count == 0 ? start : start + 1).toString() + ',' + count.toString();
}

function putLine(text: Text, mark: u8, lines: Lines, index: i32): void {
  text.putByte(mark);
  const at = lines.starts[index];
  const length = lines.lengthOf(index);
  text.put(at, length);
  if (load<u8>(at + length - 1) != 0x0a) text.say('\n\\ No newline at end of file\n');
}
