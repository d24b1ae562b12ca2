/**
 * BLAKE3 as its paper says it: slow and readable, one line a clause. The oracle of the kernel where node:crypto has none.
 *
 * A message is a binary tree, walked by recursion from the whole message down; nothing is incremental, nothing is shared.
 * Not for secrets: what it computes stays in arrays until they are collected.
 * Source: BLAKE3, one function, fast everywhere (O'Connor, Aumasson, Neves, Wilcox-O'Hearn), sections as cited.
 */

/** §2.2, table 1: the first words of the square roots of the first eight primes. */
const IV: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
/** §2.2, table 2: where the words of a message come from in the next round. */
const PERMUTATION: readonly number[] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
/** §2.2, table 3. */
const CHUNK_START = 1;
const CHUNK_END = 2;
const PARENT = 4;
const ROOT = 8;
export const KEYED_HASH = 16;
export const DERIVE_KEY_CONTEXT = 32;
export const DERIVE_KEY_MATERIAL = 64;

const CHUNK_BYTES = 1024;
const BLOCK_BYTES = 64;
const ROUNDS = 7;

/** What a node is before it is compressed: §2.6 compresses the root again and again, with other counters. */
interface Node {
  readonly chain: readonly number[];
  readonly block: readonly number[];
  readonly blockBytes: number;
  readonly counter: bigint;
  readonly flags: number;
}

/** §2.3: the key words of the modes without a key. */
export const NO_KEY: readonly number[] = IV;

/** Bytes `offset` … `offset + lengthBytes` of the output of the mode that key and flags name. */
export function blake3Output(
  message: Uint8Array,
  key: readonly number[],
  flags: number,
  lengthBytes: number,
  offsetBytes: number,
): Uint8Array {
  const root = node(message, 0n, key, flags);
  const output = new Uint8Array(lengthBytes);
  for (let i = 0; i < lengthBytes; ) {
    // §2.6: block n of the output is the root with n as its counter.
    const at = offsetBytes + i;
    const counter = BigInt(Math.floor(at / BLOCK_BYTES));
    const words = compress({ ...root, counter, flags: root.flags | ROOT });
    const block = toBytes(words).subarray(at % BLOCK_BYTES);
    output.set(block.subarray(0, lengthBytes - i), i);
    i += block.length;
  }
  return output;
}

/** The node above `message`, whose first chunk is number `counter` of the whole. */
function node(message: Uint8Array, counter: bigint, key: readonly number[], flags: number): Node {
  if (message.length <= CHUNK_BYTES) return chunkNode(message, counter, key, flags);
  // §2.1: the left subtree is whole and takes the largest power of two of chunks that leaves something to the right.
  const chunkCount = Math.ceil(message.length / CHUNK_BYTES);
  const leftChunks = 2 ** (31 - Math.clz32(chunkCount - 1));
  const left = node(message.subarray(0, leftChunks * CHUNK_BYTES), counter, key, flags);
  const right = node(message.subarray(leftChunks * CHUNK_BYTES), counter + BigInt(leftChunks), key, flags);
  return {
    // §2.5: a parent's block is the chaining values of its children.
    chain: key,
    block: [...chainingValue(left), ...chainingValue(right)],
    blockBytes: BLOCK_BYTES,
    counter: 0n,
    flags: flags | PARENT,
  };
}

/** §2.4: the blocks of a chunk, each chained to the one before; the last is left for its caller to compress. */
function chunkNode(chunk: Uint8Array, counter: bigint, key: readonly number[], flags: number): Node {
  let chain = key;
  let blockFlags = flags | CHUNK_START;
  let at = 0;
  for (; chunk.length - at > BLOCK_BYTES; at += BLOCK_BYTES) {
    const block = toWords(chunk.subarray(at, at + BLOCK_BYTES));
    chain = chainingValue({ chain, block, blockBytes: BLOCK_BYTES, counter, flags: blockFlags });
    blockFlags = flags;
  }
  const last = chunk.subarray(at);
  return {
    chain,
    block: toWords(last),
    blockBytes: last.length,
    counter,
    flags: blockFlags | CHUNK_END,
  };
}

/** §2.2: the first half of a compression's output. */
function chainingValue(of: Node): number[] {
  return compress(of).slice(0, 8);
}

/** §2.2: the compression function, all sixteen words of it. */
function compress({ chain, block, blockBytes, counter, flags }: Node): number[] {
  const v = [
    ...chain,
    ...IV.slice(0, 4),
    Number(counter & 0xffffffffn),
    Number(counter >> 32n),
    blockBytes,
    flags,
  ];
  let m = [...block];
  for (let round = 0; round < ROUNDS; round++) {
    quarterRound(v, 0, 4, 8, 12, m[0], m[1]);
    quarterRound(v, 1, 5, 9, 13, m[2], m[3]);
    quarterRound(v, 2, 6, 10, 14, m[4], m[5]);
    quarterRound(v, 3, 7, 11, 15, m[6], m[7]);
    quarterRound(v, 0, 5, 10, 15, m[8], m[9]);
    quarterRound(v, 1, 6, 11, 12, m[10], m[11]);
    quarterRound(v, 2, 7, 8, 13, m[12], m[13]);
    quarterRound(v, 3, 4, 9, 14, m[14], m[15]);
    m = PERMUTATION.map((from) => m[from] as number);
  }
  const output = v.map((word, i) => (i < 8 ? word ^ (v[i + 8] as number) : word ^ (chain[i - 8] as number)));
  return output.map((word) => word >>> 0);
}

/** §2.2: G. */
function quarterRound(v: number[], a: number, b: number, c: number, d: number, mx = 0, my = 0): void {
  const at = (i: number): number => v[i] as number;
  v[a] = (at(a) + at(b) + mx) | 0;
  v[d] = rotated(at(d) ^ at(a), 16);
  v[c] = (at(c) + at(d)) | 0;
  v[b] = rotated(at(b) ^ at(c), 12);
  v[a] = (at(a) + at(b) + my) | 0;
  v[d] = rotated(at(d) ^ at(a), 8);
  v[c] = (at(c) + at(d)) | 0;
  v[b] = rotated(at(b) ^ at(c), 7);
}

function rotated(word: number, count: number): number {
  return (word >>> count) | (word << (32 - count));
}

/** Up to 64 bytes as sixteen words, the lowest byte first (§1.4), zeros behind the end. */
export function toWords(bytes: Uint8Array, count = 16): number[] {
  const byte = (i: number): number => bytes[i] ?? 0;
  return Array.from(
    { length: count },
    (_, i) =>
      (byte(4 * i) | (byte(4 * i + 1) << 8) | (byte(4 * i + 2) << 16) | (byte(4 * i + 3) << 24)) >>> 0,
  );
}

function toBytes(words: readonly number[]): Uint8Array {
  return Uint8Array.from(words.flatMap((word) => [word, word >>> 8, word >>> 16, word >>> 24]));
}
