/**
 * Where the numbers in `kernel/aes-tables.ts` come from: derives every table of the vector-permute AES from the field
 * itself. Run as a script it prints that file's tables; a test holds the two against each other.
 *
 * AES computes in GF(2⁸). Written over the subfield GF(2⁴), an element is iζ + jζ̄ with ζ + ζ̄ = 1 and ζζ̄ = n; with
 * k = i + j its norm is N = ij + nk². Then, for a = 1/n, 1/(1/(1/i + a/k) + j) = (i + nk)/N, and the same with i and j
 * exchanged: inversion in GF(2⁸) is five look-ups in tables of 16 entries and four additions, and the inverse is a
 * linear function of those two. 1/0 is written with the top bit set; a look-up at such an index gives 0, which is 1/∞.
 * Source: M. Hamburg, "Accelerating AES with Vector Permute Instructions", CHES 2009, section 3.
 *
 * Nothing here runs when something is sealed or opened.
 */

/** FIPS 197, section 4.2: multiplication modulo x⁸ + x⁴ + x³ + x + 1. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= a << bit;
  }
  for (let bit = 14; bit >= 8; bit--) {
    if ((product >> bit) & 1) product ^= 0x11b << (bit - 8);
  }
  return product;
}

function power(a: number, exponent: number): number {
  let result = 1;
  for (let count = 0; count < exponent; count++) result = multiply(result, a);
  return result;
}

const invert = (a: number): number => power(a, 254);

const rotate = (byte: number, by: number): number => ((byte << by) | (byte >> (8 - by))) & 0xff;

/** The linear part of the S-box's affine map; the constant 0x63 is added with the round keys. FIPS 197, section 5.1.1. */
const spread = (a: number): number => a ^ rotate(a, 1) ^ rotate(a, 2) ^ rotate(a, 3) ^ rotate(a, 4);

/** Two bytes of the subfield GF(2⁴) that generate it additively with their products: a nibble names their sums. */
const SUBFIELD = Array.from({ length: 256 }, (_, a) => a).filter((a) => power(a, 16) === a);

/** Nibble → element of the subfield, additive in the nibble's bits. */
const ELEMENT = nibbleBasis();
const NIBBLE = new Map(ELEMENT.map((element, nibble) => [element, nibble]));

/** Any element outside the subfield with trace 1 would do; the first is taken. */
const ZETA = Array.from({ length: 256 }, (_, a) => a).find((a) => (a ^ power(a, 16)) === 1) ?? 0;
const ZETA_CONJUGATE = power(ZETA, 16);
const NORM = multiply(ZETA, ZETA_CONJUGATE);

function nibbleBasis(): number[] {
  const generator = SUBFIELD.find((a) => a > 1) ?? 0;
  const basis = [0, 1, 2, 3].map((exponent) => power(generator, exponent));
  return Array.from({ length: 16 }, (_, nibble) =>
    basis.reduce((sum, element, bit) => sum ^ ((nibble >> bit) & 1 ? element : 0), 0),
  );
}

const elementOf = (nibble: number): number => ELEMENT[nibble] ?? 0;

function nibbleOf(element: number): number {
  const nibble = NIBBLE.get(element);
  if (nibble === undefined) throw new RangeError(`${element} is not in the subfield`);
  return nibble;
}

/** A byte of AES → `i << 4 | k`, the form in which the rounds keep the state. */
function toState(byte: number): number {
  for (let i = 0; i < 16; i++) {
    const j = multiply(byte ^ multiply(elementOf(i), ZETA), invert(ZETA_CONJUGATE));
    if (NIBBLE.has(j)) return (i << 4) | nibbleOf(j ^ elementOf(i));
  }
  throw new RangeError(`no representation of ${byte}`);
}

/**
 * Tables of the inverse's share of 1/io = (i + nk)/N and of 1/jo = (j + nk)/N, mapped by `through`. The inverse is
 * (jζ + iζ̄)/N, and k/N is the sum of the two.
 */
function outputTables(through: (byte: number) => number): { u: number[]; t: number[] } {
  const share = (io: number, jo: number): number => {
    const nk = multiply(NORM, io ^ jo);
    return through(multiply(jo ^ nk, ZETA) ^ multiply(io ^ nk, ZETA_CONJUGATE));
  };
  const table = (of: (inverse: number) => number): number[] => ELEMENT.map((element) => of(invert(element)));
  return { u: table((inverse) => share(inverse, 0)), t: table((inverse) => share(0, inverse)) };
}

