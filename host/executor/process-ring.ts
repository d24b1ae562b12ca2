/**
 * A ring between two processes: the face of `Ring`, in a file that lives in memory and has no name.
 *
 * Processes of Node share no memory that JavaScript can see, and bytes in a pipe are known to have arrived only when they
 * are read. A file is in between: a write is one copy into the page cache and survives its writer, so after a kill the host
 * still reads every committed answer, and the marks say exactly what was begun. Each side works in a copy of its own and
 * moves what is new: the host once a turn, the executor at every commit.
 *
 * Each side writes one group of words, whole, with a check word: a group that is read half old and half new is
 * read again. Nothing that is read is trusted: what breaks the rules ends the link by `onBroken`, and the ring looks empty.
 */

import { readSync, writeSync } from 'node:fs';
import { GROUP_WORDS, readGroup, writeGroup } from './process-group.ts';
import { INLINE_MAX_BYTES, NOTHING, RING_BYTES } from './ring.ts';

/** Groups of words, then data at a page of its own. */
const DATA_AT = 4096;
/** What one ring takes in the file. */
export const RING_FILE_BYTES = DATA_AT + RING_BYTES;

/** The writer's group at 0: head, frames committed, 1: it waits for room. */
const HEAD = 0;
const COMMITTED = 1;
const WAITS = 2;
/** The reader's group, in another cache line: tail, begun, taken, times it fell asleep, running since (two words), running. */
const READER_AT = 64;
const TAIL = 0;
const BEGUN = 1;
const TAKEN = 2;
const SLEEPS = 3;
const RUNNING_SINCE_F64 = 2;
const RUNNING = 6;

const SKIP = -1;
/**
 * Half a page between a byte's place in its page of the file and in ours. A large buffer begins 16 bytes into a page, and where
 * both places differ by so little the processor copies at a sixth of its speed (1 MiB: 410 against 70 µs).
 */
const COPY_SHIFT_BYTES = 2048;
/** Released bytes are given back, wiped, when the reader falls asleep, or after a quarter of the ring. */
const GIVE_BACK_BYTES = RING_BYTES / 4;
const ZEROS = new Uint8Array(GIVE_BACK_BYTES + 2 * INLINE_MAX_BYTES);
/** A full ring is looked at again after so long: nobody can wake a process that blocks. */
const ROOM_WAIT_MS = 1;
const nobody = new Int32Array(new SharedArrayBuffer(4));

export interface ProcessRingOptions {
  readonly fd: number;
  /** Where the ring begins in the file. */
  readonly fileOffset: number;
  readonly role: 'writer' | 'reader';
  /** True: each commit is in the file at once. False: at the next `wakeNeeded`, or when room is needed. */
  readonly eager: boolean;
  /** The other side broke the rules, or the file cannot be read or written. Called once. */
  readonly onBroken: (cause: unknown) => void;
}

/** Writes both groups of a new ring: everything up to request `lastSequence` counts as taken and begun. */
export function layOutRing(fd: number, fileOffset: number, lastSequence: number): void {
  const group = new Int32Array(GROUP_WORDS);
  writeGroup(fd, group, fileOffset);
  group[BEGUN] = lastSequence;
  group[TAKEN] = lastSequence;
  writeGroup(fd, group, fileOffset + READER_AT);
}

/** One side of a ring: the writer's or the reader's. The other half of its methods must not be called. */
export class ProcessRing {
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  readonly #options: ProcessRingOptions;
  readonly #mine = new Int32Array(GROUP_WORDS);
  readonly #mineF64 = new Float64Array(this.#mine.buffer);
  readonly #theirs = new Int32Array(GROUP_WORDS);
  readonly #theirsF64 = new Float64Array(this.#theirs.buffer);
  readonly #mineAt: number;
  readonly #theirsAt: number;
  #position = 0;
  #frames = 0;
  #reserved = 0;
  /** Writer: end of the last committed frame; a frame that was reserved and given up is not part of the file. */
  #committed = 0;
  /** Writer: up to here the file has it. Reader: up to here it was given back. */
  #settled = 0;
  /** Reader: up to here the copy has it. */
  #known = 0;
  #answeredSleeps = 0;
  #isBroken = false;

