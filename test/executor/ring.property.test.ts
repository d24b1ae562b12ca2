import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring } from '../../host/executor/ring.ts';
import { checkFrame, fillFrame, frameBytes, mix, type RingTask, ringMemory } from './ring-frames.ts';

const HEADER_BYTES = 64;
/** Index of the header word that says whether the reader sleeps. */
const ASLEEP = 2;
const CAPACITY_BYTES = 1024;
/** As in the host: one frame may take a sixteenth of the ring; here a quarter, so that rings fill sooner. */
const FRAME_MAX_BYTES = CAPACITY_BYTES / 4;

/** Cheaper than `expect`, which would be most of the time of millions of checks. */
function must(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`it does not hold that ${claim}`);
}

/** Both sides of a small ring, and a model of what it holds. */
class Model {
  readonly writer: Ring;
  readonly reader: Ring;
  readonly #held: { readonly offset: number; readonly size: number; readonly bytes: Uint8Array }[] = [];
  #frame = 0;

  constructor(startBytes: number) {
    const shared = ringMemory(startBytes, CAPACITY_BYTES);
    this.writer = new Ring(shared);
    this.reader = new Ring(shared);
  }

  get held(): number {
    return this.#held.length;
  }

  get #heldBytes(): number {
    return this.#held.reduce((sum, { size }) => sum + size, 0);
  }

  /** Reserves and fills; false when there was no room. With `isDropped` the frame is never committed. */
  write(bytes: number, isDropped: boolean): boolean {
    const offset = this.writer.reserve(bytes);
    const size = (bytes + 7) & ~7;
    if (offset < 0) {
      // What a frame may waste at the end is less than the frame; the same once more for a rest skipped before.
      must(
        this.#heldBytes + size * 2 + FRAME_MAX_BYTES > CAPACITY_BYTES,
        'a frame is refused only for want of room',
      );
      return false;
    }
    must(offset % 8 === 0, 'a frame is aligned');
    must(offset >= HEADER_BYTES, 'a frame lies behind the header');
    must(offset + size <= HEADER_BYTES + CAPACITY_BYTES, 'a frame lies within the ring');
    for (const other of this.#held) {
      must(
        offset + size <= other.offset || other.offset + other.size <= offset,
        'no held frame is overwritten',
      );
    }
    const mark = mix(this.#frame++, bytes) & 0xff;
    this.writer.u8.fill(mark, offset + 4, offset + bytes);
    if (isDropped) return true;
    this.#held.push({ offset, size, bytes: new Uint8Array(bytes - 4).fill(mark) });
    this.writer.commit();
    return true;
  }

  /** Reads the next frame and gives it back; false when there is none. `peeks` looks at it so many times before. */
  read(peeks: number): boolean {
    const expected = this.#held.shift();
    for (let peek = 0; peek < peeks; peek++) {
      must(this.reader.next() === (expected?.offset ?? -1), 'looking at a frame does not take it');
    }
    const offset = this.reader.next();
    must(offset === (expected?.offset ?? -1), 'frames come in order');
    if (!expected) return false;
    must(this.reader.i32[offset >> 2] === expected.size, 'a frame keeps its size');
    const bytes = this.reader.u8.subarray(offset + 4, offset + 4 + expected.bytes.length);
    must(Buffer.compare(bytes, expected.bytes) === 0, 'a frame is intact');
    must(this.reader.waitingCount === this.#held.length + 1, 'a frame waits until it is released');
    this.reader.release(offset);
    must(this.reader.waitingCount === this.#held.length, 'the frames behind it wait');
    return true;
  }
}

/** Positions at which something could go wrong: the start, a wrap of the data, a wrap of the numbers, their sign. */
const starts = fc
  .tuple(
    fc.constantFrom(0, 2 ** 31 - CAPACITY_BYTES, 2 ** 31, 2 ** 32 - CAPACITY_BYTES),
    fc.nat(CAPACITY_BYTES / 8),
  )
  .map(([base, words]) => base + words * 8);

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('write' as const),
        bytes: fc.integer({ min: 8, max: FRAME_MAX_BYTES }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('drop' as const),
        bytes: fc.integer({ min: 8, max: FRAME_MAX_BYTES }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), peeks: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'fill' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
  ),
  { maxLength: 200 },
);

describe('a ring', () => {
  it('keeps nothing of a frame that was released', () => {
    const writer = new Ring();
    const reader = new Ring(writer.shared);
    const offset = writer.reserve(1_000);
    writer.u8.fill(0x5a, offset + 4, offset + 1_000);
    writer.commit();
    reader.release(reader.next());
    expect(writer.u8.indexOf(0x5a)).toBe(-1);
  });

  it('gives every frame once, in order and intact, and never overwrites one that is held', () => {
    fc.assert(
      fc.property(starts, steps, (start, script) => {
        const model = new Model(start);
        for (const step of script) {
          if (step.kind === 'write') model.write(step.bytes, false);
          else if (step.kind === 'drop') model.write(step.bytes, true);
          else if (step.kind === 'read') model.read(step.peeks);
          else if (step.kind === 'fill') while (model.write(40, false));
          else while (model.read(0));
        }
        while (model.read(1));
        expect(model.held).toBe(0);
      }),
    );
  });

  it('takes a frame of any size at any place, also when it was full and over every wrap', () => {
    for (const base of [0, 2 ** 31 - CAPACITY_BYTES, 2 ** 32 - CAPACITY_BYTES]) {
      for (let word = 0; word < CAPACITY_BYTES / 8; word++) {
        for (const bytes of [8, 9, 15, 16, 17, 248, FRAME_MAX_BYTES]) {
          const model = new Model(base + word * 8);
          for (let round = 0; round < 3; round++) {
            while (model.write(bytes, false));
            expect(model.held).toBeGreaterThanOrEqual(Math.floor(CAPACITY_BYTES / ((bytes + 7) & ~7)) - 1);
            expect(model.read(1)).toBe(true);
            while (model.write(bytes, false));
            while (model.read(0));
          }
        }
      }
    }
  });

  it('can be filled to its last byte', () => {
    const model = new Model(0);
    for (let i = 0; i < 4; i++) expect(model.write(FRAME_MAX_BYTES, false)).toBe(true);
    expect(model.write(8, false)).toBe(false);
    for (let i = 0; i < 4; i++) expect(model.read(0)).toBe(true);
    expect(model.read(0)).toBe(false);
  });

  it('asks for the bell once for each time the reader fell asleep, and not while it is awake', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('write', 'read', 'sleep'), { maxLength: 100 }), (script) => {
        const shared = ringMemory(0, CAPACITY_BYTES);
        const [writer, reader] = [new Ring(shared), new Ring(shared)];
        let [held, isAsleep] = [0, false];
        for (const step of script) {
          if (step === 'write' && writer.reserve(8) >= 0) {
            writer.commit();
            held++;
            expect(writer.wakeNeeded()).toBe(isAsleep);
            expect(writer.wakeNeeded()).toBe(false);
            isAsleep = false;
          } else if (step === 'read' && held > 0) {
            reader.release(reader.next());
            held--;
          } else if (step === 'sleep') {
            isAsleep = reader.sleep();
            expect(isAsleep).toBe(held === 0);
          }
        }
      }),
    );
  });
});

