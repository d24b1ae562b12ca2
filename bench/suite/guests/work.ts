/**
 * What the guests of the suite do, each once as WebAssembly text and once as a plain function that says what is right.
 *
 * The text is a function `$work (param $at i32) (param $length i32) (result i32)`: the input lies at `$at`, the answer is
 * written over it, its length is returned. Forms (forms.ts) put it into whatever binary a runtime takes, so every
 * runtime runs the same instructions. Memory below `FREE` is the work's own.
 */

import { hash } from 'node:crypto';
import type { Workload } from '../subject.ts';

export type CoreWorkload = Exclude<Workload, 'javascript-64B'>;

/** First byte that forms may use: constants and the hash's variables lie below. */
export const FREE = 1_024;

/** So many that the whole takes about a millisecond as plain WebAssembly on a core of 3 GHz. */
export const HASH_ROUNDS = 1_200;

export interface Work {
  readonly inputBytes: number;
  /** Functions and data of a module that has `(memory …)`, among them `$work`. */
  readonly text: string;
  reference(input: Uint8Array): Uint8Array;
}

const SCHEDULE = 256;
const STATE = 512;

const primes = (count: number): number[] => {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
};
/** 32 bits behind the point. Source: FIPS 180-4, 4.2.2 and 5.3.3. */
const fraction = (value: number): number => Math.floor((value % 1) * 2 ** 32);
const CONSTANTS = primes(64).map((prime) => fraction(Math.cbrt(prime)));
const INITIAL = primes(8).map((prime) => fraction(Math.sqrt(prime)));

const rotations = (name: string, first: number, second: number, third: string): string =>
  `(i32.xor (i32.xor (i32.rotr (local.get ${name}) (i32.const ${first})) (i32.rotr (local.get ${name}) (i32.const ${second}))) ${third})`;
const rotated = (name: string, count: number): string =>
  `(i32.rotr (local.get ${name}) (i32.const ${count}))`;
const shifted = (name: string, count: number): string =>
  `(i32.shr_u (local.get ${name}) (i32.const ${count}))`;
const swapped = (value: string): string => `(call $swap ${value})`;
const bytesOf = (words: readonly number[]): string =>
  words
    .flatMap((word) => [word, word >>> 8, word >>> 16, word >>> 24])
    .map((byte) => `\\${(byte & 255).toString(16).padStart(2, '0')}`)
    .join('');
