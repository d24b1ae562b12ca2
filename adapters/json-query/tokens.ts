/** The tokens of a query, one ahead. Source: the grammar of JMESPath. */

import { Text } from 'hotcell/typed';
import { readJson } from './json';
import { Case, fail, NULL, stringValue, Value } from './value';

// @ts-ignore: enums of AssemblyScript are numbers
export enum Token {
  End, Name, Quoted, CloseBracket, CloseParen, Comma, CloseBrace, Number, At, Ampersand, Colon, Literal,
  Pipe, Or, And, Less, LessEqual, Greater, GreaterEqual, Equal, Unequal, Flatten, Star, Filter, Dot, Not,
  OpenBrace, OpenBracket, OpenParen, Bad,
}

let start: usize = 0;
let end: i32 = 0;
let next: i32 = 0;

/** The token that is to be read, where it begins, and what it says. */
export let token: Token = Token.End;
export let tokenAt: i32 = 0;
export let tokenValue: Value = NULL;
export let tokenNumber: i32 = 0;

export function openTokens(at: usize, length: i32): void {
  start = at;
  end = length;
  next = 0;
  advance();
}

// @ts-ignore: decorator
@inline
function byteAt(index: i32): u8 {
  return index < end ? load<u8>(start + index) : 0;
}

/** The token behind the present one, without taking it. */
export function peekToken(): Token {
  const kept = token;
  const keptAt = tokenAt;
  const keptNext = next;
  const keptValue = tokenValue;
  const keptNumber = tokenNumber;
  advance();
  const found = token;
  token = kept;
  tokenAt = keptAt;
  next = keptNext;
  tokenValue = keptValue;
  tokenNumber = keptNumber;
  return found;
}

export function advance(): void {
  while (next < end && (byteAt(next) == 0x20 || (byteAt(next) >= 0x09 && byteAt(next) <= 0x0d))) next++;
  tokenAt = next;
  if (next >= end) token = Token.End;
  else token = read(byteAt(next));
}

function read(byte: u8): Token {
  const letter = byte | 0x20;
  if ((letter >= 0x61 && letter <= 0x7a) || byte == 0x5f) return readName();
  if (isDigit(byte) || byte == 0x2d) return readNumber();
  if (byte == 0x22) return readQuoted();
  if (byte == 0x27) return readRaw();
  if (byte == 0x60) return readLiteral();
  next++;
  const second = byteAt(next);
  switch (byte) {
    case 0x2e: return Token.Dot;
    case 0x2a: return Token.Star;
    case 0x40: return Token.At;
    case 0x2c: return Token.Comma;
    case 0x3a: return Token.Colon;
    case 0x28: return Token.OpenParen;
    case 0x29: return Token.CloseParen;
    case 0x5d: return Token.CloseBracket;
    case 0x7b: return Token.OpenBrace;
    case 0x7d: return Token.CloseBrace;
    case 0x5b: return second == 0x5d ? two(Token.Flatten) : second == 0x3f ? two(Token.Filter) : Token.OpenBracket;
    case 0x7c: return second == 0x7c ? two(Token.Or) : Token.Pipe;
    case 0x26: return second == 0x26 ? two(Token.And) : Token.Ampersand;
    case 0x21: return second == 0x3d ? two(Token.Unequal) : Token.Not;
    case 0x3c: return second == 0x3d ? two(Token.LessEqual) : Token.Less;
    case 0x3e: return second == 0x3d ? two(Token.GreaterEqual) : Token.Greater;
    case 0x3d: return second == 0x3d ? two(Token.Equal) : bad('= is written ==');
    default: return bad('no part of a query begins like this');
  }
}

function two(kind: Token): Token {
  next++;
  return kind;
}

function bad(message: string): Token {
  fail(Case.Syntax, message, tokenAt);
  return Token.Bad;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function readName(): Token {
  while (true) {
    const byte = byteAt(next);
    const letter = byte | 0x20;
    if (!(letter >= 0x61 && letter <= 0x7a) && byte != 0x5f && !isDigit(byte)) break;
    next++;
  }
  tokenValue = stringValue(start + tokenAt, next - tokenAt);
  return Token.Name;
}

function readNumber(): Token {
  const isNegative = byteAt(next) == 0x2d;
  if (isNegative) next++;
  const from = next;
  let number = 0;
  while (isDigit(byteAt(next)) && next - from < 9) number = number * 10 + (byteAt(next++) - 0x30);
  if (next == from) return bad('a minus is followed by digits');
  if (isDigit(byteAt(next))) return bad('an index has at most nine digits');
  tokenNumber = isNegative ? -number : number;
  return Token.Number;
}

function readQuoted(): Token {
  const from = next++;
  while (next < end && byteAt(next) != 0x22) next += byteAt(next) == 0x5c ? 2 : 1;
  if (next >= end) return bad('the quotes are not closed');
  next++;
  tokenValue = readJson(start + from, next - from, Case.Syntax, from);
  return Token.Quoted;
}

/** Between apostrophes a backslash stands for itself but before an apostrophe or a backslash. */
function readRaw(): Token {
  const text = new Text();
  for (next++; next < end && byteAt(next) != 0x27; next++) {
    const isEscape = byteAt(next) == 0x5c && (byteAt(next + 1) == 0x27 || byteAt(next + 1) == 0x5c);
    if (isEscape) next++;
    text.putByte(byteAt(next));
  }
  if (next >= end) return bad('the apostrophe is not closed');
  next++;
  tokenValue = stringValue(text.address, text.length);
  return Token.Literal;
}

/** JSON between backticks; one within is written with a backslash before it. */
function readLiteral(): Token {
  const text = new Text();
  for (next++; next < end && byteAt(next) != 0x60; next++) {
    if (byteAt(next) == 0x5c && byteAt(next + 1) == 0x60) next++;
    else if (byteAt(next) == 0x5c && next + 1 < end) text.putByte(byteAt(next++));
    text.putByte(byteAt(next));
  }
  if (next >= end) return bad('the backtick is not closed');
  next++;
  tokenValue = readJson(text.address, text.length, Case.Syntax, tokenAt + 1);
  return Token.Literal;
}
