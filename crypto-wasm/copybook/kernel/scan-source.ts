/**
 * One text → its tokens: lines in fixed or free format are joined where they continue one another, comments fall away,
 * and what is left is split at separators.
 *
 * A logical line is what remains of a line and its continuations. Only fixed format continues lines: within a word the
 * next line's first character follows directly, within a literal the line counts up to column 72 and the next one
 * begins with a quote. Only tokens are allocated.
 */

import {
  beginsInIndicator, firstNonBlank, formatOf, INDICATOR_AT, lineHas, Lines, lineText, SourceFormat, TEXT_AT, TEXT_END,
  unitAt,
} from './source-format';
import { fail, failAt, hasProblem, LIMIT } from './problem';
import { createToken, inSource, Token, TokenKind } from './token';

/** A line with all that continues it. Literals have up to 160 characters, in hexadecimal twice as many. */
const LOGICAL_MAX_CHARACTERS: i32 = 65_536;
/** The logical line, UTF-16. */
const LOGICAL: usize = memory.data(2 * 65_536);

/** Adds the tokens of a text. `source` names it in problems; empty for the copybook. */
export function scanSource(text: string, source: string, format: i32, tokens: Token[]): void {
  const scanner = new Scanner(source, tokens, format == SourceFormat.AUTO);
  scanner.isFree = (format == SourceFormat.AUTO ? formatOf(text) : format) == SourceFormat.FREE;
  const lines = new Lines(text);
  while (!hasProblem() && lines.next()) scanner.take(lines.length, lines.number);
  if (!hasProblem()) scanner.flush();
}

class Scanner {
  isFree: bool = false;
  /** Characters of the logical line so far, and where its pieces come from. */
  private length: i32 = 0;
  private readonly starts: i32[] = [];
  private readonly lineNumbers: i32[] = [];
  private readonly columns: i32[] = [];
  /** The quote of a literal that the logical line has not closed, or 0. */
  private openQuote: i32 = 0;
  /** The line that is being read. */
  private number: i32 = 0;

  constructor(
    readonly source: string,
    readonly tokens: Token[],
    readonly isLenient: bool,
  ) {}

  take(length: i32, number: i32): void {
    this.number = number;
    const first = firstNonBlank(0, length);
    if (first == length) return;
    if (lineHas(first, length, 0x2a, 0x3e)) return; // *>
    if (lineHas(first, length, 0x3e, 0x3e)) this.obey(first, length); // >>
    else if (!this.isFree) this.takeFixed(length);
    // A lone asterisk in column 1 or 7 begins a comment of fixed format; no entry begins like that.
    else if (!this.isLenient || (first != 0 && first != INDICATOR_AT) || unitAt(first) != 0x2a) {
      this.begin(first, length);
    }
  }

  private takeFixed(length: i32): void {
    if (length <= INDICATOR_AT) return;
    const end = length < TEXT_END ? length : TEXT_END;
    switch (unitAt(INDICATOR_AT)) {
      case 0x2a: // *
      case 0x2f: // /
      case 0x44: // D: a debugging line is a comment unless the program says otherwise
      case 0x64:
        return;
      case 0x2d: // -
        this.continueWith(end);
        return;
      case 0x20:
        this.begin(firstNonBlank(TEXT_AT, end), end);
        return;
      default:
        if (this.isLenient && beginsInIndicator(length)) this.begin(INDICATOR_AT, end);
        else this.refuse(INDICATOR_AT, 'the indicator in column 7 is ' + lineText(INDICATOR_AT, TEXT_AT));
    }
  }

  private begin(from: i32, to: i32): void {
    if (from >= to) return;
    this.flush();
    this.append(from, to);
  }

  private continueWith(to: i32): void {
    let from = firstNonBlank(TEXT_AT, to);
    if (from >= to) return;
    if (this.length == 0) {
      this.refuse(INDICATOR_AT, 'there is nothing that this line could continue');
      return;
    }
    if (this.openQuote != 0) {
      if (unitAt(from) != this.openQuote) {
        this.refuse(from, 'a continued literal goes on with its quote');
        return;
      }
      const last = this.starts.length - 1;
      let column = this.columns[last] + this.length - this.starts[last];
      for (; column <= TEXT_END && this.hasRoom(1); column++) this.put(0x20);
      from++;
    } else {
      while (this.length > 0 && logicalAt(this.length - 1) == 0x20) this.length--;
    }
    this.append(from, to);
  }

  /** Adds a piece of a line, up to a comment in it. */
  private append(from: i32, to: i32): void {
    if (from >= to || !this.hasRoom(to - from)) return;
    this.starts.push(this.length);
    this.lineNumbers.push(this.number);
    this.columns.push(from + 1);
    let quote = this.openQuote;
    for (let at = from; at < to; at++) {
      const unit = unitAt(at);
      if (quote != 0) {
        if (unit == quote) quote = 0;
      } else if (unit == 0x22 || unit == 0x27) {
        quote = unit;
      } else if (lineHas(at, to, 0x2a, 0x3e) && (at == from || unitAt(at - 1) == 0x20)) {
        break; // `*>` at the beginning or behind a space; elsewhere it could be part of a picture
      }
      this.put(unit);
    }
    this.openQuote = quote;
  }

  @inline
  private put(unit: i32): void {
    store<u16>(LOGICAL + (<usize>this.length << 1), <u16>unit);
    this.length++;
  }

  private hasRoom(count: i32): bool {
    if (this.length + count <= LOGICAL_MAX_CHARACTERS) return true;
    fail(LIMIT, inSource(this.source, 'line ' + this.number.toString() + ', with what it continues, has more than ' +
      LOGICAL_MAX_CHARACTERS.toString() + ' characters'));
    return false;
  }

