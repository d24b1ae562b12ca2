/**
 * AES-GCM and XAES-256-GCM as the standards write them: bytes and BigInt, no trick, a clause beside each line.
 *
 * For reading and for comparing. It is thousands of times slower than the kernel, leaks through timing and cache
 * whatever it computes with, and is never to be given a real key.
 */

import { TAG_BYTES } from './aead.ts';

// ── AES. Source: FIPS 197 ───────────────────────────────────────────────────────────────────────────────────────

/** Section 4.2.1: multiplication by x. */
const xtime = (byte: number): number => ((byte << 1) ^ (byte & 0x80 ? 0x11b : 0)) & 0xff;

/** Section 5.1.1: the inverse in GF(2⁸), then the affine map. Powers of the generator x + 1 give inverses. */
const SBOX = makeSbox();

function makeSbox(): Uint8Array {
  const powers: number[] = [1];
  for (let n = 1; n < 255; n++) {
    const last = powers[n - 1] ?? 0;
    powers.push(last ^ xtime(last));
  }
  const sbox = new Uint8Array(256).fill(0x63, 0, 1);
  for (const [n, byte] of powers.entries()) {
    const inverse = powers[(255 - n) % 255] ?? 0;
    let mapped = 0x63;
    for (let turn = 0; turn < 5; turn++) mapped ^= (inverse << turn) | (inverse >> (8 - turn));
    sbox[byte] = mapped;
  }
  return sbox;
}

const sub = (byte: number | undefined): number => SBOX[byte ?? 0] ?? 0;

/** Section 5.2: the words of the key schedule, as bytes. */
function expandKey(key: Uint8Array): Uint8Array {
  const keyWords = key.length / 4; // Nk
  const rounds = keyWords + 6; // Nr
  const schedule = new Uint8Array(16 * (rounds + 1));
  schedule.set(key);
  let constant = 1;
  for (let word = keyWords; word < 4 * (rounds + 1); word++) {
    let temp = [...schedule.subarray(4 * word - 4, 4 * word)];
    if (word % keyWords === 0) {
      temp = [sub(temp[1]) ^ constant, sub(temp[2]), sub(temp[3]), sub(temp[0])]; // SubWord(RotWord) + Rcon
      constant = xtime(constant);
    } else if (keyWords > 6 && word % keyWords === 4) {
      temp = temp.map(sub); // SubWord
    }
    for (const [n, byte] of temp.entries()) {
      schedule[4 * word + n] = (schedule[4 * (word - keyWords) + n] ?? 0) ^ byte;
    }
  }
  return schedule;
}

/** Section 5.1: one block. The state is the block, column by column. */
function encryptBlock(schedule: Uint8Array, block: Uint8Array): Uint8Array {
  const rounds = schedule.length / 16 - 1;
  const addRoundKey = (state: Uint8Array, round: number): Uint8Array =>
    state.map((byte, n) => byte ^ (schedule[16 * round + n] ?? 0)); // 5.1.4
  let state = addRoundKey(block, 0);
  for (let round = 1; round <= rounds; round++) {
    const before = state;
    // 5.1.1 SubBytes and 5.1.2 ShiftRows: row r of column c comes from column c + r.
    const shifted = state.map((_, n) => sub(before[(n + 4 * (n % 4)) % 16]));
    // 5.1.3 MixColumns, left out in the last round: 2·s[r] + 3·s[r+1] + s[r+2] + s[r+3].
    const row = (n: number, by: number): number => shifted[n - (n % 4) + ((n + by) % 4)] ?? 0;
    const mixed = shifted.map(
      (byte, n) => xtime(byte) ^ xtime(row(n, 1)) ^ row(n, 1) ^ row(n, 2) ^ row(n, 3),
    );
    state = addRoundKey(round < rounds ? mixed : shifted, round);
  }
  return state;
}

// ── GCM. Source: NIST SP 800-38D ────────────────────────────────────────────────────────────────────────────────

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);

function toBlock(number: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(number.toString(16).padStart(32, '0'), 'hex'));
}

/** Section 6.3: the leftmost bit is the coefficient of x⁰. */
const REDUCTION = 0xe1n << 120n;

/** X • Y for all X with one Y: bit n of the result is Y × xⁿ. */
function multiples(y: bigint): bigint[] {
  const list = [y];
  for (let bit = 1; bit < 128; bit++) {
    const v = list[bit - 1] ?? 0n;
    list.push(v & 1n ? (v >> 1n) ^ REDUCTION : v >> 1n);
  }
  return list;
}

