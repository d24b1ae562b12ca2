/**
 * A byte ring in shared memory: one writer, one reader, in different threads.
 *
 * Why not one message a call: a message costs microseconds on both sides, and results that a thread has computed but
 * not yet posted die with it. A frame in the ring is one copy, and what was committed survives its writer: after a
 * kill the host still reads every finished result, so only the call that was running is ever in doubt.
 *
 * Frames are 8-byte aligned and contiguous; the first word of a frame is its size. `reserve` → write → `commit` on
 * one side, `next` → read → `release` on the other. Positions are byte counts modulo 2³². Whoever finds the ring
 * empty declares itself asleep; whoever commits to a sleeping reader must ring the bell (`wakeNeeded`).
 */

/** Control words, then data. */
const HEADER_BYTES = 64;
const HEAD = 0;
const TAIL = 1;
const ASLEEP = 2;
const BEGUN = 3;
const WRITER_WAITS = 4;
/** Index as a 64-bit float: bytes 40 to 47 of the header. */
const RUNNING_AT = 5;
/** Bytes 48 to 51: behind the float. */
const TAKEN = 12;
const COMMITTED = 13;
const RUNNING = 14;

/** What `ASLEEP` says: the reader reads, or is in its event loop and hears a bell, or is stopped until it is notified. */
const AWAKE = 0;
const SLEEPS = 1;
const BLOCKED = 2;

/** In the place of a sequence number. */
export const NOTHING = -1;

/** In the place of a frame: the rest up to the end of the ring is not used. */
const SKIP = -1;

/** Holds a few hundred frames of common size; larger bytes travel beside the ring (`INLINE_MAX_BYTES`). */
export const RING_BYTES = 2 * 1024 * 1024;

/** One frame may take a sixteenth of the ring, so that a few large ones cannot stop the small ones. */
export const INLINE_MAX_BYTES = RING_BYTES / 16;

export class Ring {
  readonly shared: SharedArrayBuffer;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  readonly #capacity: number;
  #position = 0;
  #reserved = 0;
  /** Frames that this side has committed, or released. */
  #frames = 0;

