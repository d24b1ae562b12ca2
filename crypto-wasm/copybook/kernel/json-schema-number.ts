/** The part of the schema that describes one number: its type, range, and as a text its pattern. */

import { Item, Kind } from './item';
import { JsonWriter } from './json-writer';
import { Options } from './options';
import { isNumberQuoted, JSON_DIGITS_MAX } from './value-text';

/** Writes members of an open object. */
export function writeNumberSchema(json: JsonWriter, item: Item, options: Options, isNullable: bool): void {
  const isQuoted = isNumberQuoted(item, options);
  if (item.kind == Kind.FLOAT) {
    json.type(isQuoted ? 'string' : 'number', isNullable);
    if (isQuoted) json.member('pattern').text('^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?$');
    return;
  }
  let most = mostOf(item, options);
  let least = leastOf(item, options, most);
  const scale = item.scale;
  if (isQuoted) {
    json.type('string', isNullable);
    json.member('pattern').text(patternOf(most.length, scale, least.startsWith('-')));
    return;
  }
  const isLong = item.kind == Kind.BINARY && most.length > JSON_DIGITS_MAX;
  const type = scale > 0 ? 'number' : 'integer';
  if (isLong) {
    // Values beyond the picture's digits are texts.
    json.eitherType(type, 'string', isNullable);
    json.member('pattern').text(patternOf(most.length, scale, least.startsWith('-')));
    most = '9'.repeat(JSON_DIGITS_MAX);
    if (least != '0') least = '-' + most;
  } else {
    json.type(type, isNullable);
  }
  if (scale < 0) json.member('multipleOf').raw('1' + '0'.repeat(-scale));
  json.member('minimum').raw(scaled(least, scale));
  json.member('maximum').raw(scaled(most, scale));
}

/** The largest integer that its bytes hold and that is valid, as digits, without the decimal point. */
function mostOf(item: Item, options: Options): string {
  const isByBytes = item.kind == Kind.BINARY && (item.isNativeBinary || !options.truncateBinary);
  if (!isByBytes) return '9'.repeat(item.digits);
  const bits = item.lengthBytes * 8 - (item.isSigned ? 1 : 0);
  if (bits > 64) return bits == 127 ? '170141183460469231731687303715884105727' : '340282366920938463463374607431768211455';
  return (bits == 64 ? u64.MAX_VALUE : (<u64>1 << bits) - 1).toString();
}

function leastOf(item: Item, options: Options, most: string): string {
  if (item.kind == Kind.BINARY) {
    if (!item.isSigned) return '0';
    const isByBytes = item.isNativeBinary || !options.truncateBinary;
    if (!isByBytes) return '-' + most;
    // One more than the largest: the last digit of 2^n - 1 is 1, 3, 5 or 7.
    const last = most.charCodeAt(most.length - 1);
    return '-' + most.substring(0, most.length - 1) + String.fromCharCode(last + 1);
  }
  // Without strict signs, a sign in an unsigned field counts.
  const canBeNegative = item.kind == Kind.ZONED || item.kind == Kind.PACKED ? !options.strictSigns : false;
  return item.isSigned || canBeNegative ? '-' + most : '0';
}

/** Digits with their decimal point, or the zeros of PIC P. */
function scaled(digits: string, scale: i32): string {
  if (scale == 0 || digits == '0') return digits;
  if (scale < 0) return digits + '0'.repeat(-scale);
  const isNegative = digits.startsWith('-');
  let text = isNegative ? digits.substring(1) : digits;
  if (text.length <= scale) text = '0'.repeat(scale + 1 - text.length) + text;
  const point = text.length - scale;
  return (isNegative ? '-' : '') + text.substring(0, point) + '.' + text.substring(point);
}

/** Of the text of a number with so many digits: no leading zeros, all decimal places, the zeros of PIC P. */
function patternOf(digits: i32, scale: i32, canBeNegative: bool): string {
  const sign = canBeNegative ? '-?' : '';
  if (scale < 0) return '^' + sign + '(0|[1-9][0-9]{0,' + (digits - 1).toString() + '}0{' + (-scale).toString() + '})$';
  const whole = digits - scale;
  const integer = whole <= 0 ? '0' : '(0|[1-9][0-9]{0,' + (whole - 1).toString() + '})';
  return '^' + sign + integer + (scale > 0 ? '\\.[0-9]{' + scale.toString() + '}' : '') + '$';
}
