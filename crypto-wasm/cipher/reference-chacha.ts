/**
 * ChaCha20-Poly1305 and HChaCha20 as the RFC writes them: words, and BigInt for the prime field; a clause beside each
 * line.
 *
 * For reading and for comparing; slow, leaky, and never to be given a real key.
 */

import { TAG_BYTES } from './aead.ts';

// ── ChaCha20. Source: RFC 8439 ──────────────────────────────────────────────────────────────────────────────────

/** Section 2.3: "expand 32-byte k". */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574];

/** Section 2.3: quarter rounds on the columns, then on the diagonals. */
const QUARTERS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, n) => view.getUint32(4 * n, true));
}

function bytesOf(list: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * list.length);
  const view = new DataView(bytes.buffer);
  for (const [n, word] of list.entries()) view.setUint32(4 * n, word, true);
  return bytes;
}

/** Section 2.1: a += b, d ^= a, d <<<= n; and the same with c, d, b. */
function quarterRound(s: Uint32Array, [a, b, c, d]: readonly [number, number, number, number]): void {
  const step = (to: number, from: number, turned: number, by: number): void => {
    s[to] = (s[to] ?? 0) + (s[from] ?? 0);
    const sum = (s[turned] ?? 0) ^ (s[to] ?? 0);
    s[turned] = (sum << by) | (sum >>> (32 - by));
  };
  step(a, b, d, 16);
  step(c, d, b, 12);
  step(a, b, d, 8);
  step(c, d, b, 7);
}

/** Section 2.3.1: the twenty rounds, without the addition at the end. */
function rounds(state: readonly number[]): Uint32Array {
  const working = Uint32Array.from(state);
  for (let round = 0; round < 10; round++) {
    for (const quarter of QUARTERS) quarterRound(working, quarter);
  }
  return working;
}

/** Section 2.3: the block function. */
function block(key: Uint8Array, counter: number, nonce: Uint8Array): Uint8Array {
  const state = [...CONSTANTS, ...words(key), counter, ...words(nonce)];
  const worked = rounds(state);
  return bytesOf(state.map((word, n) => (word + (worked[n] ?? 0)) >>> 0));
}

/** Section 2.4: encryption, from the given block on. */
function chacha20(key: Uint8Array, counter: number, nonce: Uint8Array, text: Uint8Array): Uint8Array {
  const result = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 64) {
    const stream = block(key, counter + at / 64, nonce);
    for (let n = at; n < Math.min(at + 64, text.length); n++)
      result[n] = (text[n] ?? 0) ^ (stream[n - at] ?? 0);
  }
  return result;
}

/** draft-irtf-cfrg-xchacha-03, section 2.2: first and last row after the rounds. */
export function deriveXchacha(key: Uint8Array, nonce: Uint8Array): { key: Uint8Array; nonce: Uint8Array } {
  const worked = rounds([...CONSTANTS, ...words(key), ...words(nonce.slice(0, 16))]);
  return {
    key: bytesOf([...worked.subarray(0, 4), ...worked.subarray(12)]),
    nonce: Uint8Array.from([0, 0, 0, 0, ...nonce.subarray(16)]), // section 2.3
  };
}

// ── Poly1305. Source: RFC 8439, section 2.5 ─────────────────────────────────────────────────────────────────────

const PRIME = (1n << 130n) - 5n;
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn;

const littleEndian = (bytes: Uint8Array): bigint =>
  BigInt(`0x0${Buffer.from(bytes).reverse().toString('hex')}`);

function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = littleEndian(key.subarray(0, 16)) & CLAMP;
  const s = littleEndian(key.subarray(16, 32));
  let sum = 0n;
  for (let at = 0; at < message.length; at += 16) {
    const part = message.subarray(at, at + 16);
    const above = 1n << BigInt(8 * part.length);
    sum = ((sum + littleEndian(part) + above) * r) % PRIME;
  }
  const tag = BigInt.asUintN(128, sum + s);
  return Uint8Array.from(Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse());
}

// ── the AEAD. Source: RFC 8439, section 2.8 ─────────────────────────────────────────────────────────────────────

function tagOf(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const oneTimeKey = block(key, 0, nonce).subarray(0, 32); // section 2.6
  const padding = (bytes: Uint8Array): Uint8Array => new Uint8Array(-bytes.length & 15);
  const lengths = new BigUint64Array([BigInt(aad.length), BigInt(ciphertext.length)]);
  return poly1305(
    oneTimeKey,
    Buffer.concat([aad, padding(aad), ciphertext, padding(ciphertext), new Uint8Array(lengths.buffer)]),
  );
}

/** Gives ciphertext ‖ tag; the nonce has 12 bytes. */
export function sealChacha(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const ciphertext = chacha20(key, 1, nonce, plaintext);
  return Uint8Array.from([...ciphertext, ...tagOf(key, nonce, aad, ciphertext)]);
}

/** Gives undefined when the tag is wrong. */
export function openChacha(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const ciphertext = sealed.subarray(0, -TAG_BYTES);
  const tag = tagOf(key, nonce, aad, ciphertext);
  if (littleEndian(tag) !== littleEndian(sealed.subarray(-TAG_BYTES))) return undefined;
  return chacha20(key, 1, nonce, ciphertext);
}
