/**
 * BLAKE3: hash, keyed hash, key derivation, output of any length at any offset; in pieces of any size.
 *
 * A context is BLAKE3_CONTEXT_BYTES of the caller's memory. It holds the key or IV, the chunk that is being filled and a
 * stack of chaining values, one for each whole subtree on the left. Two subtrees are joined only when more input is
 * known to follow, for the last join is the root. Whole subtrees of up to 64 chunks go through the four lanes.
 * Nothing is allocated. `blake3Wipe` clears a context and what the lanes left behind.
 */

import { compress } from './blake3-block';
import { hashLanes, IV, wipeLanes } from './blake3-lanes';
import { clear64, copy32, copy64 } from './moves';

/** Source: BLAKE3 §2.1, §2.5. */
const CHUNK_BYTES: usize = 1024;
const BLOCK_BYTES: usize = 64;
const CHAIN_BYTES: usize = 32;
const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;
const KEYED_HASH: u32 = 16;
const DERIVE_KEY_CONTEXT: u32 = 32;
const DERIVE_KEY_MATERIAL: u32 = 64;

/** Context: key 32, chain 64 (a compression writes 64), block 64, then numbers, then the stack. */
const CHAIN: usize = 32;
const BLOCK: usize = 96;
const COUNTER: usize = 160;
const FLAGS: usize = 168;
const FILLED: usize = 172;
const BLOCKS: usize = 176;
const DEPTH: usize = 180;
const STACK: usize = 192;
/** 2^54 chunks of input at most make 54 whole subtrees, and one more that waits to be joined. */
const STACK_COUNT: usize = 55;
export const BLAKE3_CONTEXT_BYTES: usize = STACK + STACK_COUNT * CHAIN_BYTES;

/** Chunks hashed in one go; a power of two. With 256, 1 MB took the same time within noise. */
const SUBTREE_CHUNKS: usize = 64;
/** Chaining values of one subtree. Four lanes write 128 bytes even where two values are wanted. */
const VALUES: usize = memory.data(2048, 16);
/** Output of one compression that is not a context's own. */
const OUTPUT: usize = memory.data(64, 16);
/** Chaining value and block of the node that output is being made of; `join` borrows the second. */
const NODE_CHAIN: usize = memory.data(64, 16);
const NODE_BLOCK: usize = memory.data(64, 16);

export function blake3Init(context: usize): void {
  begin(context, IV, 0);
}

/** `key` is 32 bytes. */
export function blake3InitKeyed(context: usize, key: usize): void {
  begin(context, key, KEYED_HASH);
}

/** `name` is the context string in UTF-8: hard-coded, globally unique, never input of a user. */
export function blake3InitDeriveKey(context: usize, name: usize, nameBytes: usize): void {
  begin(context, IV, DERIVE_KEY_CONTEXT);
  blake3Update(context, name, nameBytes);
  blake3Output(context, 0, VALUES, CHAIN_BYTES);
  begin(context, VALUES, DERIVE_KEY_MATERIAL);
  clear64(VALUES);
}

function begin(context: usize, key: usize, flags: u32): void {
  copy32(context, key);
  copy32(context + CHAIN, key);
  store<u64>(context, 0, COUNTER);
  store<u32>(context, 0, FILLED);
  store<u32>(context, 0, BLOCKS);
  store<u32>(context, 0, DEPTH);
  store<u32>(context, flags, FLAGS);
}

