/**
 * Rows of the codec against rows that another implementation published, with that implementation's conventions taken
 * out on both sides: null members are left out there, `-` is `_`, spaces at the ends of texts are cut, trailing zeros
 * of decimals vary, some pages show what is no printable character as a space.
 */

export interface Conventions {
  /** Control characters are shown as spaces there, or left out. */
  readonly controls?: 'spaces' | 'nothing';
  /** Whatever is not ASCII is shown as a space: the page `common` of Cobrix. */
  readonly isAscii?: boolean;
  /** Sides of texts at which spaces are cut there, what became spaces among them. Default both. */
  readonly trim?: 'both' | 'left' | 'right' | 'none';
  /** 0x0D and 0x25 are the other way round there. */
  readonly swapsReturns?: boolean;
  /** Decimals that are all spaces are zero there. */
  readonly zeroIsNothing?: boolean;
  /** Relative difference of numbers that were published rounded. */
  readonly tolerance?: number;
}

/** A JSON number by its text. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Value =
  | null
  | boolean
  | string
  | NumberText
  | readonly Value[]
  | { readonly [key: string]: Value };

export function parseValue(text: string): Value {
  const keep = (_key: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' ? new NumberText(context.source ?? '') : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown) as Value;
}

export function parseLines(text: string): Value[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseValue);
}

/** What differs first, as a path and both values; undefined when nothing does. */
export function difference(
  actual: Value | undefined,
  expected: Value | undefined,
  rules: Conventions = {},
  path = '',
): string | undefined {
  if (isNothing(actual, rules) && isNothing(expected, rules)) return undefined;
  if (Array.isArray(actual) && Array.isArray(expected)) {
    if (actual.length !== expected.length)
      return `${path}: ${actual.length} elements, not ${expected.length}`;
    return first(actual.map((value, i) => difference(value, expected[i], rules, `${path}[${i}]`)));
  }
  if (isObject(actual) && isObject(expected)) {
    const [ours, theirs] = [withUnderscores(actual), withUnderscores(expected)];
    const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    return first([...keys].map((key) => difference(ours[key], theirs[key], rules, `${path}.${key}`)));
  }
  return isSameLeaf(actual, expected, rules)
    ? undefined
    : `${path}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((text) => text !== undefined);
}

function isObject(value: Value | undefined): value is { readonly [key: string]: Value } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  );
}

function withUnderscores(value: { readonly [key: string]: Value }): Record<string, Value> {
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.replaceAll('-', '_'), member]));
}

/** Null, absent, an empty text, and groups of nothing else are one there. */
function isNothing(value: Value | undefined, rules: Conventions): boolean {
  if (value === undefined || value === null) return true;
  if (value instanceof NumberText) return rules.zeroIsNothing === true && decimal(value.text) === '0';
  if (typeof value === 'string') return textOf(value, rules).trim() === '';
  return isObject(value) && Object.values(value).every((member) => isNothing(member, rules));
}

function isSameLeaf(actual: Value | undefined, expected: Value | undefined, rules: Conventions): boolean {
  if (actual instanceof NumberText || expected instanceof NumberText) {
    const [ours, theirs] = [numberOf(actual), numberOf(expected)];
    if (ours === undefined || theirs === undefined) return false;
    if (decimal(ours) === decimal(theirs)) return true;
    const { tolerance = 0 } = rules;
    return Math.abs(Number(ours) - Number(theirs)) <= tolerance * Math.abs(Number(theirs));
  }
  if (typeof actual !== 'string' || typeof expected !== 'string') return false;
  const isNumberText = /^-?\d+\.\d+$/.test(actual) && /^-?\d+\.\d+$/.test(expected);
  if (isNumberText) return decimal(actual) === decimal(expected);
  return textOf(actual, rules) === textOf(expected, rules);
}

function numberOf(value: Value | undefined): string | undefined {
  if (value instanceof NumberText) return value.text;
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? value : undefined;
}

/** Digits without zeros at either end, and the power of ten. */
function decimal(text: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text);
  if (parts === null) return text;
  const [, sign = '', whole = '', places = '', power = '0'] = parts;
  const digits = (whole + places).replace(/^0+/, '');
  const short = digits.replace(/0+$/, '');
  if (short === '') return '0';
  return `${sign}${short}e${Number(power) - places.length + digits.length - short.length}`;
}

function textOf(text: string, rules: Conventions): string {
  const { controls, trim = 'both' } = rules;
  let shown = text;
  if (rules.swapsReturns) shown = shown.replaceAll(/[\r\n]/g, (c) => (c === '\r' ? '\n' : '\r'));
  if (controls !== undefined) shown = shown.replaceAll(/\p{Cc}/gu, controls === 'spaces' ? ' ' : '');
  if (rules.isAscii) shown = shown.replaceAll(/[^\x20-\x7e]/g, ' ');
  if (trim !== 'none' && trim !== 'left') shown = shown.trimEnd();
  return trim === 'none' || trim === 'right' ? shown : shown.trimStart();
}