  /**
   * One side of a ring: the writer's or the reader's, never both. A ring begins where its header says, 0 when it is new.
   * The data bytes behind the header are a power of two, at most 2³⁰.
   */
  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(HEADER_BYTES + RING_BYTES)) {
    this.shared = shared;
    this.i32 = new Int32Array(shared);
    this.f64 = new Float64Array(shared);
    this.u8 = new Uint8Array(shared);
    this.#capacity = shared.byteLength - HEADER_BYTES;
    this.#position = Atomics.load(this.i32, TAIL);
  }

  /** Writer: byte offset of a fresh frame of at least `bytes`, or -1 when there is no room. */
  reserve(bytes: number): number {
    const size = (bytes + 7) & ~7;
    let offset = this.#position & (this.#capacity - 1);
    const toEnd = this.#capacity - offset;
    const free = this.#capacity - ((this.#position - Atomics.load(this.i32, TAIL)) >>> 0);
    if (free < (size <= toEnd ? size : toEnd + size)) return -1;
    if (size > toEnd) {
      this.i32[(HEADER_BYTES + offset) >> 2] = SKIP;
      this.#position = (this.#position + toEnd) | 0;
      offset = 0;
    }
    this.#reserved = size;
    this.i32[(HEADER_BYTES + offset) >> 2] = size;
    return HEADER_BYTES + offset;
  }

  /** Writer: makes the reserved frame visible. */
  commit(): void {
    this.#position = (this.#position + this.#reserved) | 0;
    this.#frames = (this.#frames + 1) | 0;
    Atomics.store(this.i32, COMMITTED, this.#frames);
    Atomics.store(this.i32, HEAD, this.#position);
  }

  /** Writer: true once for each time the reader fell asleep; the caller then wakes it by a message. Wakes one that is blocked. */
  wakeNeeded(): boolean {
    if (Atomics.load(this.i32, ASLEEP) === AWAKE) return false;
    const was = Atomics.exchange(this.i32, ASLEEP, AWAKE);
    if (was === BLOCKED) Atomics.notify(this.i32, ASLEEP);
    return was === SLEEPS;
  }

  /** Writer, in a thread that may block: waits until the reader has released something. */
  waitForRoom(): void {
    Atomics.store(this.i32, WRITER_WAITS, 1);
    // The bound covers a release between the failed reserve and this line.
    Atomics.wait(this.i32, TAIL, Atomics.load(this.i32, TAIL), 5);
    Atomics.store(this.i32, WRITER_WAITS, 0);
  }

  /** Reader: the writer has work that is done and finds no room for it. */
  get isWriterWaiting(): boolean {
    return Atomics.load(this.i32, WRITER_WAITS) === 1;
  }

  /** Reader: byte offset of the next frame, or -1 when there is none. */
  next(): number {
    if (this.#position === Atomics.load(this.i32, HEAD)) return -1;
    const offset = this.#position & (this.#capacity - 1);
    if (this.i32[(HEADER_BYTES + offset) >> 2] !== SKIP) return HEADER_BYTES + offset;
    this.#position = (this.#position + this.#capacity - offset) | 0;
    return HEADER_BYTES;
  }

  /** Reader: gives the frame at `offset` back, wiped: what one call carried must not lie there while others come. */
  release(offset: number): void {
    const size = this.i32[offset >> 2] ?? 0;
    // Eight bytes a step: the engine fills shared memory element by element, 64 KiB of bytes in 18 µs.
    this.f64.fill(0, offset >> 3, (offset + size) >> 3);
    this.#frames = (this.#frames + 1) | 0;
    this.#position = (this.#position + size) | 0;
    Atomics.store(this.i32, TAIL, this.#position);
    if (Atomics.load(this.i32, WRITER_WAITS) === 1) Atomics.notify(this.i32, TAIL);
  }

  /** Reader: frames that are committed and not yet released. */
  get waitingCount(): number {
    return (Atomics.load(this.i32, COMMITTED) - this.#frames) | 0;
  }

  /** Reader: declares itself asleep; false when something arrived meanwhile and it must read on. */
  sleep(): boolean {
    Atomics.store(this.i32, ASLEEP, SLEEPS);
    if (this.#position === Atomics.load(this.i32, HEAD)) return true;
    Atomics.store(this.i32, ASLEEP, AWAKE);
    return false;
  }

  /**
   * Reader, in a thread that may block: stops until something arrives, at most `maxMs`; then as `sleep`, true when it is asleep. A writer
   * wakes one that is blocked for a fraction of what a message costs both.
   */
  sleepBlocked(maxMs: number): boolean {
    Atomics.store(this.i32, ASLEEP, BLOCKED);
    if (this.#position === Atomics.load(this.i32, HEAD)) {
      Atomics.wait(this.i32, ASLEEP, BLOCKED, maxMs);
      if (Atomics.load(this.i32, ASLEEP) === BLOCKED) return this.sleep();
    }
    Atomics.store(this.i32, ASLEEP, AWAKE);
    return false;
  }

  /**
   * Reader: claims the frame with this sequence number, *before* it reads the clock to see whether there is time left
   * for it. A writer that reads its clock first and then finds the frame unclaimed past its time knows that the
   * reader will find it late too.
   */
  take(sequence: number): void {
    Atomics.store(this.i32, TAKEN, sequence);
  }

  /** Reader: notes that the frame it took is being worked on since `nowMs`. */
  begin(sequence: number, nowMs: number): void {
    Atomics.store(this.i32, BEGUN, sequence);
    this.run(sequence, nowMs);
  }

  /** Reader: what has this number has the thread since `nowMs`: it was begun now or earlier. */
  run(sequence: number, nowMs: number): void {
    this.f64[RUNNING_AT] = nowMs;
    Atomics.store(this.i32, RUNNING, sequence);
  }

  /** Reader: nothing that was begun has the thread: it ended, or is suspended. */
  rest(): void {
    Atomics.store(this.i32, RUNNING, NOTHING);
  }

  /** Writer: sequence number of the last frame that was claimed; it may yet be skipped. */
  get taken(): number {
    return Atomics.load(this.i32, TAKEN);
  }

  /** Writer: sequence number of the last frame that was begun. */
  get begun(): number {
    return Atomics.load(this.i32, BEGUN);
  }

  /** Writer: sequence number of what has the thread now, or `NOTHING`. */
  get running(): number {
    return Atomics.load(this.i32, RUNNING);
  }

  /** Writer: since when, in ms. */
  get runningSinceMs(): number {
    return this.f64[RUNNING_AT] as number;
  }
}