/** Takes the next `bytes` of the message. */
export function blake3Update(context: usize, input: usize, bytes: usize): void {
  const held = chunkBytes(context);
  if (held > 0) {
    const taken = min(CHUNK_BYTES - held, bytes);
    fillChunk(context, input, taken);
    input += taken;
    bytes -= taken;
    if (bytes == 0) return;
    endChunk(context);
  }
  while (bytes > CHUNK_BYTES) {
    const counter = load<u64>(context, COUNTER);
    // The largest whole subtree that fits here: a power of two which divides the chunks before it.
    let chunks: usize = SUBTREE_CHUNKS;
    while (chunks * CHUNK_BYTES > bytes || (counter & <u64>(chunks - 1)) != 0) chunks >>= 1;
    if (chunks == 1) {
      fillChunk(context, input, CHUNK_BYTES);
      endChunk(context);
    } else {
      hashSubtree(context, input, chunks);
      push(context, VALUES, counter);
      push(context, VALUES + CHAIN_BYTES, counter + <u64>(chunks >> 1));
      store<u64>(context, counter + <u64>chunks, COUNTER);
      // Four lanes have written 128 bytes at the least.
      memory.fill(VALUES, 0, max(4, chunks) * CHAIN_BYTES);
      wipeLanes();
    }
    input += chunks * CHUNK_BYTES;
    bytes -= chunks * CHUNK_BYTES;
  }
  if (bytes > 0) {
    fillChunk(context, input, bytes);
    join(context, load<u64>(context, COUNTER));
  }
}

/**
 * Writes `bytes` of the output, from `offset` on. The context stays as it is: ask again, or go on with `blake3Update`.
 * Source: BLAKE3 §2.6: output block n is the root compressed with n as its counter.
 */
export function blake3Output(context: usize, offset: u64, out: usize, bytes: usize): void {
  const key = context;
  const flags = load<u32>(context, FLAGS);
  let depth = load<u32>(context, DEPTH);
  let blockBytes: u32 = <u32>BLOCK_BYTES;
  let nodeFlags = flags | PARENT;
  let counter: u64 = 0;
  if (depth == 0 || chunkBytes(context) > 0) {
    blockBytes = load<u32>(context, FILLED);
    copy32(NODE_CHAIN, context + CHAIN);
    clear64(NODE_BLOCK);
    memory.copy(NODE_BLOCK, context + BLOCK, blockBytes);
    nodeFlags = flags | CHUNK_END | startFlag(context);
    counter = load<u64>(context, COUNTER);
  } else {
    depth -= 2;
    copy32(NODE_CHAIN, key);
    copy64(NODE_BLOCK, context + STACK + depth * CHAIN_BYTES);
  }
  while (depth > 0) {
    depth--;
    compress(NODE_CHAIN, NODE_BLOCK, blockBytes, counter, nodeFlags, OUTPUT);
    copy32(NODE_BLOCK, context + STACK + depth * CHAIN_BYTES);
    copy32(NODE_BLOCK + CHAIN_BYTES, OUTPUT);
    copy32(NODE_CHAIN, key);
    blockBytes = <u32>BLOCK_BYTES;
    nodeFlags = flags | PARENT;
    counter = 0;
  }

  let skipped = <usize>(offset & 63);
  for (counter = offset >> 6; bytes > 0; counter++) {
    compress(NODE_CHAIN, NODE_BLOCK, blockBytes, counter, nodeFlags | ROOT, OUTPUT);
    const taken = min(BLOCK_BYTES - skipped, bytes);
    if (taken == CHAIN_BYTES && skipped == 0) copy32(out, OUTPUT);
    else memory.copy(out, OUTPUT + skipped, taken);
    out += taken;
    bytes -= taken;
    skipped = 0;
  }
  clear64(OUTPUT);
  clear64(NODE_CHAIN);
  clear64(NODE_BLOCK);
}

/** Clears a context, and what the last compression of any context left behind. */
export function blake3Wipe(context: usize): void {
  memory.fill(context, 0, BLAKE3_CONTEXT_BYTES);
  clear64(OUTPUT);
  clear64(NODE_BLOCK);
}

function chunkBytes(context: usize): usize {
  return <usize>load<u32>(context, BLOCKS) * BLOCK_BYTES + <usize>load<u32>(context, FILLED);
}

function startFlag(context: usize): u32 {
  return load<u32>(context, BLOCKS) == 0 ? CHUNK_START : 0;
}

