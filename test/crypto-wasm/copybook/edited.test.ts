/**
 * Edited numbers: examples worked out by hand from the editing rules of the COBOL language reference, read back, and
 * compared over generated values with a second, slower reading of the rules.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileProbes } from './probe.ts';

const SOURCE = `
import { EditedPlan, formatEdited, parseEdited, readEdited } from './edited';
import { EditedTextPlan, formatEditedText, isEditedText, parseEditedText } from './edited-text';

let plan: EditedPlan | null = null;
let textPlan: EditedTextPlan | null = null;
export const room: usize = heap.alloc(4096);

export function parse(pictureBytes: i32, blankWhenZero: i32): i32 {
  plan = parseEdited(String.UTF8.decodeUnsafe(room, pictureBytes), blankWhenZero != 0);
  return plan === null ? -1 : plan!.lengthBytes;
}
export function digits(): i32 { return plan!.digits; }
export function scale(): i32 { return plan!.scale; }
export function isSigned(): i32 { return plan!.isSigned ? 1 : 0; }
export function format(negative: i32): void { formatEdited(plan!, room, negative != 0, room + 1024); }
export function read(): i32 { return readEdited(plan!, room + 1024, room); }
export function parseText(pictureBytes: i32): i32 {
  textPlan = parseEditedText(String.UTF8.decodeUnsafe(room, pictureBytes));
  return textPlan === null ? -1 : textPlan!.lengthBytes;
}
export function formatText(bytes: i32): void {
  const table = heap.alloc(128);
  for (let i = 0; i < 128; i++) store<u8>(table + i, <u8>i);
  formatEditedText(textPlan!, room, bytes, table, room + 1024);
}
export function isText(bytes: i32): i32 {
  const table = heap.alloc(128);
  for (let i = 0; i < 128; i++) store<u8>(table + i, <u8>i);
  return isEditedText(textPlan!, room, bytes, table) ? 1 : 0;
}
`;

interface Probe {
  readonly memory: WebAssembly.Memory;
  readonly room: { readonly value: number };
  parse(pictureBytes: number, blankWhenZero: number): number;
  digits(): number;
  scale(): number;
  isSigned(): number;
  format(negative: number): void;
  read(): number;
  parseText(pictureBytes: number): number;
  formatText(bytes: number): void;
  isText(bytes: number): number;
}

/** Picture, value as its digits with a point, and the text: `_` stands for a space, a `!` behind the picture for BLANK WHEN ZERO, and `''` for a value that does not fit. */
const EXAMPLES: readonly (readonly [picture: string, value: string, text: string])[] = [
  // Simple insertion.
  ['999,999', '123456', '123,456'],
  ['999,999', '42', '000,042'],
  ['99/99/9999', '12312026', '12/31/2026'],
  ['99/99/99', '10203', '01/02/03'],
  ['99B999B9999', '1234567', '00_123_4567'],
  ['9(3)B9(2)', '12345', '123_45'],
  ['99,B999,B000', '1234', '01,_234,_000'],
  ['9990', '123', '1230'],
  // Special insertion.
  ['999.99', '1.234', ''],
  ['999.99', '1.23', '001.23'],
  ['999.99', '12.34', '012.34'],
  ['99.99', '0', '00.00'],
  ['9(4).9(3)', '7.5', '0007.500'],
  ['.99', '0.07', '.07'],
  // Fixed insertion.
  ['999.99+', '6555.55', ''],
  ['999.99+', '655.55', '655.55+'],
  ['999.99+', '-655.55', '655.55-'],
  ['+9999.99', '-6555.55', '-6555.55'],
  ['+9999.99', '6555.55', '+6555.55'],
  ['-9999.99', '1234.56', '_1234.56'],
  ['-9999.99', '-1234.56', '-1234.56'],
  ['9999-', '12', '0012_'],
  ['9999-', '-12', '0012-'],
  ['$999.99', '123.45', '$123.45'],
  ['-$999.99', '-123.45', '-$123.45'],
  ['$9999.99CR', '1234.56', '$1234.56__'],
  ['$9999.99DB', '-1234.56', '$1234.56DB'],
  ['999CR', '-5', '005CR'],
  ['999CR', '0', '000__'],
  // Floating insertion.
  ['$$$$.99', '0.12', '___$.12'],
  ['$$$9.99', '0.12', '__$0.12'],
  ['$,$$$,999.99', '-1234.56', '___$1,234.56'],
  ['$$,$$9.99', '123.45', '__$123.45'],
  ['$$,$$9.99', '1234.5', '$1,234.50'],
  ['$$,$$$,$$9.99', '1234567.89', '$1,234,567.89'],
  ['$$$,999', '5', '___$005'],
  ['++,+++.++', '-1234.56', '-1,234.56'],
  ['+,+++,999.99', '-123456.78', '_-123,456.78'],
  ['++++', '0', '____'],
  ['++++', '7', '__+7'],
  ['++++', '-7', '__-7'],
  ['----9.99', '12.3', '___12.30'],
  ['----9.99', '-12.3', '__-12.30'],
  ['--9', '0', '__0'],
  ['$$$.$$', '0', '______'],
  ['$$$.$$', '0.05', '__$.05'],
  ['$$$.$$', '12.34', '$12.34'],
  ['+++9.9', '0', '__+0.0'],
  ['+$$$9', '-12', '-_$12'],
  ['$$$9CR', '-12', '_$12CR'],
  ['$$B$$9', '5', '____$5'],
  // Zero suppression and replacement.
  ['ZZZ9', '0', '___0'],
  ['ZZZ9', '1234', '1234'],
  ['ZZZZ', '0', '____'],
  ['Z(5)9V99', '1234.5', '__123450'],
  ['ZZZ,ZZ9.99CR', '-1234.5', '__1,234.50CR'],
  ['ZZZ,ZZ9.99CR', '4.5', '______4.50__'],
  ['ZZZ,999', '5', '____005'],
  ['ZZ9,999', '5', '__0,005'],
  ['ZZZ.ZZ', '0', '______'],
  ['ZZZ.ZZ', '0.05', '___.05'],
  ['ZZZ.99', '0', '___.00'],
  ['****.**', '0', '****.**'],
  ['****.**', '0.05', '****.05'],
  ['****.99', '0', '****.00'],
  ['***9', '0', '***0'],
  ['***9', '12', '**12'],
  ['**,***.**', '1234.56', '*1,234.56'],
  ['$**,***.99', '12.34', '$****12.34'],
  ['$B*,***,***.99BBDB', '-9999.99', '$_****9,999.99__DB'],
  ['**9-', '-7', '**7-'],
  ['ZZ/ZZ/ZZ', '102', '____1/02'],
  ['ZZZBZZ9', '7', '______7'],
  ['$ZZZ,ZZ9.99-', '-12.34', '$_____12.34-'],
  ['Z,ZZ9.99', '1000', '1,000.00'],
  ['0ZZ9', '7', '0__7'],
  // BLANK WHEN ZERO.
  ['999.99!', '0', '______'],
  ['ZZ9.99-!', '0', '_______'],
  ['$$$9!', '0', '____'],
  ['999.99!', '0.01', '000.01'],
  // Scaling.
  ['ZZ9PP', '1200', '_12'],
  ['VPP99', '0.0012', '12'],
];

