/**
 * Where an input can be cut: ends of pieces of about so many bytes, each of which decodes apart from the others.
 *
 * Fixed records are arithmetic. All else walks the length words, and looks at segment fields only where pieces have to
 * begin at roots. A record that is wrong does not fail here: the last piece then reaches to the input's end, so that
 * decoding it writes the records before and gives the problem.
 */

import { answer } from './answer';
import { flags, firstRecord, inputAt, inputEnd, inputOffset, readInput, wanted } from './read-input';
import {
  at, Flag, frameAt, frameBytes, framesCount, Next, nextFrame, openFrames, originAt, originResume, resumeHere,
} from './frames';
import { Framing } from './framing';
import { Layout } from './layout';
import { clearProblem } from './problem';
import { Segments } from './segments';

/** More than any caller asks for: pieces of an input of 8 MiB are then 2 KiB. */
const CUTS_MAX: u32 = 4_096;

/** `u32 end, u32 records, u32 resume` of each cut. */
let ends: usize = 0;
let cuts: u32 = 0;
const CUT_BYTES: usize = 12;

export function cut(layout: Layout, from: usize, end: usize): void {
  if (!readInput(from, end)) return;
  const inputBytes = <u32>(inputEnd - inputAt);
  const target = max(max(wanted, 1), inputBytes / (CUTS_MAX - 1) + 1);
  ends = heap.alloc(CUT_BYTES * (CUTS_MAX + 1));
  cuts = 0;
  const framing = layout.framing;
  const segments = framing.segments;
  const needsRoots = segments !== null && segments.needsRoots();
  if (framing.fixedRecordBytes > 0 && !needsRoots) cutFixed(<u32>framing.fixedRecordBytes, inputBytes, target);
  else walk(framing, needsRoots ? segments : null, target);
  write();
}

function add(end: u32, records: u32, resume: u32): void {
  const cutAt = ends + cuts++ * CUT_BYTES;
  store<u32>(cutAt, end);
  store<u32>(cutAt, records, 4);
  store<u32>(cutAt, resume, 8);
}

function cutFixed(recordBytes: u32, inputBytes: u32, target: u32): void {
  const records = inputBytes / recordBytes;
  const each = max(target / recordBytes, 1);
  let done: u32 = 0;
  while (records - done > each) {
    done += each;
    add(done * recordBytes, each, 0);
  }
  const isCutShort = (flags & Flag.LAST) != 0 && records * recordBytes < inputBytes;
  if (isCutShort) add(inputBytes, records - done, 0);
  else if (records > done) add(records * recordBytes, records - done, 0);
}

/** A piece ends before the record that would make it larger than the target, or behind the first that is larger. */
function walk(framing: Framing, segments: Segments | null, target: u32): void {
  openFrames(framing, inputAt, inputEnd, flags, firstRecord, inputOffset);
  let pieceAt = inputAt;
  let pieceCount = 0;
  // Where a piece could end: in front of the last root, or of the last record where there are none.
  let lastAt = inputAt;
  let lastResume = flags & Flag.RESUME;
  let lastCount = 0;
  let countBefore = 0;
  let next = Next.RECORD;
  for (;;) {
    next = nextFrame();
    if (next != Next.RECORD) break;
    const count = framesCount - 1;
    const isBorder = segments === null || segments.isRoot(segments.of(frameAt, frameBytes));
    // Records that were passed over stand before this one, and belong to the piece before it.
    countBefore = count;
    if (!isBorder) continue;
    if (originAt > lastAt || lastAt == pieceAt) {
      if (originAt - pieceAt > target && lastAt > pieceAt) {
        add(<u32>(lastAt - inputAt), lastCount - pieceCount, lastResume);
        pieceAt = lastAt;
        pieceCount = lastCount;
      }
      lastAt = originAt;
      lastResume = originResume;
      lastCount = countBefore;
    }
    if (lastAt - pieceAt >= target) {
      add(<u32>(lastAt - inputAt), lastCount - pieceCount, lastResume);
      pieceAt = lastAt;
      pieceCount = lastCount;
    }
  }
  finish(segments, next, pieceAt, pieceCount, lastAt, lastResume, lastCount, target);
}

function finish(
  segments: Segments | null, next: i32, pieceAt: usize, pieceCount: i32,
  lastAt: usize, lastResume: u32, lastCount: i32, target: u32,
): void {
  // Of a wrong record, or one that is cut short, the piece has all that is left.
  const isAll = next == Next.BAD || (flags & (Flag.LAST | Flag.PIECE)) != 0;
  clearProblem();
  if (segments !== null && !isAll) {
    // The root at the end is open: what is below it may go on.
    if (lastAt > pieceAt) add(<u32>(lastAt - inputAt), lastCount - pieceCount, lastResume);
    return;
  }
  const end = isAll ? inputEnd : originAt;
  if (end - pieceAt > target && lastAt > pieceAt) {
    add(<u32>(lastAt - inputAt), lastCount - pieceCount, lastResume);
    pieceAt = lastAt;
    pieceCount = lastCount;
  }
  if (end > pieceAt) add(<u32>(end - inputAt), framesCount - pieceCount, isAll ? 0 : originResume);
}

/** `u32 cuts`, end and records of each, then the resume of each. */
function write(): void {
  const bytes = 4 + CUT_BYTES * cuts;
  const out = heap.alloc(bytes);
  store<u32>(out, cuts);
  for (let i: u32 = 0; i < cuts; i++) {
    const from = ends + i * CUT_BYTES;
    store<u64>(out + 4 + i * 8, load<u64>(from));
    store<u32>(out + 4 + cuts * 8 + i * 4, load<u32>(from, 8));
  }
  answer(out, bytes);
}
