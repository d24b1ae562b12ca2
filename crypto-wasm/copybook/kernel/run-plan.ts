/**
 * Operations that follow one another and whose kernels can go together → runs (`run-op.ts`).
 *
 * It only adds: every operation stays as it is, the first one of a run gets the run's address as its JUMP. Texts of a
 * run are of one code page, since its tables are in registers while they are transcoded.
 */

import { At, Flag, Op, OP_BYTES } from './decode-op';
import { Characters, CHARACTERS_MAX_BYTES, LITERAL_MAX_BYTES, Run, Step, StepKind } from './run-op';

/** A single leaf is as fast by itself. */
const LEAVES_MIN: i32 = 2;
/** 4 MB of a layout, and the records of real copybooks. */
const LEAVES_MAX: i32 = 16_384;
/** Longer texts are as fast by themselves. */
const TEXT_MAX_BYTES: i32 = 1024;

/** Tables of sixteen sign nibbles, by their bytes, and of 256 made of them: there are few different ones. */
const nibbleSigns = new StaticArray<u64>(16);
const byteSigns = new StaticArray<usize>(8);
let signsCount = 0;

/** By the whole last byte of a packed number what a table says by its lower nibble. Kept as long as the layout. */
function bytesTable(nibbles: usize): usize {
  const low = load<u64>(nibbles), high = load<u64>(nibbles, 8);
  for (let i = 0; i < signsCount; i++) {
    if (nibbleSigns[i * 2] == low && nibbleSigns[i * 2 + 1] == high) return byteSigns[i];
  }
  const table = heap.alloc(256);
  for (let byte: usize = 0; byte < 256; byte++) store<u8>(table + byte, load<u8>(nibbles + (byte & 15)));
  if (signsCount < byteSigns.length) {
    nibbleSigns[signsCount * 2] = low;
    nibbleSigns[signsCount * 2 + 1] = high;
    byteSigns[signsCount++] = table;
  }
  return table;
}

/** The operations from `ops` up to `end`. Allocates, so only while a layout is compiled. */
export function makeRuns(ops: usize, end: usize): void {
  // Memory of a layout before may be given back by now.
  signsCount = 0;
  let leaves = 0;
  let first = ops;
  while (first < end) {
    const behind = runEnd(first, end);
    const count = <i32>(behind - first) / OP_BYTES;
    if (count >= LEAVES_MIN) {
      leaves += count;
      if (leaves > LEAVES_MAX) return;
      store<usize>(first + At.JUMP, makeRun(first, behind));
    }
    first = max(behind, first + OP_BYTES);
  }
}

// @ts-ignore: decorator
@inline
function isText(op: usize): bool {
  const kind = load<i32>(op);
  return kind == Op.TEXT_16 || kind == Op.TEXT_32 || kind == Op.TEXT_LONG;
}

/** Tables of a text's page, 0 for a page of ASCII. */
function tablesOf(op: usize): usize {
  return (load<i32>(op + At.FLAGS) & Flag.IS_ASCII) != 0 ? 0 : load<usize>(op + At.TABLES);
}

function kindOf(op: usize): i32 {
  const kind = load<i32>(op), flags = load<i32>(op + At.FLAGS);
  const isSigned = (flags & Flag.IS_SIGNED) != 0;
  if (kind == Op.TEXT_16 || kind == Op.TEXT_32) return StepKind.TEXT;
  if (kind == Op.TEXT_LONG) return load<i32>(op + At.LENGTH) <= TEXT_MAX_BYTES ? StepKind.TEXT_LONG : StepKind.END;
  if (kind == Op.ZONED) return isPlain(op) ? StepKind.ZONED_PLAIN : StepKind.ZONED;
  if (kind == Op.PACKED) return load<i32>(op + At.PAD) == 0 ? StepKind.PACKED : StepKind.PACKED_PADDED;
  if (kind == Op.PACKED_LONG) return StepKind.PACKED_LONG;
  if ((flags & Flag.IS_LITTLE) != 0) return StepKind.END;
  if (kind == Op.BINARY_2) return isSigned ? StepKind.BINARY_2 : StepKind.UNSIGNED_2;
  if (kind == Op.BINARY_4) return isSigned ? StepKind.BINARY_4 : StepKind.UNSIGNED_4;
  if (kind == Op.BINARY_8) return isSigned ? StepKind.BINARY_8 : StepKind.UNSIGNED_8;
  return StepKind.END;
}

