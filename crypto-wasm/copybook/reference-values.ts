/**
 * One elementary item of the reference: its bytes → what is shown, and the bytes of what is to be written.
 *
 * Here the options meet the kinds: blank numbers, strict signs, trimming, digits that are too many for a JSON number.
 */

import type { CopybookOptions, LayoutItem } from './face.ts';
import {
  decodePairs,
  decodeText,
  encodeText,
  type ReferencePage,
  referencePage,
} from './reference-code-page.ts';
import { formatEdited, readEdited } from './reference-edited.ts';
import { floatBytes, floatText } from './reference-float.ts';
import { decimalText, readBinary, readPacked, readZoned, writeNumber } from './reference-numbers.ts';

/** JSON numbers have at most so many digits: a double keeps each of them. */
const JSON_DIGITS_MAX = 15;
const WIDE_SPACE = '\u3000';

export type Reading =
  /** `text` as a program would show it, `json` as JSON has it. */
  | { readonly kind: 'value'; readonly text: string; readonly json: string }
  | { readonly kind: 'null' }
  | { readonly kind: 'invalid' };

const NUMBERS = ['zoned', 'packed', 'packedunsigned', 'binary', 'float', 'edited'];
const INVALID: Reading = { kind: 'invalid' };

/** `PACKED_UNSIGNED`, `packed-unsigned` and `packedUnsigned` are one. */
export function kindOf(item: LayoutItem): string {
  return item.kind.toLowerCase().replaceAll(/[^a-z]/g, '');
}

export function isNumber(item: LayoutItem): boolean {
  return NUMBERS.includes(kindOf(item));
}

/** `bytes` may be fewer than the item's where the record ends within it, but not none. */
export function readValue(item: LayoutItem, bytes: Uint8Array, options: CopybookOptions): Reading {
  const page = referencePage(item.codePage ?? options.codePage ?? 'cp037');
  if (!isNumber(item)) {
    const text = readText(kindOf(item), bytes, page, options);
    return text === undefined ? INVALID : { kind: 'value', text, json: JSON.stringify(text) };
  }
  if (bytes.length < (item.length ?? 0)) return INVALID;
  const text = numberText(item, bytes, page, options);
  if (text !== undefined) {
    const isFloat = kindOf(item) === 'float';
    const digits = Math.max(item.digits ?? 0, kindOf(item) === 'binary' ? digitsCount(text, item) : 0);
    const isQuoted = options.numbers === 'text' || (!isFloat && digits > JSON_DIGITS_MAX);
    return { kind: 'value', text, json: isQuoted ? JSON.stringify(text) : text };
  }
  return readBlank(item, bytes, page, options);
}

/** Digits of a value, without leading zeros and the zeros of PIC P. */
function digitsCount(text: string, { scale = 0 }: LayoutItem): number {
  return text.replaceAll(/[-.]/g, '').replace(/^0+/, '').length + Math.min(scale, 0);
}

function numberText(
  item: LayoutItem,
  bytes: Uint8Array,
  page: ReferencePage,
  options: CopybookOptions,
): string | undefined {
  const kind = kindOf(item);
  const isStrict = options.strictSigns === true;
  if (kind === 'float') {
    return floatText(options.floatEndian === 'little' ? bytes.toReversed() : bytes, options.float === 'ieee');
  }
  const value = ((): bigint | 'blank' | undefined => {
    if (kind === 'zoned') return readZoned(item, bytes, { page, isStrict, truncatesBinary: false });
    if (kind === 'binary') return readBinary(item, bytes, options.truncateBinary === true);
    if (kind !== 'edited') return readPacked(item, bytes, kind === 'packedunsigned', isStrict);
    const text = decodeText(bytes, page);
    return text === undefined ? undefined : readEdited(item.picture ?? '', text, item.blankWhenZero === true);
  })();
  return typeof value === 'bigint' ? decimalText(value, item.scale ?? 0) : undefined;
}

/** Bytes that are no number, but all spaces or all low-values. Binaries and floats are never blank. */
function readBlank(
  item: LayoutItem,
  bytes: Uint8Array,
  page: ReferencePage,
  options: CopybookOptions,
): Reading {
  const first = bytes[0] ?? 0;
  const kind = kindOf(item);
  const isBlank = bytes.every((byte) => byte === first) && (first === 0 || first === page.space);
  if (!isBlank || kind === 'binary' || kind === 'float') return INVALID;
  const isZero = item.blankWhenZero === true && first === page.space;
  if (isZero || options.blankNumbers === 'zero') {
    const text = decimalText(0n, item.scale ?? 0);
    const isQuoted = options.numbers === 'text' || (item.digits ?? 0) > JSON_DIGITS_MAX;
    return { kind: 'value', text, json: isQuoted ? JSON.stringify(text) : text };
  }
  return options.blankNumbers === 'invalid' ? INVALID : { kind: 'null' };
}

