/** Literals as VALUE has them: of items, and the values and ranges of condition names (level 88). */

import { Cursor } from './cursor';
import { failToken, isDigitUnit, Token, TokenKind } from './token';

/** VALUE of an item, as written: its words with a space between them, literals with their quotes. */
export function readValue(cursor: Cursor): string {
  let value = '';
  do {
    const literal = readLiteral(cursor, true);
    if (value.length + literal.length > VALUE_MAX_CHARACTERS) {
      failToken(cursor.peek(), 'VALUE has more than ' + VALUE_MAX_CHARACTERS.toString() + ' characters');
      break;
    }
    value += value.length == 0 ? literal : ' ' + literal;
  } while (cursor.isInEntry() && isLiteral(cursor.peek()));
  return value;
}

/** Of one entry. Literals have up to 160 characters, tables may have several. */
const VALUE_MAX_CHARACTERS: i32 = 16_384;
/** Values and ranges of one condition name. */
const CONDITION_VALUES_MAX_COUNT: i32 = 1000;

/** Pairs of low and high, without quotes. */
export function readConditionValues(cursor: Cursor): string[] {
  const values: string[] = [];
  do {
    const low = readLiteral(cursor, false);
    let high = low;
    if (cursor.takeWord('THRU') || cursor.takeWord('THROUGH')) high = readLiteral(cursor, false);
    values.push(low);
    values.push(high);
    if (values.length > 2 * CONDITION_VALUES_MAX_COUNT) {
      failToken(cursor.peek(), 'a condition name has more than ' + CONDITION_VALUES_MAX_COUNT.toString() + ' values');
    }
  } while (cursor.isInEntry() && isLiteral(cursor.peek()));
  return values;
}

function readLiteral(cursor: Cursor, withQuotes: bool): string {
  const first = cursor.take();
  if (first.isWord('ALL')) {
    if (!isLiteral(cursor.peek())) failToken(cursor.peek(), 'ALL goes on with ' + cursor.peek().shown());
    return 'ALL ' + readLiteral(cursor, withQuotes);
  }
  if (!isLiteral(first)) {
    failToken(first, 'VALUE goes on with ' + first.shown() + ', which is no literal');
    return '';
  }
  if (first.prefix.endsWith('X')) checkHex(first);
  let text = first.text;
  while (first.kind == TokenKind.LITERAL && cursor.isWord('&')) {
    cursor.take();
    const next = cursor.take();
    if (next.kind != TokenKind.LITERAL || text.length > VALUE_MAX_CHARACTERS) {
      failToken(next, '& joins two literals');
      break;
    }
    text += next.text;
  }
  if (first.kind != TokenKind.LITERAL || (!withQuotes && first.prefix.length == 0)) return text;
  return first.prefix + '"' + text.replaceAll('"', '""') + '"';
}

function checkHex(token: Token): void {
  let isHex = token.text.length > 0 && token.text.length % 2 == 0;
  for (let i = 0; i < token.text.length; i++) {
    const unit = token.text.charCodeAt(i) | 0x20;
    if (!isDigitUnit(unit) && (unit < 0x61 || unit > 0x66)) isHex = false;
  }
  if (!isHex) failToken(token, 'a hexadecimal literal has pairs of hexadecimal digits');
}

function isLiteral(token: Token): bool {
  if (token.kind == TokenKind.LITERAL) return true;
  if (token.kind != TokenKind.WORD) return false;
  return token.text == 'ALL' || isFigurative(token.text) || isNumber(token.text);
}

function isFigurative(text: string): bool {
  return (
    text == 'ZERO' || text == 'ZEROS' || text == 'ZEROES' || text == 'SPACE' || text == 'SPACES' ||
    text == 'HIGH-VALUE' || text == 'HIGH-VALUES' || text == 'LOW-VALUE' || text == 'LOW-VALUES' ||
    text == 'QUOTE' || text == 'QUOTES' || text == 'NULL' || text == 'NULLS' || text == 'TRUE' || text == 'FALSE'
  );
}

/** Sign, digits, one point or comma, digits, and an exponent of a floating-point literal. */
function isNumber(text: string): bool {
  let at = text.startsWith('+') || text.startsWith('-') ? 1 : 0;
  let digits = 0;
  let points = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (isDigitUnit(unit)) digits++;
    else if ((unit == 0x2e || unit == 0x2c) && points == 0) points++;
    else break;
    at++;
  }
  if (digits == 0) return false;
  if (at == text.length) return true;
  if (text.charCodeAt(at++) != 0x45) return false;
  if (at < text.length && (text.charCodeAt(at) == 0x2b || text.charCodeAt(at) == 0x2d)) at++;
  const from = at;
  while (at < text.length && isDigitUnit(text.charCodeAt(at))) at++;
  return at > from && at == text.length;
}