const REFUSED = [
  '',
  'XX',
  'ZZ*9',
  'Z9Z',
  '$$+++9',
  '+ZZ9+',
  'ZZ9CRDB',
  'CR',
  'ZZ9-9',
  '9.9.9',
  '9V9.9',
  'Z9.ZZ',
  'ZZ.Z9',
  '9(0)',
  '9(',
  '9()',
  '9(x)',
  'Z(999)',
  'Z(4294967297)',
  'C',
  'ZZC',
  '9(64)',
  'S99',
  '9$',
  'ZZ9DR',
  '(5)',
  '9PP9',
  '+',
  '$',
  '\u00e9',
  '9E9',
];

describe.each(await compileProbes(SOURCE))('$name', ({ module }) => {
  const probe = new WebAssembly.Instance(module).exports as unknown as Probe;
  const room = probe.room.value;
  const place = (text: string, at: number): number => {
    const bytes = new TextEncoder().encode(text);
    new Uint8Array(probe.memory.buffer).set(bytes, room + at);
    return bytes.length;
  };
  const taken = (at: number, count: number): string =>
    new TextDecoder().decode(new Uint8Array(probe.memory.buffer, room + at, count));
  const parse = (picture: string): number => {
    const isBlank = picture.endsWith('!');
    return probe.parse(place(isBlank ? picture.slice(0, -1) : picture, 0), isBlank ? 1 : 0);
  };
  /** The text, or `''` where the value does not fit. */
  const format = (length: number, value: string): string => {
    const digits = alignDigits(value, probe.digits(), probe.scale());
    if (digits === undefined) return '';
    place(digits, 0);
    probe.format(value.startsWith('-') ? 1 : 0);
    return taken(1024, length);
  };
  const read = (text: string): readonly [number, string] => {
    place(text, 1024);
    const kind = probe.read();
    return [kind, taken(0, probe.digits())];
  };

  test.each(EXAMPLES)('PIC %s shows %s as %j', (picture, value, text) => {
    const length = parse(picture);
    expect(length).toBeGreaterThan(0);
    const shown = format(length, value).replaceAll(' ', '_');
    expect(shown).toBe(text);
    if (text === '') return;
    const digits = alignDigits(value, probe.digits(), probe.scale());
    const isNegative = value.startsWith('-') && probe.isSigned() === 1;
    expect(read(text.replaceAll('_', ' '))).toEqual([isNegative ? 2 : 1, digits]);
  });

  test('pictures that are none are refused', () => {
    for (const picture of REFUSED) expect(parse(picture), picture).toBe(-1);
  });

  test('what a picture says of itself', () => {
    const said = (picture: string): readonly number[] => [
      parse(picture),
      probe.digits(),
      probe.scale(),
      probe.isSigned(),
    ];
    expect(said('ZZZ,ZZ9.99CR')).toEqual([12, 8, 2, 1]);
    expect(said('$$,$$9.99')).toEqual([9, 6, 2, 0]);
    expect(said('+++9.9')).toEqual([6, 4, 1, 1]);
    expect(said('Z(5)9V99')).toEqual([8, 8, 2, 0]);
    expect(said('zz9pp')).toEqual([3, 3, -2, 0]);
    expect(said('VPP99')).toEqual([2, 2, 4, 0]);
    expect(said('9(8).9(2)')).toEqual([11, 10, 2, 0]);
  });

  test('a text of spaces is a zero only where zeros look like that', () => {
    parse('ZZZ.ZZ');
    expect(read('      ')[0]).toBe(1);
    parse('ZZ9.99');
    expect(read('      ')[0]).toBe(3);
    parse('ZZ9.99!');
    expect(read('      ')[0]).toBe(1);
    parse('****');
    expect(read('    ')[0]).toBe(3);
  });

  test('zeros that should have been suppressed are read all the same', () => {
    parse('ZZZ,ZZ9.99-');
    expect(read('000,012.50-')).toEqual([2, '00001250']);
    parse('$$$9.99');
    expect(read('$001.50')).toEqual([1, '00150']);
  });

  test.each([
    ['ZZ9', ' 1 '],
    ['ZZ9', 'A12'],
    ['ZZ9', '1 2'],
    ['ZZ9.99', ' 12,34'],
    ['ZZ9.99', ' 12 34'],
    ['999', ' 12'],
    ['**9', '  1'],
    ['**9', '1*1'],
    ['+999', ' 123'],
    ['-999', '+123'],
    ['999CR', '123CX'],
    ['999CR', '123 R'],
    ['999CR', '123DB'],
    ['$$$9', '  12'],
    ['$$$9', '$$12'],
    ['$$$9', '$ 12'],
    ['$$$$', '   $'],
    ['$999', ' 123'],
    ['---9', '-  1'],
    ['---9', '+ 12'],
    ['++++', '   +'],
    ['-ZZ', '-  '],
    ['99/99', '12-34'],
    ['ZZZ,ZZ9', '  1 234'],
    ['ZZZ,ZZ9', '  ,   '],
    // A comma before the first digit: what is suppressed around it would be digits that were lost.
    ['Z,ZZ9.99CR', ' ,836.51CR'],
    ['***,**9', '***,*12'],
    ['$$,$$9.99', ' $,689.90'],
    ['++,++9', ' +,689'],
    ['--,--9', ' -,689'],
  ])('PIC %s does not show %j', (picture, text) => {
    expect(parse(picture)).toBeGreaterThan(0);
    place(' '.repeat(16), 1024);
    expect(read(text)[0]).toBe(0);
  });

  test('every value of generated pictures is read back as it was', () => {
    fc.assert(
      fc.property(generatedPicture, fc.bigInt(0n, 10n ** 20n), fc.boolean(), (picture, number, negative) => {
        const length = parse(picture);
        expect(length, picture).toBeGreaterThan(0);
        const digits = (number % 10n ** BigInt(probe.digits())).toString().padStart(probe.digits(), '0');
        const isNegative = negative && probe.isSigned() === 1 && BigInt(digits) !== 0n;
        place(digits, 0);
        probe.format(isNegative ? 1 : 0);
        const text = taken(1024, length);
        expect(read(text), `${picture} ${digits} ${text}`).toEqual([isNegative ? 2 : 1, digits]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('no text is read out of bounds, whatever stands in it', () => {
    const character = fc.constantFrom(...' 0123456789$+-*.,/CRDB');
    fc.assert(
      fc.property(
        generatedPicture,
        fc.array(character, { minLength: 40, maxLength: 40 }),
        (picture, characters) => {
          const length = parse(picture);
          const text = characters.join('').slice(0, length);
          const [kind, digits] = read(text);
          expect([0, 1, 2, 3]).toContain(kind);
          if (kind === 1 || kind === 2) expect(digits).toMatch(/^\d+$/);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test.each([
    ['XX/XX', 'ABCD', 'AB/CD'],
    ['XBX0X', 'ABC', 'A B0C'],
    ['X(3)BA(2)/9(2)', 'ABCDE12', 'ABC DE/12'],
    ['XX/XX', 'A', 'A /  '],
    ['99/99/9999', '12312026', '12/31/2026'],
    ['0X', 'Q', '0Q'],
    ['X(2)B(3)X', 'ABC', 'AB   C'],
  ])('PIC %s edits %s as %j', (picture, text, edited) => {
    const length = probe.parseText(place(picture, 0));
    expect(length).toBe(edited.length);
    probe.formatText(place(text, 0));
    expect(taken(1024, length)).toBe(edited);
    expect(probe.isText(place(edited, 0))).toBe(1);
  });

  test('texts that do not have the inserted characters in their places are not edited yet', () => {
    probe.parseText(place('XX/XX', 0));
    expect(probe.isText(place('ABCD', 0))).toBe(0);
    expect(probe.isText(place('AB', 0))).toBe(1);
    expect(probe.isText(place('AB/C', 0))).toBe(1);
    for (const picture of ['XX-', 'X(', 'X()', 'X(0)', 'X(99999999999)', 'ZX']) {
      expect(probe.parseText(place(picture, 0)), picture).toBe(-1);
    }
  });
});

/** `digits` digits without a point, or undefined where the value has more. */
function alignDigits(value: string, digits: number, scale: number): string | undefined {
  const [whole = '', decimals = ''] = value.replace('-', '').split('.');
  if (decimals.length > Math.max(scale, 0)) return undefined;
  const integer = BigInt(whole + decimals.padEnd(Math.max(scale, 0), '0'));
  const factor = 10n ** BigInt(Math.max(-scale, 0));
  if (integer % factor !== 0n) return undefined;
  const text = (integer / factor).toString();
  return text.length > digits ? undefined : text.padStart(digits, '0');
}

const integerPart = fc.oneof(
  fc
    .constantFrom('Z', '*')
    .chain((symbol) =>
      fc
        .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }))
        .map(([first, nines]) => `${symbol.repeat(first)},${symbol}${'9'.repeat(nines)}`),
    ),
  fc
    .constantFrom('$', '+', '-')
    .chain((symbol) =>
      fc
        .tuple(
          fc.integer({ min: 2, max: 5 }),
          fc.integer({ min: 0, max: 4 }),
          fc.constantFrom('', ',', 'B', '/'),
        )
        .map(([first, nines, inserted]) => symbol.repeat(first) + inserted + symbol + '9'.repeat(nines)),
    ),
  fc.constantFrom('9(5)', '99/99', '9B9', '9,999', '909'),
);
const generatedPicture = fc
  .tuple(integerPart, fc.constantFrom('', '.99', 'V9', '.9(4)'), fc.constantFrom('', 'CR', 'DB', '-', '+'))
  .map(([whole, decimals, sign]) => whole + decimals + (/[+-]/.test(whole) ? '' : sign));