/** Zoned, of EBCDIC digits that stand where they are written, without a sign; a digit's own zone is right then. */
function isPlain(op: usize): bool {
  const length = load<i32>(op + At.LENGTH);
  if (load<i32>(op + At.WIDTH) != length || load<u8>(load<usize>(op + At.ZONES)) != 0xf0) return false;
  const signs = load<usize>(op + At.SIGN_TABLE);
  for (let digit = 0; digit < 10; digit++) if (load<u8>(signs + 0xf0 + digit) != 0) return false;
  // Bytes with another sign are not plain.
  for (let i = 0; i < length; i++) if (load<u8>(op + At.SLOTS + i) != i) return false;
  for (let digit = 0; digit < 10; digit++) if (load<u8>(signs + 0xd0 + digit) == 1) return false;
  return true;
}

function literalBytes(op: usize, first: usize): i32 {
  return load<i32>(op + At.KEY_BYTES) + (op == first ? 0 : closeBytes(op - OP_BYTES));
}

/** What stands behind a value, and how many bytes of it. */
function closeOf(op: usize): u32 {
  return isText(op) ? 0x2c22 : load<u32>(op + At.CLOSE);
}
function closeBytes(op: usize): i32 {
  return isText(op) ? 2 : load<i32>(op + At.CLOSE_BYTES);
}

/** The first operation that cannot go with those from `first` on; `first` itself when it cannot be in a run at all. */
function runEnd(first: usize, end: usize): usize {
  let tables: usize = 0;
  let hasText = false;
  let charactersBytes = 0;
  let op = first;
  for (; op < end; op += OP_BYTES) {
    if (kindOf(op) == StepKind.END || literalBytes(op, first) > LITERAL_MAX_BYTES) break;
    if (!isText(op)) continue;
    charactersBytes += (load<i32>(op + At.LENGTH) + 31) & ~15;
    if ((hasText && tablesOf(op) != tables) || charactersBytes > CHARACTERS_MAX_BYTES) break;
    hasText = true;
    tables = tablesOf(op);
  }
  return op;
}

function makeRun(first: usize, behind: usize): usize {
  const vectors = placeCharacters(first, behind, 0, 0);
  const steps = <i32>(behind - first) / OP_BYTES;
  const bytes = <i32>Run.HEAD_BYTES + vectors * <i32>Characters.BYTES + (steps + 1) * <i32>Step.BYTES;
  const run = (heap.alloc(bytes + 16) + 15) & ~15;
  memory.fill(run, 0, bytes);
  store<usize>(run + Run.NEXT, behind);
  store<i32>(run + Run.VECTORS_COUNT, vectors);
  let step = run + Run.HEAD_BYTES + vectors * Characters.BYTES;
  const firstStep = step;
  store<usize>(run + Run.STEPS, step);
  placeCharacters(first, behind, run + Run.HEAD_BYTES, step);
  let end = 0;
  for (let op = first; op < behind; op += OP_BYTES) {
    end = max(end, load<i32>(op + At.OFFSET) + load<i32>(op + At.LENGTH));
    fillLiteral(step, op, op == first);
    fillStep(step, op);
    if (isText(op)) store<usize>(run + Run.TABLES, tablesOf(op));
    step += Step.BYTES;
  }
  store<i32>(run + Run.END, end);
  let further = 0;
  for (let before = step - Step.BYTES; before >= firstStep; before -= Step.BYTES) {
    const isPacked = load<i32>(before) == StepKind.PACKED;
    if (isPacked) store<i32>(before + Step.FURTHER_COUNT, further);
    further = isPacked ? further + 1 : 0;
  }
  const last = behind - OP_BYTES;
  store<u32>(step + Step.LITERAL, closeOf(last));
  store<i32>(step + Step.LITERAL_BYTES, closeBytes(last));
  return run;
}