/** Adds to the current chunk, which has room for it. Its last block stays uncompressed: it may be the root's. */
function fillChunk(context: usize, input: usize, bytes: usize): void {
  const counter = load<u64>(context, COUNTER);
  const flags = load<u32>(context, FLAGS);
  while (bytes > 0) {
    let filled = <usize>load<u32>(context, FILLED);
    if (filled == BLOCK_BYTES) {
      compressBlock(context, context + BLOCK, counter, flags);
      filled = 0;
    }
    while (filled == 0 && bytes > BLOCK_BYTES) {
      compressBlock(context, input, counter, flags);
      input += BLOCK_BYTES;
      bytes -= BLOCK_BYTES;
    }
    const taken = min(BLOCK_BYTES - filled, bytes);
    if (taken == BLOCK_BYTES) copy64(context + BLOCK, input);
    else memory.copy(context + BLOCK + filled, input, taken);
    store<u32>(context, <u32>(filled + taken), FILLED);
    input += taken;
    bytes -= taken;
  }
}

function compressBlock(context: usize, block: usize, counter: u64, flags: u32): void {
  compress(context + CHAIN, block, <u32>BLOCK_BYTES, counter, flags | startFlag(context), context + CHAIN);
  store<u32>(context, load<u32>(context, BLOCKS) + 1, BLOCKS);
}

/** Pushes the value of the chunk that is full, and begins the next one. */
function endChunk(context: usize): void {
  const counter = load<u64>(context, COUNTER);
  const flags = load<u32>(context, FLAGS) | CHUNK_END | startFlag(context);
  compress(context + CHAIN, context + BLOCK, <u32>BLOCK_BYTES, counter, flags, OUTPUT);
  push(context, OUTPUT, counter);
  store<u64>(context, counter + 1, COUNTER);
  copy32(context + CHAIN, context);
  store<u32>(context, 0, BLOCKS);
  store<u32>(context, 0, FILLED);
}

/** Hashes a subtree of 2 … 64 chunks into the two values below its top, which may be the root and so stays undone. */
function hashSubtree(context: usize, input: usize, chunks: usize): void {
  const counter = load<u64>(context, COUNTER);
  const flags = load<u32>(context, FLAGS);
  for (let i: usize = 0; i < chunks; i += 4) {
    const at = input + i * CHUNK_BYTES;
    // Of two chunks, the lanes 2 and 3 do the same work again and are not looked at.
    const other = chunks == 2 ? at : at + 2 * CHUNK_BYTES;
    hashLanes(at, at + CHUNK_BYTES, other, other + CHUNK_BYTES, 16, context, counter + <u64>i, 1,
      flags, CHUNK_START, CHUNK_END, VALUES + i * CHAIN_BYTES);
  }
  for (let count = chunks >> 1; count > 1; count >>= 1) {
    for (let i: usize = 0; i < count; i += 4) {
      const at = VALUES + i * BLOCK_BYTES;
      hashLanes(at, at + BLOCK_BYTES, at + 2 * BLOCK_BYTES, at + 3 * BLOCK_BYTES, 1, context, 0, 0,
        flags | PARENT, 0, 0, VALUES + i * CHAIN_BYTES);
    }
  }
}

/** Adds the value of a subtree that stands behind `chunksBefore` chunks. */
function push(context: usize, value: usize, chunksBefore: u64): void {
  join(context, chunksBefore);
  const depth = load<u32>(context, DEPTH);
  copy32(context + STACK + depth * CHAIN_BYTES, value);
  store<u32>(context, depth + 1, DEPTH);
}

/** Joins subtrees until there is one for each bit of the count: BLAKE3 §2.1, left subtrees are whole and maximal. */
function join(context: usize, chunks: u64): void {
  let depth = load<u32>(context, DEPTH);
  const flags = load<u32>(context, FLAGS) | PARENT;
  while (depth > <u32>popcnt(chunks)) {
    depth--;
    const left = context + STACK + (depth - 1) * CHAIN_BYTES;
    // The output goes behind the two values it is made of: the compression writes 64 bytes.
    compress(context, left, <u32>BLOCK_BYTES, 0, flags, NODE_BLOCK);
    copy32(left, NODE_BLOCK);
  }
  store<u32>(context, depth, DEPTH);
}
