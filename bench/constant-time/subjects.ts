/**
 * What is timed: operations of a kernel on inputs of two classes, one fixed and one random.
 *
 * Every input of either class is copied in before its time is taken, from a pool that holds both alike, so that caches
 * see no difference but in contents. Which class comes next is drawn at random: whatever else goes on in the machine
 * meets both.
 */

import { randomBytes } from 'node:crypto';
import { AES_KEY_BYTES } from '../../crypto-wasm/cipher/aead.ts';
import type { CipherKernel } from '../../crypto-wasm/cipher/cipher.ts';

export interface Subject {
  readonly row: string;
  /** Bytes of one input. */
  readonly inputBytes: number;
  /** The input of class 0; class 1 is random. Left out, it is all zeros. */
  readonly fixed?: (input: Uint8Array) => void;
  /** Puts an input in its place. Not timed. */
  prepare(input: Uint8Array): void;
  /** Timed. */
  run(): void;
}

const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** Enough to run the whole of a window, of the lanes and of the last group. */
const TEXT_BYTES = 1_024;
/** One comparison is far below the clock's resolution. */
const COMPARISONS_COUNT = 200;

/** Times of so many runs and the class of each. */
export function timeClasses(subject: Subject, count: number): { samples: Float64Array; classes: Uint8Array } {
  const { inputBytes } = subject;
  const classes = randomBytes(count).map((byte) => byte & 1);
  const slots = 1_024;
  const pool = randomBytes(slots * inputBytes);
  const samples = new Float64Array(count);
  for (let from = 0; from < count; from += slots) {
    const here = Math.min(slots, count - from);
    pool.set(randomBytes(here * inputBytes));
    for (let slot = 0; slot < here; slot++) {
      if (classes[from + slot] !== 0) continue;
      const input = pool.subarray(slot * inputBytes, (slot + 1) * inputBytes);
      if (subject.fixed) subject.fixed(input);
      else input.fill(0);
    }
    for (let slot = 0; slot < here; slot++) {
      subject.prepare(pool.subarray(slot * inputBytes, (slot + 1) * inputBytes));
      const startMs = performance.now();
      subject.run();
      samples[from + slot] = performance.now() - startMs;
    }
  }
  return { samples, classes };
}

export function kernelSubjects(kernel: CipherKernel): Subject[] {
  const { exports, reserve } = kernel;
  const context = reserve(exports.gcmBytes());
  const room = reserve(exports.chachaBytes());
  const key = reserve(KEY_BYTES);
  const iv = reserve(16);
  const text = reserve(TEXT_BYTES);
  const tag = reserve(TAG_BYTES);
  const other = reserve(TAG_BYTES);
  // Taken after the last `reserve`: growing memory would detach it.
  const bytes = new Uint8Array(exports.memory.buffer);
  const keyAndText = (input: Uint8Array): void => {
    bytes.set(input.subarray(0, KEY_BYTES), key);
    bytes.set(input.subarray(KEY_BYTES), text);
  };
  return [
    ...AES_KEY_BYTES.map((keyBytes) => ({
      row: `AES-${8 * keyBytes} key schedule and hash key: fixed and random key`,
      inputBytes: keyBytes,
      prepare: (input: Uint8Array) => bytes.set(input, key),
      run: () => exports.takeGcmKey(context, key, keyBytes),
    })),
    {
      row: 'AES-256-GCM, 1 KB sealed: fixed and random key and plaintext',
      inputBytes: KEY_BYTES + TEXT_BYTES,
      prepare(input) {
        keyAndText(input);
        exports.takeGcmKey(context, key, KEY_BYTES);
      },
      run: () => exports.sealGcm(context, iv, 12, 0, 0, text, text, TEXT_BYTES, tag),
    },
    {
      row: 'GHASH, 1 KB of additional data: fixed and random hash key and data',
      inputBytes: KEY_BYTES + TEXT_BYTES,
      prepare(input) {
        keyAndText(input);
        exports.takeGcmKey(context, key, KEY_BYTES);
      },
      run: () => exports.sealGcm(context, iv, 12, text, TEXT_BYTES, text, text, 0, tag),
    },
    {
      row: 'ChaCha20-Poly1305, 1 KB sealed: fixed and random key and plaintext',
      inputBytes: KEY_BYTES + TEXT_BYTES,
      prepare: keyAndText,
      run: () => exports.sealChaCha(room, key, iv, 12, 0, 0, text, text, TEXT_BYTES, tag),
    },
    {
      row: 'tag comparison: equal and random tags',
      inputBytes: TAG_BYTES,
      prepare(input) {
        bytes.fill(0, other, other + TAG_BYTES);
        bytes.set(input, tag);
      },
      run() {
        for (let count = 0; count < COMPARISONS_COUNT; count++) exports.equalTags(tag, other);
      },
    },
  ];
}

/** A comparison that stops at the first difference, in JavaScript: shows that the test sees what is there to see. */
export function leakyComparison(): Subject {
  const secret = new Uint8Array(TAG_BYTES);
  const given = new Uint8Array(TAG_BYTES);
  let equalCount = 0;
  const isEqual = (): boolean => {
    for (let index = 0; index < TAG_BYTES; index++) if (secret[index] !== given[index]) return false;
    return true;
  };
  return {
    row: 'control: a comparison that stops at the first difference',
    inputBytes: TAG_BYTES,
    prepare: (input) => given.set(input),
    run() {
      for (let count = 0; count < COMPARISONS_COUNT; count++) if (isEqual()) equalCount++;
      // Kept observable, so that the loop is not optimised away.
      if (equalCount < 0) throw new RangeError('counts do not fall');
    },
  };
}
