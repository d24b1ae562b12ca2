/** The cases of `inline_cases.json` of the acceptance data: options of their origin → ours. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopybookOptions, RecordFormat, Specification } from '../../../crypto-wasm/copybook/face.ts';
import { type AcceptanceCase, COBRIX, dropMembers, skipped } from './acceptance-cases.ts';
import { type Conventions, difference, NumberText, parseValue, type Value } from './acceptance-compare.ts';

export interface InlineCase {
  readonly id: string;
  readonly direction: 'decode' | 'encode' | 'both';
  readonly copybook: string;
  readonly data_hex: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly expected: unknown;
}

const SKIPS: Readonly<Record<string, string>> = {
  'overpunch-relaxed-midfield': 'blanks behind the sign are invalid here, never a guessed number',
  'redefine-rules-string':
    'expressions over fields are not an option; sets of values are (redefine-rules-null)',
};

const RULES: Readonly<Record<string, Conventions>> = {
  // Published values are rounded.
  'float-ibm-be': { tolerance: 1e-6 },
  'float-ieee-be': { tolerance: 1e-9 },
  'legstar-rdef03-first': { controls: 'nothing' },
};

/** Members that are not compared, each for its reason. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  // The page `common` does not have its character, cp037 does.
  'field-code-pages': ['FIELD_4'],
  // LegStar shows the first view that fits; here all are shown.
  'legstar-ardo02-odo-counter-in-redefines': ['ALTERNATIVE-B'],
  'legstar-rdef03-first': ['COM-DETAIL2', 'COM-DETAIL3'],
};

/** Upstream says in words what the values are. */
const WORDS: Readonly<Record<string, Value>> = {
  'legstar-stru04': parseValue(
    '{"COM-ITEM1":1900.00,"COM-ARRAY1":[{"COM-ITEM2":9,"COM-GROUP1":{"COM-ITEM3":6,"COM-ARRAY2":[' +
      '{"COM-ITEM4":"B","COM-ARRAY3":["E","E","B","D","D"],"COM-ITEM5":19.00},' +
      '{"COM-ITEM4":"B","COM-ARRAY3":["B","E","D","E","C"],"COM-ITEM5":9.50}],"COM-ITEM6":3},"COM-ITEM7":2},' +
      '{"COM-ITEM2":19,"COM-GROUP1":{"COM-ITEM3":12,"COM-ARRAY2":[' +
      '{"COM-ITEM4":"B","COM-ARRAY3":["D","B","A","E","D"],"COM-ITEM5":38.00},' +
      '{"COM-ITEM4":"A","COM-ARRAY3":["E","B","B","D","A"],"COM-ITEM5":19.00}],"COM-ITEM6":6},"COM-ITEM7":5},' +
      '{"COM-ITEM2":28,"COM-GROUP1":{"COM-ITEM3":19,"COM-ARRAY2":[' +
      '{"COM-ITEM4":"A","COM-ARRAY3":["E","B","E","A","C"],"COM-ITEM5":57.00},' +
      '{"COM-ITEM4":"D","COM-ARRAY3":["B","C","C","C","B"],"COM-ITEM5":28.50}],"COM-ITEM6":9},"COM-ITEM7":8}],' +
      '"COM-ITEM8":237.50}',
  ),
};

/** Groups of nothing but a FILLER are its value there; hexadecimal digits are capitals. */
function unwrap(value: Value): Value {
  if (value === null || typeof value !== 'object' || value instanceof NumberText) {
    return typeof value === 'string' && /^[0-9a-f]{8}$/.test(value) ? value.toUpperCase() : value;
  }
  if (Array.isArray(value)) return (value as readonly Value[]).map(unwrap);
  const members = Object.entries(value);
  const [only] = members;
  if (only !== undefined && members.length === 1 && /^FILLER/.test(only[0])) return only[1];
  return Object.fromEntries(members.map(([key, member]) => [key, unwrap(member)]));
}

export function readInline(folder: string): InlineCase[] {
  const text = readFileSync(join(folder, 'inline_cases.json'), 'utf8');
  return (JSON.parse(text) as { cases: InlineCase[] }).cases;
}

/** Those that decode. */
export function readInlineCases(folder: string): AcceptanceCase[] {
  return readInline(folder).map((given): AcceptanceCase => {
    const reason = SKIPS[given.id];
    if (reason !== undefined) return skipped(given.id, reason);
    if (given.direction === 'encode') return skipped(given.id, 'only encodes: among the cases of encoding');
    const isRefused = !Array.isArray(given.expected);
    const expected =
      WORDS[given.id] === undefined ? parseValue(JSON.stringify(given.expected)) : [WORDS[given.id] as Value];
    return {
      id: given.id,
      specification: { copybook: given.copybook, options: translate(given) },
      input: Uint8Array.from(Buffer.from(given.data_hex, 'hex')),
      check(rows) {
        if (isRefused) return undefined;
        const dropped = WITHOUT[given.id] ?? [];
        const ours = rows.map((row) => unwrap(dropMembers(row, dropped)));
        const theirs = (expected as readonly Value[]).map((row) => dropMembers(row, dropped));
        return difference(ours, theirs, RULES[given.id]);
      },
      ...(isRefused ? { refuses: /length|map/i } : {}),
    };
  });
}