  /** A ring of a file that `layOutRing` prepared and nobody has used yet. */
  constructor(options: ProcessRingOptions) {
    this.#options = options;
    const copy = new ArrayBuffer(COPY_SHIFT_BYTES + RING_BYTES);
    this.i32 = new Int32Array(copy, COPY_SHIFT_BYTES);
    this.f64 = new Float64Array(copy, COPY_SHIFT_BYTES);
    this.u8 = new Uint8Array(copy, COPY_SHIFT_BYTES);
    const isWriter = options.role === 'writer';
    this.#mineAt = options.fileOffset + (isWriter ? 0 : READER_AT);
    this.#theirsAt = options.fileOffset + (isWriter ? READER_AT : 0);
    this.#attempt(() => readGroup(options.fd, this.#mine, this.#mineAt));
  }

  // ── writer ──────────────────────────────────────────────────────────────────────────────────────────────────────

  reserve(bytes: number): number {
    const size = (bytes + 7) & ~7;
    if (!this.#hasRoom(size)) {
      this.#flush();
      this.#look();
      if (this.#isBroken || !this.#hasRoom(size)) return -1;
    }
    let offset = this.#position & (RING_BYTES - 1);
    if (size > RING_BYTES - offset) {
      this.i32[offset >> 2] = SKIP;
      this.#position = (this.#position + RING_BYTES - offset) | 0;
      offset = 0;
    }
    this.#reserved = size;
    this.i32[offset >> 2] = size;
    return offset;
  }

  #hasRoom(size: number): boolean {
    const toEnd = RING_BYTES - (this.#position & (RING_BYTES - 1));
    const free = RING_BYTES - ((this.#position - (this.#theirs[TAIL] as number)) >>> 0);
    return free >= (size <= toEnd ? size : toEnd + size);
  }

  commit(): void {
    this.#position = (this.#position + this.#reserved) | 0;
    this.#committed = this.#position;
    this.#frames = (this.#frames + 1) | 0;
    if (this.#options.eager) this.#flush();
  }

  wakeNeeded(): boolean {
    this.#flush();
    this.#look();
    const sleeps = this.#theirs[SLEEPS] as number;
    if (sleeps === this.#answeredSleeps) return false;
    this.#answeredSleeps = sleeps;
    return true;
  }

  waitForRoom(): void {
    this.#mine[WAITS] = 1;
    this.#publish();
    Atomics.wait(nobody, 0, 0, ROOM_WAIT_MS);
    this.#mine[WAITS] = 0;
    this.#publish();
  }

  get taken(): number {
    this.#look();
    return this.#theirs[TAKEN] as number;
  }

  get begun(): number {
    this.#look();
    return this.#theirs[BEGUN] as number;
  }

  /** Read after `begun`, it belongs to that request or a later one. */
  get running(): number {
    return this.#theirs[RUNNING] as number;
  }

  get runningSinceMs(): number {
    return this.#theirsF64[RUNNING_SINCE_F64] as number;
  }

  /** Frames first, then the word that makes them visible. */
  #flush(): void {
    if (this.#settled === this.#committed) return;
    const from = this.#settled & (RING_BYTES - 1);
    const bytes = (this.#committed - this.#settled) >>> 0;
    const first = Math.min(bytes, RING_BYTES - from);
    this.#attempt(() => {
      this.#write(this.u8, from, first, this.#options.fileOffset + DATA_AT + from);
      if (bytes > first) this.#write(this.u8, 0, bytes - first, this.#options.fileOffset + DATA_AT);
    });
    // A later frame is rounded up to words, and must not carry bytes of an earlier one over.
    this.u8.fill(0, from, from + first);
    this.u8.fill(0, 0, bytes - first);
    this.#settled = this.#committed;
    this.#mine[HEAD] = this.#committed;
    this.#mine[COMMITTED] = this.#frames;
    this.#publish();
  }

  // ── reader ──────────────────────────────────────────────────────────────────────────────────────────────────────

  next(): number {
    if (this.#position === this.#known && !this.#fetch()) return -1;
    const offset = this.#position & (RING_BYTES - 1);
    const size = this.i32[offset >> 2] as number;
    const known = (this.#known - this.#position) >>> 0;
    if (size === SKIP) {
      const toEnd = RING_BYTES - offset;
      if (offset === 0 || toEnd >= known) return this.#break(new Error('a frame leads nowhere'));
      this.#position = (this.#position + toEnd) | 0;
      return this.next();
    }
    if (size < 8 || (size & 7) !== 0 || size > known || size > INLINE_MAX_BYTES || size > RING_BYTES - offset)
      return this.#break(new Error(`a frame of ${size} bytes`));
    return offset;
  }

  /** Brings what is new into the copy; false when there is nothing. */
  #fetch(): boolean {
    this.#look();
    if (this.#isBroken) return false;
    const head = this.#theirs[HEAD] as number;
    const bytes = (head - this.#known) >>> 0;
    if (bytes === 0) return false;
    if (bytes > RING_BYTES || (bytes & 7) !== 0) return this.#break(new Error('more than a ring holds')) >= 0;
    const from = this.#known & (RING_BYTES - 1);
    const first = Math.min(bytes, RING_BYTES - from);
    this.#attempt(() => {
      this.#read(this.u8, from, first, this.#options.fileOffset + DATA_AT + from);
      if (bytes > first) this.#read(this.u8, 0, bytes - first, this.#options.fileOffset + DATA_AT);
    });
    if (this.#isBroken) return false;
    this.#known = head;
    return true;
  }

  release(offset: number): void {
    const size = this.i32[offset >> 2] as number;
    this.f64.fill(0, offset >> 3, (offset + size) >> 3);
    this.#frames = (this.#frames + 1) | 0;
    this.#position = (this.#position + size) | 0;
    if ((this.#position - this.#settled) >>> 0 < GIVE_BACK_BYTES) return;
    this.#wipe();
    this.#publish();
  }

  /** Wipes released bytes in the file, as `Ring.release` does in memory; the writer may have them after the next `#publish`. */
  #wipe(): void {
    const bytes = (this.#position - this.#settled) >>> 0;
    if (bytes === 0 || this.#isBroken) return;
    const from = this.#settled & (RING_BYTES - 1);
    const first = Math.min(bytes, RING_BYTES - from);
    this.#attempt(() => {
      this.#write(ZEROS, 0, first, this.#options.fileOffset + DATA_AT + from);
      if (bytes > first) this.#write(ZEROS, 0, bytes - first, this.#options.fileOffset + DATA_AT);
    });
    this.#settled = this.#position;
    this.#mine[TAIL] = this.#position;
  }

  get waitingCount(): number {
    return ((this.#theirs[COMMITTED] as number) - this.#frames) | 0;
  }

  /** Counted, not flagged: the writer then has nothing to clear, and each side writes only its own group. */
  sleep(): boolean {
    this.#mine[SLEEPS] = ((this.#mine[SLEEPS] as number) + 1) | 0;
    this.#wipe();
    this.#publish();
    this.#look();
    return this.#isBroken || this.#theirs[HEAD] === this.#known;
  }

  /** A pipe rings: there is nothing to be blocked on. */
  sleepBlocked(): boolean {
    return this.sleep();
  }

  take(sequence: number): void {
    this.#mine[TAKEN] = sequence;
    this.#publish();
  }

  begin(sequence: number, nowMs: number): void {
    this.#mine[BEGUN] = sequence;
    this.run(sequence, nowMs);
  }

  run(sequence: number, nowMs: number): void {
    this.#mine[RUNNING] = sequence;
    this.#mineF64[RUNNING_SINCE_F64] = nowMs;
    this.#publish();
  }

  /** Told with whatever is told next: the reader takes another frame at once, or falls asleep. */
  rest(): void {
    this.#mine[RUNNING] = NOTHING;
  }

  get isWriterWaiting(): boolean {
    this.#look();
    return this.#theirs[WAITS] === 1;
  }

  // ── the file ────────────────────────────────────────────────────────────────────────────────────────────────────

  #publish(): void {
    this.#attempt(() => writeGroup(this.#options.fd, this.#mine, this.#mineAt));
  }

  #look(): void {
    this.#attempt(() => readGroup(this.#options.fd, this.#theirs, this.#theirsAt));
  }

  #write(from: Uint8Array, index: number, bytes: number, at: number): void {
    if (writeSync(this.#options.fd, from, index, bytes, at) !== bytes) throw new Error('no room for a ring');
  }

  #read(to: Uint8Array, index: number, bytes: number, at: number): void {
    if (readSync(this.#options.fd, to, index, bytes, at) !== bytes) throw new Error('a ring was cut off');
  }

  #attempt(act: () => void): void {
    if (this.#isBroken) return;
    try {
      act();
    } catch (cause) {
      this.#break(cause);
    }
  }

  #break(cause: unknown): -1 {
    if (!this.#isBroken) {
      this.#isBroken = true;
      this.#options.onBroken(cause);
    }
    return -1;
  }
}