  /** Splits the logical line and begins a new one. */
  flush(): void {
    if (!isPageControl(this.length)) this.split();
    this.length = 0;
    this.starts.length = 0;
    this.lineNumbers.length = 0;
    this.columns.length = 0;
    this.openQuote = 0;
  }

  private split(): void {
    let at = 0;
    while (at < this.length && !hasProblem()) {
      const unit = logicalAt(at);
      if (unit == 0x20) at++;
      else if ((unit == 0x2c || unit == 0x3b) && this.isSeparated(at + 1)) at++;
      else if (isQuote(unit)) at = this.literal(at, at);
      else if (this.isPseudo(at)) at = this.push(TokenKind.PSEUDO, '==', at, at + 2);
      else at = this.word(at);
    }
  }

  private word(from: i32): i32 {
    let to = from;
    while (to < this.length) {
      const unit = logicalAt(to);
      if (unit == 0x20 || isQuote(unit) || this.isPseudo(to)) break;
      if (unit >= 0x61 && unit <= 0x7a) store<u16>(LOGICAL + (<usize>to << 1), <u16>(unit - 0x20));
      to++;
    }
    if (to < this.length && isQuote(logicalAt(to)) && isPrefix(logicalText(from, to))) return this.literal(from, to);
    let end = to;
    if (end > from + 1 && (logicalAt(end - 1) == 0x2c || logicalAt(end - 1) == 0x3b)) end--;
    const hasPeriod = logicalAt(end - 1) == 0x2e;
    if (hasPeriod) end--;
    if (end > from) this.push(TokenKind.WORD, logicalText(from, end), from, end);
    if (hasPeriod) this.push(TokenKind.PERIOD, '.', end, end + 1);
    return to;
  }

  /** A literal whose prefix begins at `from` and whose quote is at `at`. Doubled quotes in it are one. */
  private literal(from: i32, at: i32): i32 {
    const quote = logicalAt(at);
    let to = at + 1;
    let end = to;
    while (true) {
      if (to >= this.length) {
        const piece = this.pieceOf(from);
        const column = this.columns[piece] + from - this.starts[piece];
        failAt(this.lineNumbers[piece], column, inSource(this.source, 'the literal has no end'));
        return to;
      }
      const unit = logicalAt(to++);
      if (unit == quote) {
        if (to >= this.length || logicalAt(to) != quote) break;
        to++;
      }
      store<u16>(LOGICAL + (<usize>end << 1), <u16>unit);
      end++;
    }
    const prefix = at > from ? logicalText(from, at) : '';
    this.push(TokenKind.LITERAL, logicalText(at + 1, end), from, to);
    this.tokens[this.tokens.length - 1].prefix = prefix;
    return to;
  }

  /** Gives `to`. */
  private push(kind: i32, text: string, from: i32, to: i32): i32 {
    const piece = this.pieceOf(from);
    const column = this.columns[piece] + from - this.starts[piece];
    this.tokens.push(createToken(kind, text, this.source, this.lineNumbers[piece], column));
    return to;
  }

  private pieceOf(at: i32): i32 {
    let piece = this.starts.length - 1;
    while (piece > 0 && this.starts[piece] > at) piece--;
    return piece;
  }

  private isPseudo(at: i32): bool {
    return logicalAt(at) == 0x3d && at + 1 < this.length && logicalAt(at + 1) == 0x3d;
  }

  private isSeparated(at: i32): bool {
    return at >= this.length || logicalAt(at) == 0x20;
  }

  /** `>>SOURCE FORMAT IS FREE` and its variants; other directives are refused, since they could leave lines out. */
  private obey(first: i32, length: i32): void {
    this.flush();
    const words = lineText(first + 2, length).toUpperCase().split(' ').filter((word) => word.length > 0);
    let at = 1;
    const isSource = words.length > 1 && words[0] == 'SOURCE';
    if (isSource && words[at] == 'FORMAT' && at + 1 < words.length) at++;
    if (isSource && words[at] == 'IS' && at + 1 < words.length) at++;
    const last = isSource && at == words.length - 1 ? words[at] : '';
    if (last == 'FREE' || last == 'FREE.') this.isFree = true;
    else if (last == 'FIXED' || last == 'FIXED.') this.isFree = false;
    else this.refuse(first, 'the directive ' + lineText(first, min(length, first + 60)) + ' is not known');
  }

  private refuse(index: i32, what: string): void {
    failAt(this.number, index + 1, inSource(this.source, what));
  }
}

@inline
function logicalAt(index: i32): i32 {
  return load<u16>(LOGICAL + (<usize>index << 1));
}

function logicalText(from: i32, to: i32): string {
  return String.UTF16.decodeUnsafe(LOGICAL + (<usize>from << 1), <usize>(to - from) << 1);
}

@inline
function isQuote(unit: i32): bool {
  return unit == 0x22 || unit == 0x27;
}

function isPrefix(word: string): bool {
  return word == 'X' || word == 'N' || word == 'G' || word == 'Z' || word == 'NX' || word == 'GX';
}

/** SKIP1, SKIP2, SKIP3 and EJECT stand alone and only move the listing's paper. */
function isPageControl(length: i32): bool {
  if (length == 0 || length > TEXT_END) return false;
  let word = logicalText(0, length).trim().toUpperCase();
  if (word.endsWith('.')) word = word.substring(0, word.length - 1).trimEnd();
  return word == 'SKIP1' || word == 'SKIP2' || word == 'SKIP3' || word == 'EJECT';
}