export interface EncodeCase {
  readonly id: string;
  readonly skip?: string;
  readonly specification: Specification;
  readonly lines: string;
  /** In hexadecimal. */
  readonly expected: string;
}

/** Those that encode, and those that go both ways. */
export function readEncodeCases(folder: string): EncodeCase[] {
  return readInline(folder)
    .filter(({ direction }) => direction !== 'decode')
    .map((given) => ({
      id: `encode ${given.id}`,
      specification: { copybook: given.copybook, options: translate(given) },
      lines: (given.expected as unknown[]).map((row) => `${JSON.stringify(row)}\n`).join(''),
      expected: given.data_hex.toLowerCase(),
    }));
}

/** Options of the case's origin in the names of this codec. Throws an Error — one has no translation. */
export function translate({ id, options }: InlineCase): CopybookOptions {
  const isLegstar = id.startsWith('legstar');
  const result: Record<string, unknown> = isLegstar
    ? { trim: 'both', omitNulls: true, valueFillers: id.includes('ardo0') }
    : { ...COBRIX };
  const rdw: Record<string, unknown> = { endian: 'little', includesItself: false };
  const bdw: Record<string, unknown> = { endian: 'little', includesItself: false };
  for (const [name, value] of Object.entries(options)) {
    if (name === 'record_format') result.recordFormat = formatOf(value as string, options);
    else if (name === 'is_rdw_big_endian') rdw.endian = value ? 'big' : 'little';
    else if (name === 'is_bdw_big_endian') bdw.endian = value ? 'big' : 'little';
    else if (name === 'rdw_adjustment') rdw.adjustment = value;
    else if (name === 'bdw_adjustment') bdw.adjustment = value;
    else if (name === 'block_length') result.blockLength = value;
    else if (name === 'record_length') result.recordLength = value;
    else if (name === 'minimum_record_length') result.recordMin = value;
    else if (name === 'maximum_record_length') result.recordMax = value;
    else if (name === 'record_length_field') result.recordLengthField = value;
    else if (name === 'record_length_map') result.recordLengthMap = value;
    else if (name === 'variable_size_occurs') result.odo = value ? 'variable' : 'maximum';
    else if (name === 'floating_point_format') result.float = value === 'IBM' ? 'ibm' : 'ieee';
    else if (name === 'ebcdic_code_page') result.codePage = value === 'common' ? 'cp037' : value;
    else if (name === 'codepage') result.codePage = 'cp1140';
    else if (name === 'encoding') result.codePage = value;
    else if (name === 'strict_sign_overpunching') result.strictSigns = value;
    else if (name === 'is_utf16_big_endian') result.nationalEndian = value ? 'big' : 'little';
    else if (name === 'field_code_page') result.fieldCodePages = invert(value as Record<string, string[]>);
    else if (name === 'redefine_rules') Object.assign(result, segmentsOf(value as string[]));
    else if (name === 'binary_as_hex' || (name.startsWith('file_') && value === 0)) continue;
    else throw new Error(`${id}: no translation of ${name}`);
  }
  const { recordFormat } = result;
  if (recordFormat === 'V' || recordFormat === 'VB') result.rdw = rdw;
  if (recordFormat === 'VB') result.bdw = bdw;
  if (isLegstar) result.odo = 'variable';
  // A binary of one digit is a byte in some cases.
  if (id === 'encode-comp') result.smallBinary = 2;
  return result as CopybookOptions;
}

function formatOf(format: string, options: Readonly<Record<string, unknown>>): RecordFormat {
  if (options.record_length_field !== undefined) return 'D';
  return format === 'D' ? 'text' : (format as RecordFormat);
}

function invert(pages: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(pages).flatMap(([page, names]) => names.map((name) => [name, page] as const)),
  );
}

/** `G1 => ID = 1`: a group is shown where a field has a value. */
function segmentsOf(rules: readonly string[]): CopybookOptions {
  const parts = rules.map((rule) => /^(\S+) => (\S+) = (\d+)$/.exec(rule) ?? []);
  return {
    segmentField: parts[0]?.[2] ?? '',
    redefineSegments: Object.fromEntries(parts.map(([, group = '', , value = '']) => [group, [value]])),
  };
}
