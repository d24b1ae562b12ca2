/**
 * GHASH: begin with the number of blocks, give the parts, end with the two lengths. Source: NIST SP 800-38D, section 6.4.
 *
 * The blocks of a message are cut into groups of sixteen, counted from its end; the first group is filled up with zero
 * blocks in front, which change nothing. All groups but the last go through the sixteen lanes, the last one is
 * multiplied by H¹⁶…H¹ and summed. A message too short to repay the 8 KiB table (or the powers) does without it.
 * What path is taken depends on lengths and on how the key was used before, never on a secret.
 */

import { clear } from './bytes';
import { addLanes, buildTable, LANES_BYTES, stepLanes, TABLE_BYTES, WORK_BYTES } from './ghash-lanes';
import { addProducts, POWER_BYTES, reduceSums, storePower, SUMS_BYTES } from './ghash-multiply';

const GROUP_BLOCKS: i32 = 16;
const GROUP_BYTES: usize = 256;
/**
 * From so many blocks under one key the table is repaid: building it takes as long as about three groups by
 * multiplication (1.2 µs against 0.45 µs saved on each).
 */
const TABLE_FROM_BLOCKS: i32 = 64;

// A context, by offsets. All of it is secret but the counts.
const KEY: usize = 0;
/** The running sum of the path without lanes; at the end, the result. */
const SUM: usize = 16;
const SUMS: usize = 32;
const POWERS_READY: usize = 80;
const TABLE_READY: usize = 84;
const GROUPS_LEFT: usize = 88;
const STAGED_BYTES: usize = 92;
/** Whether this message goes through the lanes, and how many powers its last group needs. */
const LANES_RUN: usize = 96;
const LAST_BLOCKS: usize = 100;
/** Blocks of earlier messages under this key, up to `TABLE_FROM_BLOCKS`. */
const EARLIER_BLOCKS: usize = 104;
const STAGE: usize = 112;
const LANES: usize = STAGE + GROUP_BYTES;
const WORK: usize = LANES + LANES_BYTES;
const POWERS: usize = WORK + WORK_BYTES;
const TABLE: usize = POWERS + POWER_BYTES * GROUP_BLOCKS;
/** Of a context, aligned to 16. */
export const HASH_BYTES: usize = TABLE + TABLE_BYTES;

/** Takes the hash key, sixteen bytes; tables and powers are made when a message needs them. */
export function takeHashKey(hash: usize, key: usize): void {
  v128.store(hash, v128.load(key), KEY);
  clear(hash + SUMS, SUMS_BYTES);
  store<i32>(hash, 0, POWERS_READY);
  store<i32>(hash, 0, TABLE_READY);
  store<i32>(hash, 0, EARLIER_BLOCKS);
}

/** Begins a message of so many blocks in all, each part's last block counted whole, the block of lengths included. */
export function beginHash(hash: usize, blockCount: i32): void {
  const groups = (blockCount + GROUP_BLOCKS - 1) / GROUP_BLOCKS;
  const padding = <usize>(groups * GROUP_BLOCKS - blockCount) * 16;
  store<i32>(hash, groups, GROUPS_LEFT);
  store<i32>(hash, <i32>padding, STAGED_BYTES);
  store<i32>(hash, groups > 1 ? GROUP_BLOCKS : blockCount, LAST_BLOCKS);
  clear(hash + STAGE, padding);
  v128.store(hash, i64x2.splat(0), SUM);
  makePowers(hash, groups > 1 ? GROUP_BLOCKS : blockCount);
  const soFar = min(load<i32>(hash, EARLIER_BLOCKS) + min(blockCount, TABLE_FROM_BLOCKS), TABLE_FROM_BLOCKS);
  store<i32>(hash, soFar, EARLIER_BLOCKS);
  if (groups > 1 && soFar == TABLE_FROM_BLOCKS && !load<i32>(hash, TABLE_READY)) {
    // H¹⁶ as bytes: the sum of products of H¹⁵ × H¹ alone.
    multiplyInto(hash, hash + KEY, GROUP_BLOCKS - 1, hash + SUM);
    buildTable(hash + TABLE, hash + SUM, hash + WORK);
    v128.store(hash, i64x2.splat(0), SUM);
    store<i32>(hash, 1, TABLE_READY);
  }
  const lanesRun = groups > 1 && load<i32>(hash, TABLE_READY) != 0;
  store<i32>(hash, lanesRun ? 1 : 0, LANES_RUN);
  if (lanesRun) clear(hash + LANES, LANES_BYTES);
}

