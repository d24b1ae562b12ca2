/**
 * Members that are not in the record: `Record_Id`, `Record_Byte_Length`, `Seg_Id0` …, in front of its own.
 *
 * `Seg_Id0` is the prefix, the file (0: a call knows one file) and the number of the root's record; `Seg_Id1` and so on
 * add the level and how many records of it there were since the root. A record has the ids of its own level and above.
 */

import { frameNumber, wholeBytes } from './frames';
import { Options } from './options';
import { writeByte, writeBytes, writeNumber } from './output';
import { quoted } from './problem';
import { Segment } from './segments';

/** Digits of two 64-bit numbers, keys and punctuation. */
const EACH_MAX_BYTES: i32 = 80;

export class RecordIds {
  private readonly hasRecordIds: bool;
  private readonly levels: i32;
  private readonly omitsNulls: bool;
  private readonly counts: StaticArray<i64>;
  private readonly prefix: usize;
  private readonly prefixBytes: i32;
  readonly maxBytes: i32;
  private level: i32 = -1;
  private root: i64 = 0;
  private hasRoot: bool = false;

  constructor(options: Options) {
    this.hasRecordIds = options.recordIds;
    const levels = options.segmentIdLevels.length;
    this.counts = new StaticArray<i64>(levels + 1);
    this.levels = levels;
    this.omitsNulls = options.omitNulls;
    const json = quoted(options.segmentIdPrefix.length > 0 ? options.segmentIdPrefix + '_' : '');
    // Without its quotes: the rest of the id is behind it.
    const bytes = String.UTF8.encode(json);
    const prefixBytes = bytes.byteLength - 2;
    const prefix = heap.alloc(prefixBytes);
    memory.copy(prefix, changetype<usize>(bytes) + 1, prefixBytes);
    this.prefix = prefix;
    this.prefixBytes = prefixBytes;
    this.maxBytes = EACH_MAX_BYTES + levels * (EACH_MAX_BYTES + prefixBytes);
  }

  /** Before the first record of a call. */
  reset(): void {
    this.level = -1;
    this.hasRoot = false;
  }

  /** Counts a record that is read. Those before the first root have no ids. */
  see(segment: Segment): void {
    const level = segment.level;
    if (level < 0 || (level > 0 && !this.hasRoot)) return;
    this.level = level;
    if (level > 0) {
      this.counts[level]++;
      return;
    }
    this.hasRoot = true;
    this.root = frameNumber;
    for (let i = 0; i <= this.levels; i++) this.counts[i] = 0;
  }

  /** Members of the record seen last, each with a comma behind it. */
  write(): void {
    if (this.hasRecordIds) this.writeRecord(frameNumber, wholeBytes);
    for (let i = 0; i < this.levels; i++) {
      const isThere = i <= this.level;
      if (!isThere && this.omitsNulls) continue;
      writeText('"Seg_Id');
      writeNumber(i);
      writeText('":');
      if (isThere) this.writeId(i);
      else writeText('null');
      writeByte(0x2c);
    }
  }

  writeRecord(number: i64, bytes: i32): void {
    writeText('"Record_Id":');
    writeNumber(number);
    writeText(',"Record_Byte_Length":');
    writeNumber(bytes);
    writeByte(0x2c);
  }

  private writeId(level: i32): void {
    writeByte(0x22);
    writeBytes(this.prefix, this.prefixBytes);
    writeText('0_');
    writeNumber(this.root);
    if (level > 0) {
      writeText('_L');
      writeNumber(level);
      writeByte(0x5f);
      writeNumber(this.counts[level]);
    }
    writeByte(0x22);
  }
}

/** ASCII. A string is read where it lies, so nothing is allocated. */
export function writeText(text: string): void {
  for (let i = 0; i < text.length; i++) writeByte(<u8>text.charCodeAt(i));
}