/**
 * Vectors over all texts, those next to one another together; how many. With addresses other than 0 they are written,
 * and every text's step gets its place.
 */
function placeCharacters(first: usize, behind: usize, entries: usize, steps: usize): i32 {
  let vectors = 0;
  let op = first;
  while (op < behind) {
    if (!isText(op)) {
      op += OP_BYTES;
      continue;
    }
    const from = load<i32>(op + At.OFFSET);
    let bytes = 0;
    for (; op < behind && isText(op) && load<i32>(op + At.OFFSET) == from + bytes; op += OP_BYTES) {
      const step = steps + ((op - first) / OP_BYTES) * Step.BYTES;
      if (steps != 0) store<i32>(step + Step.OFFSET, vectors * 16 + bytes);
      bytes += load<i32>(op + At.LENGTH);
    }
    for (let i = 0; i < bytes; i += 16) {
      if (entries != 0) {
        const entry = entries + vectors * Characters.BYTES;
        store<i32>(entry + Characters.OFFSET, from + i);
        const there = min(bytes - i, 16);
        memory.fill(entry + Characters.BEYOND + there, 0xff, 16 - there);
      }
      vectors++;
    }
  }
  return vectors;
}

/** What closes the value before, then the key. */
function fillLiteral(step: usize, op: usize, isFirst: bool): void {
  let at = step + Step.LITERAL;
  if (!isFirst) {
    store<u16>(at, <u16>closeOf(op - OP_BYTES));
    at += closeBytes(op - OP_BYTES);
  }
  const keyBytes = load<i32>(op + At.KEY_BYTES);
  memory.copy(at, load<usize>(op + At.KEY), keyBytes);
  store<i32>(step + Step.LITERAL_BYTES, <i32>(at - step - Step.LITERAL) + keyBytes);
}

function fillStep(step: usize, op: usize): void {
  const kind = kindOf(op), length = load<i32>(op + At.LENGTH), offset = load<i32>(op + At.OFFSET);
  store<i32>(step, kind);
  if (isText(op)) {
    const isKept = (load<i32>(op + At.FLAGS) & Flag.TRIMS_RIGHT) == 0;
    store<i32>(step + Step.WIDTH, length);
    const bits: u32 = length >= 32 ? 0xffffffff : (<u32>1 << length) - 1;
    store<u32>(step + Step.CHARACTER_BITS, bits);
    store<u32>(step + Step.KEPT_BITS, isKept ? <u32>1 << (min(length, 32) - 1) : 0);
    return;
  }
  store<i32>(step + Step.OFFSET, offset);
  store<i32>(step + Step.WIDTH, load<i32>(op + At.WIDTH));
  store<u32>(step + Step.GUARD_BITS, load<u32>(op + At.GUARD_BITS));
  if (kind == StepKind.PACKED_LONG) {
    store<usize>(step + Step.LONG, load<usize>(op + At.LONG));
  } else {
    memory.copy(step + Step.SLOTS, op + At.SLOTS, 64);
  }
  if (kind == StepKind.ZONED_PLAIN) {
    memory.fill(step + Step.HIGH, 0xff, length);
  } else if (kind == StepKind.ZONED) {
    memory.copy(step + Step.LOW, load<usize>(op + At.ZONES), 16);
    store<usize>(step + Step.SIGN_TABLE, load<usize>(op + At.SIGN_TABLE));
    store<i32>(step + Step.SIGN_OFFSET, offset + load<i32>(op + At.SIGN_OFFSET));
  } else if (kind == StepKind.PACKED || kind == StepKind.PACKED_LONG || kind == StepKind.PACKED_PADDED) {
    store<usize>(step + Step.SIGN_TABLE, bytesTable(load<usize>(op + At.SIGN_TABLE)));
    store<i32>(step + Step.SIGN_OFFSET, offset + length - 1);
    if (kind == StepKind.PACKED_LONG) store<i32>(step + Step.PAD, load<i32>(op + At.PAD));
  } else {
    store<u64>(step + Step.MOST, load<u64>(op + At.MOST));
  }
}