describe('a ring between two threads', () => {
  const FRAMES = 1_000_000;
  const SEED = 7;
  /** The positions pass 2³² after 16 rounds of the ring. */
  const START_BYTES = 2 ** 32 - 32 * 1024 * 1024;

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const startWorker = (task: RingTask): Worker =>
    new Worker(new URL('./ring-fixture.ts', import.meta.url), { workerData: task });

  it('brings a million frames to a thread that sleeps and is woken by messages', async () => {
    const shared = ringMemory(START_BYTES);
    const ring = new Ring(shared);
    const worker = startWorker({ role: 'reader', shared, frames: FRAMES, seed: SEED });
    // Both at once: a thread's last message can come in the same turn as its end.
    const report = once(worker, 'message');
    const exit = once(worker, 'exit');
    let wakes = 0;
    for (let frame = 0; frame < FRAMES; frame++) {
      let offset = ring.reserve(frameBytes(frame, SEED));
      while (offset < 0) {
        // The host turns its loop when a ring is full; here that is all there is to do.
        await turn();
        offset = ring.reserve(frameBytes(frame, SEED));
      }
      fillFrame(ring, offset, frame, SEED);
      ring.commit();
      if (ring.wakeNeeded()) {
        wakes++;
        worker.postMessage(0);
      }
      // Now and then the reader is let fall asleep, with a frame or without one that wakes it at that very moment.
      while (frame % 25_000 === 0 && Atomics.load(ring.i32, ASLEEP) === 0) await turn();
    }
    expect(await report).toEqual([{ frames: FRAMES }]);
    expect(wakes).toBeGreaterThanOrEqual(FRAMES / 25_000 - 1);
    await exit;
  });

  it('brings a million frames from a thread that blocks while the ring is full', async () => {
    const shared = ringMemory(START_BYTES);
    const ring = new Ring(shared);
    expect(ring.sleep()).toBe(true);
    const worker = startWorker({ role: 'writer', shared, frames: FRAMES, seed: SEED });
    const exit = once(worker, 'exit');
    let [frame, wakes] = [0, 0];
    await new Promise<void>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', () => {
        wakes++;
        for (;;) {
          const offset = ring.next();
          if (offset < 0) {
            if (ring.sleep()) break;
            continue;
          }
          const problem = checkFrame(ring, offset, frame, SEED);
          if (problem) reject(new Error(problem));
          ring.release(offset);
          frame++;
        }
        if (frame === FRAMES) resolve();
      });
    });
    expect(wakes).toBeGreaterThan(0);
    await exit;
    expect(ring.next()).toBe(-1);
  });
});
