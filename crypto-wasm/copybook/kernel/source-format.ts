/**
 * Lines of a copybook's text, and whether it is written in fixed or free format when nobody says.
 *
 * Fixed is what a text is that can be: every line blank up to column 7 or with a sequence number there, and an
 * indicator in column 7. One line that cannot be read like that makes it free. Texts whose entries begin in column 7,
 * which strictly is the indicator's, are common and taken as fixed.
 */

import { fail, LIMIT } from './problem';

export namespace SourceFormat {
  export const AUTO: i32 = 0;
  export const FIXED: i32 = 1;
  export const FREE: i32 = 2;
}

/** Columns 1–6 are the sequence number's, 8–72 hold text. */
export const INDICATOR_AT: i32 = 6;
export const TEXT_AT: i32 = 7;
export const TEXT_END: i32 = 72;
const TAB_WIDTH: i32 = 8;

/** Far beyond any editor's lines; a text of one endless line is not a copybook. */
export const LINE_MAX_CHARACTERS: i32 = 16_384;
/** The line that was read, UTF-16. Static, so that reading lines allocates nothing. */
const LINE: usize = memory.data(2 * 16_384);

/** The lines of a text, one after the other. There is one at a time: readers share the line's memory. */
export class Lines {
  /** Characters of the line that `next` read: without its end, tabs spread out, other control characters as spaces. */
  length: i32 = 0;
  /** From 1. */
  number: i32 = 0;
  private at: i32 = 0;

  constructor(readonly text: string) {
    if (text.length > 0 && text.charCodeAt(0) == 0xfeff) this.at = 1;
  }

  /** False at the end, and with a problem (`LIMIT`) for a line that is too long. */
  next(): bool {
    const text = this.text;
    if (this.at >= text.length) return false;
    this.number++;
    let to = 0;
    let unit = 0;
    while (this.at < text.length) {
      unit = text.charCodeAt(this.at++);
      if (unit == 0x0a) break;
      if (to > LINE_MAX_CHARACTERS - TAB_WIDTH) {
        fail(LIMIT, 'line ' + this.number.toString() + ' has more than ' + LINE_MAX_CHARACTERS.toString() + ' characters');
        return false;
      }
      if (unit != 0x09) {
        // A carriage return ends the line with the newline; elsewhere it is as good as a space.
        store<u16>(LINE + (<usize>to << 1), unit < 0x20 ? 0x20 : <u16>unit);
        to++;
        continue;
      }
      do {
        store<u16>(LINE + (<usize>to << 1), 0x20);
        to++;
      } while (to % TAB_WIDTH != 0);
    }
    while (to > 0 && unitAt(to - 1) == 0x20) to--;
    this.length = to;
    return true;
  }
}

/** A character of the line that was read last. */
@inline
export function unitAt(index: i32): i32 {
  return load<u16>(LINE + (<usize>index << 1));
}

/** A part of that line. */
export function lineText(from: i32, to: i32): string {
  return String.UTF16.decodeUnsafe(LINE + (<usize>from << 1), <usize>(to - from) << 1);
}

export function lineHas(at: i32, length: i32, first: i32, second: i32): bool {
  return at + 1 < length && unitAt(at) == first && unitAt(at + 1) == second;
}

/** The format of a text: what its lines can be. A directive that sets it is obeyed when it is read. */
export function formatOf(text: string): i32 {
  const lines = new Lines(text);
  while (lines.next()) {
    const length = lines.length;
    const first = firstNonBlank(0, length);
    if (first == length) continue;
    if (lineHas(first, length, 0x3e, 0x3e) || lineHas(first, length, 0x2a, 0x3e)) continue; // >> *>
    if (!canBeFixed(first, length)) return SourceFormat.FREE;
  }
  return SourceFormat.FIXED;
}

function canBeFixed(first: i32, length: i32): bool {
  if (first < INDICATOR_AT && !hasSequence(first, length)) return false;
  if (length <= INDICATOR_AT) return true;
  const indicator = unitAt(INDICATOR_AT);
  if (indicator == 0x20 || indicator == 0x2a || indicator == 0x2f || indicator == 0x2d) return true; // space * / -
  // D for debugging stands alone; as a letter of a word it is text, and so is a digit of a level.
  if ((indicator | 0x20) == 0x64) return length == TEXT_AT || unitAt(TEXT_AT) == 0x20;
  return beginsInIndicator(length);
}

/** Nothing before a digit in column 7: the level number of an entry that begins one column early. */
export function beginsInIndicator(length: i32): bool {
  if (length <= INDICATOR_AT || firstNonBlank(0, length) != INDICATOR_AT) return false;
  return unitAt(INDICATOR_AT) >= 0x30 && unitAt(INDICATOR_AT) <= 0x39;
}

/** Columns 1–6 hold one word from column 1 on, which is not the level number of an entry in free format. */
function hasSequence(first: i32, length: i32): bool {
  if (first > 0) return false;
  const end = length < INDICATOR_AT ? length : INDICATOR_AT;
  let wordEnd = 0;
  let isNumber = true;
  while (wordEnd < end && unitAt(wordEnd) != 0x20) {
    const unit = unitAt(wordEnd++);
    if (unit < 0x30 || unit > 0x39) isNumber = false;
    if (unit == 0x2e) return false;
  }
  if (firstNonBlank(wordEnd, end) < end) return false;
  if (!isNumber || wordEnd > 2 || length <= TEXT_AT) return true;
  if (unitAt(INDICATOR_AT) != 0x20) return true;
  const unit = unitAt(firstNonBlank(TEXT_AT, length));
  return unit >= 0x30 && unit <= 0x39;
}

/** Position of the line's first character that is not a space; `end` when there is none. */
export function firstNonBlank(from: i32, end: i32): i32 {
  let at = from;
  while (at < end && unitAt(at) == 0x20) at++;
  return at;
}