/** Section 6.4. */
function ghash(hashKey: bigint, data: Uint8Array): bigint {
  const v = multiples(hashKey);
  let y = 0n;
  for (let at = 0; at < data.length; at += 16) {
    const x = y ^ toNumber(data.subarray(at, at + 16));
    const bits = x.toString(2).padStart(128, '0');
    y = 0n;
    for (let bit = bits.indexOf('1'); bit >= 0; bit = bits.indexOf('1', bit + 1)) y ^= v[bit] ?? 0n;
  }
  return y;
}

const padded = (bytes: Uint8Array): Uint8Array[] => [bytes, new Uint8Array(-bytes.length & 15)];

/** Lengths in bits, 64 bits each. */
const lengths = (first: number, second: number): Uint8Array =>
  toBlock((BigInt(8 * first) << 64n) | BigInt(8 * second));

/** Section 6.2: the last 32 bits are counted up and wrap. */
function increment(block: bigint, by: number): Uint8Array {
  const count = BigInt.asUintN(32, block + BigInt(by));
  return toBlock(((block >> 32n) << 32n) | count);
}

/** Section 6.5, from the block after J₀. */
function gctr(schedule: Uint8Array, first: bigint, text: Uint8Array): Uint8Array {
  const result = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 16) {
    const stream = encryptBlock(schedule, increment(first, 1 + at / 16));
    for (let n = at; n < Math.min(at + 16, text.length); n++)
      result[n] = (text[n] ?? 0) ^ (stream[n - at] ?? 0);
  }
  return result;
}

/** Section 7.1: what a key and an IV give to both directions. */
function prepare(key: Uint8Array, iv: Uint8Array) {
  const schedule = expandKey(key);
  const hashKey = toNumber(encryptBlock(schedule, new Uint8Array(16))); // step 1
  const first = // step 2: J₀
    iv.length === 12
      ? (toNumber(iv) << 32n) | 1n
      : ghash(hashKey, Buffer.concat([...padded(iv), lengths(0, iv.length)]));
  const tagOf = (aad: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
    const data = [...padded(aad), ...padded(ciphertext), lengths(aad.length, ciphertext.length)]; // step 4
    const mask = toNumber(encryptBlock(schedule, toBlock(first)));
    return toBlock(ghash(hashKey, Buffer.concat(data)) ^ mask); // steps 5 and 6
  };
  return { crypt: (text: Uint8Array) => gctr(schedule, first, text), tagOf };
}

/** Algorithm 4 (section 7.1); the key has 16, 24 or 32 bytes. Gives ciphertext ‖ tag. */
export function sealAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const { crypt, tagOf } = prepare(key, iv);
  const ciphertext = crypt(plaintext);
  return Uint8Array.from([...ciphertext, ...tagOf(aad, ciphertext)]);
}

/** Algorithm 5 (section 7.2). Gives undefined where the standard says FAIL. */
export function openAesGcm(
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined; // step 1
  const { crypt, tagOf } = prepare(key, iv);
  const ciphertext = sealed.subarray(0, -TAG_BYTES);
  if (toNumber(tagOf(aad, ciphertext)) !== toNumber(sealed.subarray(-TAG_BYTES))) return undefined; // step 8
  return crypt(ciphertext);
}

// ── XAES-256-GCM. Source: C2SP, XAES-256-GCM.md ─────────────────────────────────────────────────────────────────

/** The key and the IV of the one AES-256-GCM message that the nonce stands for. */
export function deriveXaes(key: Uint8Array, nonce: Uint8Array): { key: Uint8Array; iv: Uint8Array } {
  const schedule = expandKey(key);
  const l = toNumber(encryptBlock(schedule, new Uint8Array(16)));
  // NIST SP 800-38B, section 6.1: doubling in GF(2¹²⁸).
  const k1 = BigInt.asUintN(128, l << 1n) ^ (l >> 127n ? 0x87n : 0n);
  const half = (n: number): Uint8Array => {
    const m = Uint8Array.from([0, n, 0x58, 0, ...nonce.subarray(0, 12)]); // M1, M2: "X" is 0x58
    return encryptBlock(schedule, toBlock(toNumber(m) ^ k1));
  };
  return { key: Uint8Array.from([...half(1), ...half(2)]), iv: nonce.slice(12) };
}