/** Adds a part, filled up with zeros to whole blocks. */
export function addToHash(hash: usize, bytes: usize, lengthBytes: usize): void {
  let staged = <usize>load<i32>(hash, STAGED_BYTES);
  if (staged > 0) {
    const taken = min(GROUP_BYTES - staged, lengthBytes);
    memory.copy(hash + STAGE + staged, bytes, taken);
    staged = fillBlock(hash, staged + taken);
    bytes += taken;
    lengthBytes -= taken;
    if (staged == GROUP_BYTES) {
      addGroup(hash, hash + STAGE);
      staged = 0;
    }
  }
  // Whole groups are read where they lie; the message's last group always holds the lengths and so is staged.
  while (lengthBytes >= GROUP_BYTES) {
    addGroup(hash, bytes);
    bytes += GROUP_BYTES;
    lengthBytes -= GROUP_BYTES;
  }
  if (lengthBytes > 0) {
    memory.copy(hash + STAGE, bytes, lengthBytes);
    staged = fillBlock(hash, lengthBytes);
    if (staged == GROUP_BYTES) {
      addGroup(hash, hash + STAGE);
      staged = 0;
    }
  }
  store<i32>(hash, <i32>staged, STAGED_BYTES);
}

/** Adds the lengths in bytes of the two parts and writes the result, sixteen bytes. Leaves no state but the key's. */
export function endHash(hash: usize, firstBytes: u64, secondBytes: u64, result: usize): void {
  const staged = <usize>load<i32>(hash, STAGED_BYTES);
  store<u64>(hash + STAGE + staged, bswap(firstBytes << 3));
  store<u64>(hash + STAGE + staged, bswap(secondBytes << 3), 8);
  addGroup(hash, hash + STAGE);
  v128.store(result, v128.load(hash, SUM));
  v128.store(hash, i64x2.splat(0), SUM);
  clear(hash + STAGE, POWERS - STAGE);
}

/** Zeros up to the end of the block; gives the length with them. */
function fillBlock(hash: usize, staged: usize): usize {
  const whole = (staged + 15) & ~15;
  memory.fill(hash + STAGE + staged, 0, whole - staged);
  return whole;
}

function addGroup(hash: usize, blocks: usize): void {
  const left = load<i32>(hash, GROUPS_LEFT) - 1;
  const lanesRun = load<i32>(hash, LANES_RUN) != 0;
  store<i32>(hash, left, GROUPS_LEFT);
  if (left > 0 && lanesRun) {
    stepLanes(hash + LANES, hash + TABLE, blocks, hash + WORK);
    return;
  }
  if (blocks != hash + STAGE) memory.copy(hash + STAGE, blocks, GROUP_BYTES);
  if (lanesRun) addLanes(hash + STAGE, hash + LANES, hash + WORK);
  // A message of one group needs no products of the zero blocks in front.
  const count = load<i32>(hash, LAST_BLOCKS);
  const first = hash + STAGE + <usize>(16 * (GROUP_BLOCKS - count));
  v128.store(first, v128.xor(v128.load(first), v128.load(hash, SUM)));
  addProducts(hash + SUMS, first, count, hash + POWERS);
  reduceSums(hash + SUMS, hash + SUM);
}

/** Powers H¹…Hⁿ for the multiplication; those there already stay. */
function makePowers(hash: usize, count: i32): void {
  let ready = load<i32>(hash, POWERS_READY);
  if (ready >= count) return;
  if (ready == 0) {
    storePower(hash + POWERS, hash + KEY);
    ready = 1;
  }
  for (; ready < count; ready++) {
    multiplyInto(hash, hash + KEY, ready, hash + SUM);
    storePower(hash + POWERS + POWER_BYTES * ready, hash + SUM);
  }
  store<i32>(hash, ready, POWERS_READY);
  v128.store(hash, i64x2.splat(0), SUM);
}

/** element × Hⁿ, n from 1. */
function multiplyInto(hash: usize, element: usize, power: i32, result: usize): void {
  addProducts(hash + SUMS, element, 1, hash + POWERS + POWER_BYTES * (power - 1));
  reduceSums(hash + SUMS, result);
}
