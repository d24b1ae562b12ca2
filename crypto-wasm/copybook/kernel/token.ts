/**
 * What the parser reads: words, literals, periods and the delimiters of pseudo-text, each with its place.
 *
 * A place is a text (the copybook, or one that COPY brought in), a line and a column, both from 1. Problems of the
 * parser are made here, so that each says the text where it is not the copybook itself.
 */

import { hasRoom } from './compile-room';
import { fail, failAt, LIMIT } from './problem';

export namespace TokenKind {
  /** A name, a keyword, a level, a number, a picture: what stands between separators. In capitals. */
  export const WORD: i32 = 0;
  /** `text` without its quotes; `prefix` as in X'…'. */
  export const LITERAL: i32 = 1;
  export const PERIOD: i32 = 2;
  /** `==`. */
  export const PSEUDO: i32 = 3;
  export const END: i32 = 4;
}

export class Token {
  /** Of a literal: X, N, G, Z, NX, GX, or nothing. */
  prefix: string = '';

  constructor(
    readonly kind: i32,
    readonly text: string,
    /** COPY's name for the text it stands in; empty for the copybook. */
    readonly source: string,
    readonly line: i32,
    readonly column: i32,
  ) {}

  isWord(text: string): bool {
    return this.kind == TokenKind.WORD && this.text == text;
  }

  /** As a message shows it. */
  shown(): string {
    if (this.kind == TokenKind.END) return 'the end of the text';
    if (this.kind == TokenKind.PERIOD) return 'a period';
    if (this.kind == TokenKind.PSEUDO) return '==';
    const text = this.text.length > 40 ? this.text.substring(0, 40) + '…' : this.text;
    return this.kind == TokenKind.LITERAL ? this.prefix + '"' + text + '"' : text;
  }
}

/** Of all texts together, replaced ones counted again. About ten for an item, and 100 bytes of memory each. */
const TOKENS_MAX_COUNT: i32 = 250_000;
let tokensCount: i32 = 0;

/** Before a copybook is read. */
export function beginTokens(): void {
  tokensCount = 0;
}

/** Sets a problem (`LIMIT`) when there are too many. */
export function createToken(kind: i32, text: string, source: string, line: i32, column: i32): Token {
  if (++tokensCount > TOKENS_MAX_COUNT) {
    fail(LIMIT, 'the copybook has more than ' + TOKENS_MAX_COUNT.toString() + ' words');
  }
  if ((tokensCount & 63) == 0) hasRoom();
  return new Token(kind, text, source, line, column);
}

/** A SYNTAX problem at a token. */
export function failToken(token: Token, what: string): void {
  failAt(token.line, token.column, inSource(token.source, what));
}

/** The message, naming the text that COPY brought in. */
export function inSource(source: string, what: string): string {
  return source.length == 0 ? what : 'in COPY ' + source + ': ' + what;
}

/** Whether it can name an item: letters, digits, hyphens and what compilers allow besides, a letter among them. */
export function isName(text: string): bool {
  let hasLetter = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit >= 0x41 && unit <= 0x5a) || unit > 0xa0) hasLetter = true;
    else if (!isDigitUnit(unit) && unit != 0x2d && unit != 0x5f && unit != 0x23 && unit != 0x40 && unit != 0x24) return false;
  }
  return hasLetter;
}

export function isDigitUnit(unit: i32): bool {
  return unit >= 0x30 && unit <= 0x39;
}

/** An integer without a sign, up to nine digits; -1 for everything else. */
export function integerOf(text: string): i32 {
  if (text.length == 0 || text.length > 9) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