const positions = Array.from({ length: 16 }, (_, p) => p);
/** `ShiftRows` as an index vector: byte p of the result is byte SHIFT[p]. FIPS 197, section 5.1.2. */
const shift = (times: number): number[] => positions.map((p) => (p + 4 * times * (p % 4)) % 16);
/** Byte of the same column, `by` rows below. */
const turn = (by: number): number[] => positions.map((p) => p - (p % 4) + ((p + by) % 4));

/** `turn` on a state whose ShiftRows have been put off `times` times. */
function putOffTurn(by: number, times: number): number[] {
  const off = shift(times);
  const turned = turn(by);
  const mask = new Array<number>(16).fill(0);
  for (const p of positions) mask[off[p] ?? 0] = off[turned[p] ?? 0] ?? 0;
  return mask;
}

/** What MixColumns multiplies byte `from` by on its way to each byte; 0 where it does not go. */
function weights(times: number, from: number): number[] {
  const down = putOffTurn(1, times);
  const up = putOffTurn(3, times);
  return positions.map((p) => {
    if (p === from) return 2;
    if (down[p] === from) return 3;
    return down[down[p] ?? 0] === from || up[p] === from ? 1 : 0;
  });
}

/**
 * Of counter blocks that differ in their last byte only, four bytes differ after the first round, and each of them
 * reaches its own four after the second. These index vectors carry the S-box's output there.
 */
function deriveCounterTables(): Readonly<Record<string, readonly number[]>> {
  const NONE = 0x80;
  const first = weights(1, 15);
  const column = positions.filter((p) => first[p]);
  const second = column.map((p) => weights(2, p));
  const spread = (wanted: readonly number[]): number[] =>
    positions.map((p) => (wanted.includes(first[column[p % 4] ?? 0] ?? 0) ? p >> 2 : NONE));
  const gather = (wanted: readonly number[]): number[] =>
    positions.map((p) => {
      const from = second.findIndex((of) => wanted.includes(of[p] ?? 0));
      return from < 0 ? NONE : from;
    });
  return {
    COLUMN: positions.map((p) => column[p % 4] ?? 0),
    KEEP: positions.map((p) => (column.includes(p) ? 0 : 0xff)),
    SPREAD_ONCE: spread([1, 3]),
    SPREAD_TWICE: spread([2, 3]),
    GATHER_ONCE: gather([1, 3]),
    GATHER_TWICE: gather([2, 3]),
  };
}

/** Name → bytes, in the order in which the kernel's file has them. */
export function derivePermuteTables(): Readonly<Record<string, readonly number[]>> {
  const INFINITY = 0x80;
  const a = invert(NORM);
  const inState = outputTables((byte) => toState(spread(byte)));
  const doubled = outputTables((byte) => toState(multiply(2, spread(byte))));
  const plain = outputTables(spread);
  return {
    INPUT_LOW: positions.map((nibble) => toState(nibble)),
    INPUT_HIGH: positions.map((nibble) => toState(nibble << 4)),
    INVERSE: ELEMENT.map((element) => (element === 0 ? INFINITY : nibbleOf(invert(element)))),
    A_OVER: ELEMENT.map((element) => (element === 0 ? INFINITY : nibbleOf(multiply(a, invert(element))))),
    ONCE_U: inState.u,
    ONCE_T: inState.t,
    TWICE_U: doubled.u,
    TWICE_T: doubled.t,
    PLAIN_U: plain.u,
    PLAIN_T: plain.t,
    AFFINE_IN_STATE: positions.map(() => toState(0x63)),
    SHIFTS: [0, 1, 2, 3].flatMap(shift),
    TURNS: [0, 1, 2, 3].flatMap((times) => [...putOffTurn(1, times), ...putOffTurn(3, times)]),
    ...deriveCounterTables(),
  };
}

if (import.meta.main) {
  for (const [name, bytes] of Object.entries(derivePermuteTables())) {
    const rows = Array.from({ length: bytes.length / 16 }, (_, row) =>
      bytes
        .slice(16 * row, 16 * row + 16)
        .map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)
        .join(', '),
    );
    console.log(
      `export const ${name}: usize = memory.data<u8>([\n${rows.map((row) => `  ${row},\n`).join('')}], 16);`,
    );
  }
}