function readText(
  kind: string,
  bytes: Uint8Array,
  page: ReferencePage,
  options: CopybookOptions,
): string | undefined {
  if (kind === 'bytes') return Buffer.from(bytes).toString('hex');
  if (kind === 'national' || kind === 'graphic') {
    const whole = bytes.subarray(0, bytes.length & ~1);
    const text = kind === 'graphic' ? decodePairs(whole, page) : decodeUtf16(whole, options);
    return text === undefined ? undefined : trim(text, kind === 'graphic' ? WIDE_SPACE : ' ', options);
  }
  const text = decodeText(trimBytes(bytes, page.space, options), page);
  return text;
}

/** Before bytes become characters, so that spaces written as pairs stay. */
function trimBytes(bytes: Uint8Array, space: number, { trim: sides = 'right' }: CopybookOptions): Uint8Array {
  let [from, end] = [0, bytes.length];
  if (sides === 'right' || sides === 'both') while (end > from && bytes[end - 1] === space) end--;
  if (sides === 'left' || sides === 'both') while (from < end && bytes[from] === space) from++;
  return bytes.subarray(from, end);
}

function trim(text: string, space: string, { trim: sides = 'right' }: CopybookOptions): string {
  let trimmed = text;
  if (sides === 'right' || sides === 'both') trimmed = trimmed.replace(new RegExp(`${space}+$`), '');
  if (sides === 'left' || sides === 'both') trimmed = trimmed.replace(new RegExp(`^${space}+`), '');
  return trimmed;
}

function decodeUtf16(bytes: Uint8Array, { nationalEndian }: CopybookOptions): string | undefined {
  try {
    const label = nationalEndian === 'little' ? 'utf-16le' : 'utf-16be';
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What stands where nothing was given: spaces for texts and zoned numbers, low-values for everything else. */
export function emptyBytes(item: LayoutItem, options: CopybookOptions): number[] {
  const page = referencePage(item.codePage ?? options.codePage ?? 'cp037');
  const kind = kindOf(item);
  const length = item.length ?? 0;
  if (kind === 'national') return pairsOf(0x20, length, options.nationalEndian === 'little');
  if (kind === 'graphic') return pairsOf(page.codes.get(WIDE_SPACE) ?? 0, length, false);
  const isText = ['text', 'editedtext', 'zoned', 'edited'].includes(kind);
  return Array.from({ length }, () => (isText ? page.space : 0));
}

function pairsOf(unit: number, length: number, isLittle: boolean): number[] {
  const pair = isLittle ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff];
  return Array.from({ length }, (_, i) => pair[i % 2] ?? 0);
}

/** The bytes of a value as JSON has it (numbers as text); undefined when it does not fit the item. */
export function writeValue(item: LayoutItem, text: string, options: CopybookOptions): number[] | undefined {
  const page = referencePage(item.codePage ?? options.codePage ?? 'cp037');
  const kind = kindOf(item);
  const length = item.length ?? 0;
  if (kind === 'bytes') return fitHex(text, length);
  if (kind === 'float') {
    const bytes = floatBytes(text, length, options.float === 'ieee');
    return options.floatEndian === 'little' ? bytes?.toReversed() : bytes;
  }
  if (isNumber(item)) {
    const value = scaled(text, item.scale ?? 0);
    if (value === undefined) return undefined;
    if (kind === 'zoned' && value === 0n && item.blankWhenZero === true) return emptyBytes(item, options);
    if (kind !== 'edited') {
      return writeNumber(item, kind, value, { page, hasPlainSigns: options.asciiSigns === 'ascii' });
    }
    const shown = formatEdited(item.picture ?? '', value, item.blankWhenZero === true);
    return shown.length === length ? encodeText(shown, page) : undefined;
  }
  const bytes = textBytes(kind, text, page, options);
  if (bytes === undefined || bytes.length > length) return undefined;
  const padding = emptyBytes(item, options).slice(bytes.length);
  return item.justified ? [...padding, ...bytes] : [...bytes, ...padding];
}

function textBytes(
  kind: string,
  text: string,
  page: ReferencePage,
  options: CopybookOptions,
): number[] | undefined {
  if (kind === 'graphic') {
    const codes = [...text].map((character) => page.codes.get(character));
    return codes.some((code) => code === undefined)
      ? undefined
      : codes.flatMap((code) => [(code ?? 0) >> 8, (code ?? 0) & 0xff]);
  }
  if (kind !== 'national') return encodeText(text, page);
  const little = Buffer.from(text, 'utf16le');
  return [...(options.nationalEndian === 'little' ? little : little.swap16())];
}

function fitHex(text: string, length: number): number[] | undefined {
  return text.length === length * 2 && /^[0-9a-fA-F]*$/.test(text)
    ? [...Buffer.from(text, 'hex')]
    : undefined;
}

/** Decimal text → integer × 10^-scale; undefined when digits would be lost. */
function scaled(text: string, scale: number): bigint | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text);
  if (parts === null) return undefined;
  const [, sign, whole = '', places = '', power = '0'] = parts;
  const shift = Number(power) - places.length + scale;
  const digits = BigInt(whole + places);
  if (shift < 0 && digits % 10n ** BigInt(-shift) !== 0n) return undefined;
  const value = shift < 0 ? digits / 10n ** BigInt(-shift) : digits * 10n ** BigInt(shift);
  return sign === '-' ? -value : value;
}
