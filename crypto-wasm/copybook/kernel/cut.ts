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
  Flag, frameAt, frameBytes, framesCount, Next, nextFrame, openFrames, originAt, originResume,
} from './frames';
import { Framing } from './framing';
import { Layout } from './layout';
import { clearProblem } from './problem';
import { Segments } from './segments';

/** More than any caller asks for: pieces of an input of 8 MiB are then 2 KiB. */
const CUTS_MAX: u32 = 4_096;

/** `u32 end, u32 records, u32 flags` of each piece. */
let ends: usize = 0;
let cuts: u32 = 0;
const CUT_BYTES: usize = 12;

export function cut(layout: Layout, from: usize, end: usize): void {
  if (!readInput(from, end)) return;
  const inputBytes = <u32>(inputEnd - inputAt);
  const target = max(max(wanted, 1), inputBytes / (CUTS_MAX - 1) + 1);
  ends = heap.alloc(CUT_BYTES * <usize>(CUTS_MAX + 1));
  cuts = 0;
  resume = flags & Flag.RESUME;
  const framing = layout.framing;
  const segments = framing.segments;
  const needsRoots = segments !== null && segments.needsRoots();
  if (framing.fixedRecordBytes > 0 && !needsRoots) cutFixed(<u32>framing.fixedRecordBytes, inputBytes, target);
  else walk(framing, needsRoots ? segments : null, target);
  write();
}

/** Where the piece after the last one begins: flags of its call. */
let resume: u32 = 0;

/** A piece that ends at `end`, where the next begins with `nextResume`. */
function add(end: u32, records: u32, nextResume: u32): void {
  const cutAt = ends + <usize>cuts * CUT_BYTES;
  cuts++;
  const isWhole = end == <u32>(inputEnd - inputAt) && (flags & Flag.LAST) != 0;
  store<u32>(cutAt, end);
  store<u32>(cutAt, records, 4);
  store<u32>(cutAt, resume | (isWhole ? Flag.LAST : Flag.LAST | Flag.PIECE), 8);
  resume = nextResume;
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
  // The last border: in front of a root, or of any record where there are none.
  let borderAt = inputAt;
  let borderResume = resume;
  let borderCount = 0;
  let next = nextFrame();
  for (; next == Next.RECORD; next = nextFrame()) {
    if (segments !== null && !segments.isRoot(segments.of(frameAt, frameBytes))) continue;
    if (originAt - pieceAt > target && borderAt > pieceAt) {
      add(<u32>(borderAt - inputAt), borderCount - pieceCount, borderResume);
      pieceAt = borderAt;
      pieceCount = borderCount;
    }
    borderAt = originAt;
    borderResume = originResume;
    // Without this record, and with those before it that were passed over.
    borderCount = framesCount - 1;
    if (borderAt - pieceAt >= target) {
      add(<u32>(borderAt - inputAt), borderCount - pieceCount, borderResume);
      pieceAt = borderAt;
      pieceCount = borderCount;
    }
  }
  finish(segments, next, pieceAt, pieceCount, borderAt, borderResume, borderCount, target);
}

function finish(
  segments: Segments | null, next: i32, pieceAt: usize, pieceCount: i32,
  borderAt: usize, borderResume: u32, borderCount: i32, target: u32,
): void {
  // Of a wrong record, or one that is cut short, the piece has all that is left.
  const isAll = next == Next.BAD || (flags & (Flag.LAST | Flag.PIECE)) != 0;
  clearProblem();
  if (segments !== null && !isAll) {
    // The root at the end is open: what is below it may go on.
    if (borderAt > pieceAt) add(<u32>(borderAt - inputAt), borderCount - pieceCount, borderResume);
    return;
  }
  const end = isAll ? inputEnd : originAt;
  if (end - pieceAt > target && borderAt > pieceAt) {
    add(<u32>(borderAt - inputAt), borderCount - pieceCount, borderResume);
    pieceAt = borderAt;
    pieceCount = borderCount;
  }
  if (end > pieceAt) add(<u32>(end - inputAt), framesCount - pieceCount, isAll ? 0 : originResume);
}

/** `u32 cuts, u32 flags` of the call behind them, then the pieces. */
function write(): void {
  const bytes = 8 + CUT_BYTES * <usize>cuts;
  const out = heap.alloc(bytes);
  store<u32>(out, cuts);
  store<u32>(out, resume, 4);
  memory.copy(out + 8, ends, bytes - 8);
  answer(out, bytes);
}
