/**
 * Records to decode, the same in every run: copybooks, and values as files have them. Names and streets of different
 * lengths with blanks behind, amounts of different sizes, both signs, both kinds of leading zeros.
 */

export interface Sample {
  readonly copybook: string;
  readonly recordBytes: number;
  readonly records: Buffer;
  readonly count: number;
}

const BATCH_BYTES = 1_048_576;
const LETTERS = [
  ['abcdefghi', 0x81],
  ['jklmnopqr', 0x91],
  ['stuvwxyz', 0xa2],
  ['ABCDEFGHI', 0xc1],
  ['JKLMNOPQR', 0xd1],
  ['STUVWXYZ', 0xe2],
  ['0123456789', 0xf0],
] as const;
/** Of cp037; characters that texts below have. */
const BYTES = new Map<string, number>([
  [' ', 0x40],
  ['.', 0x4b],
  [',', 0x6b],
  ["'", 0x7d],
  ['-', 0x60],
  ['/', 0x61],
  ['&', 0x50],
  ...LETTERS.flatMap(([letters, first]) =>
    [...letters].map((letter, i): [string, number] => [letter, first + i]),
  ),
]);
const WORDS =
  "John Smith ANNA O'Neil New York MAIN STREET London Acme Inc. & Sons Rue de la Paix 12 4711 Berlin Nord-West A/B, Jr.".split(
    ' ',
  );
const ZONE = 0xf0;
const PLUS_OR_MINUS = ['c', 'd'] as const;

/** 5 X(20), 4 9(8), 4 S9(7)V99 COMP-3, 2 S9(9) COMP and a FILLER: 200 bytes. */
export function mixedSample(): Sample {
  const random = createRandom(1);
  const names = ['CUSTOMER-NAME', 'STREET', 'CITY', 'COMPANY', 'REMARK'];
  const fields = [
    ...names.map((name) => `${name} PIC X(20)`),
    ...['CUSTOMER-ID', 'ORDER-ID', 'ORDER-DATE', 'BRANCH'].map((name) => `${name} PIC 9(8)`),
    ...['PRICE', 'TAX', 'DISCOUNT', 'BALANCE'].map((name) => `${name} PIC S9(7)V99 COMP-3`),
    ...['QUANTITY', 'POINTS'].map((name) => `${name} PIC S9(9) COMP`),
    'FILLER PIC X(40)',
  ];
  return sample(fields, 200, () => [
    ...names.map(() => text(random, 20)),
    ...Array.from({ length: 4 }, () => zoned(random, 8)),
    ...Array.from({ length: 4 }, () => packed(random, 9)),
    ...Array.from({ length: 2 }, () => binary(random)),
    Buffer.alloc(40, 0x40),
  ]);
}

/** Digits and decimal places of the twenty packed fields. */
export const PACKED_FIELDS: readonly (readonly [digits: number, scale: number])[] = Array.from(
  { length: 20 },
  (_, i) => [[5, 7, 9, 11, 13][i % 5] ?? 5, i % 3 === 0 ? 0 : 2],
);

export function packedSample(): Sample {
  const random = createRandom(2);
  const fields = PACKED_FIELDS.map(([digits, scale], i) => {
    const picture = scale === 0 ? `S9(${digits})` : `S9(${digits - scale})V9(${scale})`;
    return `AMOUNT-${i + 1} PIC ${picture} COMP-3`;
  });
  const recordBytes = PACKED_FIELDS.reduce((sum, [digits]) => sum + (digits >> 1) + 1, 0);
  return sample(fields, recordBytes, () => PACKED_FIELDS.map(([digits]) => packed(random, digits)));
}

/** 12 numbers 9(8) and 6 texts X(24), all DISPLAY. */
export function displaySample(): Sample {
  const random = createRandom(3);
  const fields = [
    ...Array.from({ length: 12 }, (_, i) => `NUMBER-${i + 1} PIC 9(8)`),
    ...Array.from({ length: 6 }, (_, i) => `TEXT-${i + 1} PIC X(24)`),
  ];
  return sample(fields, 12 * 8 + 6 * 24, () => [
    ...Array.from({ length: 12 }, () => zoned(random, 8)),
    ...Array.from({ length: 6 }, () => text(random, 24)),
  ]);
}

/** One long text. */
export function textSample(): Buffer {
  const random = createRandom(4);
  return Buffer.concat(Array.from({ length: BATCH_BYTES / 64 }, () => text(random, 64)));
}

function sample(fields: readonly string[], recordBytes: number, make: () => readonly Buffer[]): Sample {
  const lines = ['01 REC.', ...fields.map((field) => `   05 ${field}.`)];
  const count = Math.floor(BATCH_BYTES / recordBytes);
  const records = Buffer.concat(Array.from({ length: count }, () => Buffer.concat(make())));
  if (records.length !== count * recordBytes)
    throw new Error('a record has not the length that it should have');
  return { copybook: lines.map((line) => `       ${line}\n`).join(''), recordBytes, records, count };
}

type Random = (below: number) => number;

/** Numerical Recipes' linear congruence: the same everywhere, good enough for looks. */
function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function text(random: Random, lengthBytes: number): Buffer {
  let words = '';
  while (words === '' || random(4) > 0) {
    const longer = `${words}${words === '' ? '' : ' '}${WORDS[random(WORDS.length)]}`;
    if (longer.length > lengthBytes) break;
    words = longer;
  }
  return Buffer.from([...words.padEnd(lengthBytes)].map((character) => BYTES.get(character) ?? 0x40));
}

/** So many digits, of which the first may be zeros. */
function digits(random: Random, count: number): number[] {
  const zeros = count - 1 - random(count);
  return Array.from({ length: count }, (_, i) => (i < zeros ? 0 : random(10)));
}

const zoned = (random: Random, count: number): Buffer =>
  Buffer.from(digits(random, count).map((digit) => ZONE + digit));

const packed = (random: Random, count: number): Buffer =>
  Buffer.from(`${digits(random, count).join('')}${PLUS_OR_MINUS[random(2)]}`, 'hex');

function binary(random: Random): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Number(digits(random, 9).join('')) * (random(2) === 0 ? 1 : -1));
  return bytes;
}