const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** SHA-256 of 64 bytes, whose digest takes the place of the first 32 of them, over and over. Source: FIPS 180-4, 6.2. */
const HASH_TEXT = `
  (data (i32.const 0) "${bytesOf(CONSTANTS)}")
  (func $swap (param i32) (result i32)
    (i32.or (i32.and (i32.rotl (local.get 0) (i32.const 8)) (i32.const 0x00ff00ff))
            (i32.and (i32.rotr (local.get 0) (i32.const 8)) (i32.const 0xff00ff00))))
  (func $compress (local $p i32) (local $x i32) (local $y i32) (local $sum i32)
    ${LETTERS.map((letter) => `(local $${letter} i32)`).join(' ')}
    (local.set $p (i32.const ${SCHEDULE}))
    (loop $words
      (local.set $x (i32.load offset=4 (local.get $p)))
      (local.set $y (i32.load offset=56 (local.get $p)))
      (i32.store offset=64 (local.get $p)
        (i32.add
          (i32.add (i32.load (local.get $p)) ${rotations('$x', 7, 18, shifted('$x', 3))})
          (i32.add (i32.load offset=36 (local.get $p)) ${rotations('$y', 17, 19, shifted('$y', 10))})))
      (br_if $words (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const ${SCHEDULE + 192}))))
    ${LETTERS.map((letter, index) => `(local.set $${letter} (i32.load (i32.const ${STATE + 4 * index})))`).join('\n    ')}
    (local.set $p (i32.const 0))
    (loop $rounds
      (local.set $sum
        (i32.add
          (i32.add
            (i32.add (local.get $h) ${rotations('$e', 6, 11, rotated('$e', 25))})
            (i32.xor (local.get $g) (i32.and (local.get $e) (i32.xor (local.get $f) (local.get $g)))))
          (i32.add (i32.load (local.get $p)) (i32.load offset=${SCHEDULE} (local.get $p)))))
      (local.set $h (local.get $g)) (local.set $g (local.get $f)) (local.set $f (local.get $e))
      (local.set $e (i32.add (local.get $d) (local.get $sum)))
      (local.set $sum
        (i32.add (local.get $sum)
          (i32.add ${rotations('$a', 2, 13, rotated('$a', 22))}
            (i32.or (i32.and (local.get $a) (local.get $b))
                    (i32.and (local.get $c) (i32.or (local.get $a) (local.get $b)))))))
      (local.set $d (local.get $c)) (local.set $c (local.get $b)) (local.set $b (local.get $a))
      (local.set $a (local.get $sum))
      (br_if $rounds (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 256))))
    ${LETTERS.map(
      (letter, index) =>
        `(i32.store (i32.const ${STATE + 4 * index}) (i32.add (local.get $${letter}) (i32.load (i32.const ${STATE + 4 * index}))))`,
    ).join('\n    ')})
  (func $work (param $at i32) (param $length i32) (result i32) (local $left i32) (local $p i32)
    (if (i32.ne (local.get $length) (i32.const 64)) (then unreachable))
    (local.set $left (i32.const ${HASH_ROUNDS}))
    (loop $again
      ${INITIAL.map((word, index) => `(i32.store (i32.const ${STATE + 4 * index}) (i32.const ${word}))`).join('\n      ')}
      (local.set $p (i32.const 0))
      (loop $load
        (i32.store offset=${SCHEDULE} (local.get $p) ${swapped('(i32.load (i32.add (local.get $at) (local.get $p)))')})
        (br_if $load (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 64))))
      (call $compress)
      ;; The second block is padding alone: one bit, and the length of 512 bits.
      (memory.fill (i32.const ${SCHEDULE}) (i32.const 0) (i32.const 64))
      (i32.store (i32.const ${SCHEDULE}) (i32.const 0x80000000))
      (i32.store (i32.const ${SCHEDULE + 60}) (i32.const 512))
      (call $compress)
      (local.set $p (i32.const 0))
      (loop $store
        (i32.store (i32.add (local.get $at) (local.get $p)) ${swapped(`(i32.load offset=${STATE} (local.get $p))`)})
        (br_if $store (i32.lt_u (local.tee $p (i32.add (local.get $p) (i32.const 4))) (i32.const 32))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.const 32))`;

const ECHO_TEXT = `(func $work (param $at i32) (param $length i32) (result i32) (local.get $length))`;

/** Eight bytes at a time, and one at a time what is left. */
const TRANSFORM_TEXT = `(func $work (param $at i32) (param $length i32) (result i32) (local $p i32)
    (block $long (loop $next
      (br_if $long (i32.gt_u (i32.add (local.get $p) (i32.const 8)) (local.get $length)))
      (i64.store (i32.add (local.get $at) (local.get $p))
        (i64.xor (i64.load (i32.add (local.get $at) (local.get $p))) (i64.const 0x5a5a5a5a5a5a5a5a)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br $next)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $p) (local.get $length)))
      (i32.store8 (i32.add (local.get $at) (local.get $p))
        (i32.xor (i32.load8_u (i32.add (local.get $at) (local.get $p))) (i32.const 0x5a)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $next)))
    (local.get $length))`;

function hashAgain(input: Uint8Array): Uint8Array {
  const bytes = Buffer.from(input);
  for (let round = 0; round < HASH_ROUNDS; round++) hash('sha256', bytes, 'buffer').copy(bytes);
  return Uint8Array.from(bytes.subarray(0, 32));
}

export const WORK: Readonly<Record<CoreWorkload, Work>> = {
  'echo-64B': { inputBytes: 64, text: ECHO_TEXT, reference: (input) => input.slice() },
  'transform-4KiB': {
    inputBytes: 4_096,
    text: TRANSFORM_TEXT,
    reference: (input) => input.map((byte) => byte ^ 0x5a),
  },
  'cpu-1ms': { inputBytes: 64, text: HASH_TEXT, reference: hashAgain },
};

/** The input of a workload: bytes that repeat mod 251, as the load generator sends them. */
export function inputOf(workload: Workload): Uint8Array {
  const { inputBytes } = WORK[workload === 'javascript-64B' ? 'echo-64B' : workload];
  return Uint8Array.from({ length: inputBytes }, (_, index) => index % 251);
}

/** The answer that every subject must give, byte for byte. */
export function referenceAnswer(workload: Workload, input: Uint8Array): Uint8Array {
  return WORK[workload === 'javascript-64B' ? 'echo-64B' : workload].reference(input);
}
