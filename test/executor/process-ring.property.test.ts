import { once } from 'node:events';
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBulkReader, createBulkWriter } from '../../host/executor/process-bulk.ts';
import { openMemoryFile } from '../../host/executor/process-files.ts';
import { layOutRing, ProcessRing } from '../../host/executor/process-ring.ts';
import { INLINE_MAX_BYTES, RING_BYTES } from '../../host/executor/ring.ts';
import { checkFrame, fillFrame, frameBytes, type RingTask } from './ring-frames.ts';
import { MiB, pattern } from './stage.ts';

/** Where the first frame of a ring lies in its file. */
const DATA_AT = 4096;
const READER_GROUP_AT = 64;

let fd = -1;
const broken: unknown[] = [];
beforeEach(() => {
  fd = openMemoryFile();
  layOutRing(fd, 0, 0);
  broken.length = 0;
});
afterEach(() => closeSync(fd));

const ringOf = (role: 'writer' | 'reader', eager = true): ProcessRing =>
  new ProcessRing({ fd, fileOffset: 0, role, eager, onBroken: (cause) => broken.push(cause) });

/** Writes a frame of `bytes` that all carry `mark`; false when there is no room. */
function write(ring: ProcessRing, bytes: number, mark: number): boolean {
  const offset = ring.reserve(bytes);
  if (offset < 0) return false;
  ring.u8.fill(mark, offset + 4, offset + bytes);
  ring.commit();
  return true;
}

const sizes = fc.oneof(fc.integer({ min: 8, max: 300 }), fc.integer({ min: 8, max: INLINE_MAX_BYTES }));
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), bytes: sizes }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('give up' as const), bytes: sizes }) },
    { weight: 3, arbitrary: fc.constant({ kind: 'read' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'flush' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'empty' as const }) },
  ),
  { maxLength: 150 },
);

describe('a ring in a file', () => {
  it('gives every frame once, in order and intact, whenever it is written to the file', () => {
    fc.assert(
      fc.property(fc.boolean(), steps, (eager, script) => {
        layOutRing(fd, 0, 0);
        const [writer, reader] = [ringOf('writer', eager), ringOf('reader')];
        const held: { size: number; bytes: number; mark: number }[] = [];
        let mark = 0;
        const read = (): boolean => {
          const offset = reader.next();
          if (offset < 0) return false;
          const frame = held.shift();
          if (!frame) throw new Error('a frame that nobody wrote');
          expect(reader.i32[offset >> 2]).toBe(frame.size);
          const bytes = reader.u8.subarray(offset + 4, offset + frame.bytes);
          if (bytes.some((byte) => byte !== frame.mark)) throw new Error('a frame is damaged');
          if (reader.u8.subarray(offset + frame.bytes, offset + frame.size).some((byte) => byte !== 0))
            throw new Error('a frame carries bytes of another');
          reader.release(offset);
          return true;
        };
        for (const { kind, ...step } of script) {
          const bytes = 'bytes' in step ? step.bytes : 0;
          mark = (mark % 255) + 1;
          if (kind === 'write' && write(writer, bytes, mark))
            held.push({ size: (bytes + 7) & ~7, bytes, mark });
          else if (kind === 'give up') writer.reserve(bytes);
          else if (kind === 'read') read();
          else if (kind === 'flush') writer.wakeNeeded();
          else if (kind === 'empty') while (read());
        }
        writer.wakeNeeded();
        while (read());
        expect([held.length, broken.length]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });

  it('tells the writer what was taken and begun, from where its numbers start', () => {
    layOutRing(fd, 0, 77);
    const [writer, reader] = [ringOf('writer'), ringOf('reader')];
    expect([writer.taken, writer.begun]).toEqual([77, 77]);
    reader.take(79);
    reader.begin(78, 1234.5);
    expect([writer.taken, writer.begun, writer.runningSinceMs]).toEqual([79, 78, 1234.5]);
  });

  it('tells the reader that the writer waits for room, as long as it does', () => {
    const [writer, reader] = [ringOf('writer'), ringOf('reader')];
    while (write(writer, INLINE_MAX_BYTES, 1));
    expect(reader.isWriterWaiting).toBe(false);
    writer.waitForRoom();
    expect(reader.isWriterWaiting).toBe(false);
    reader.release(reader.next());
    while (reader.next() >= 0) reader.release(reader.next());
    expect(write(writer, INLINE_MAX_BYTES, 1)).toBe(true);
  });

  it.each(['reader', 'writer'] as const)(
    'wakes a %s in a thread of its own, and loses no frame',
    async (role) => {
      const task: RingTask = { role, shared: fd, frames: 100_000, seed: 7 };
      const ring = ringOf(role === 'reader' ? 'writer' : 'reader', false);
      if (role === 'writer') expect(ring.sleep()).toBe(true);
      const worker = new Worker(new URL('./ring-fixture.ts', import.meta.url), { workerData: task });
      const exit = once(worker, 'exit');
      if (role === 'reader') {
        const report = once(worker, 'message');
        for (let frame = 0; frame < task.frames; frame++) {
          let offset = ring.reserve(frameBytes(frame, task.seed));
          while (offset < 0) {
            if (ring.wakeNeeded()) worker.postMessage(0);
            await new Promise((resolve) => setImmediate(resolve));
            offset = ring.reserve(frameBytes(frame, task.seed));
          }
          fillFrame(ring, offset, frame, task.seed);
          ring.commit();
          if (frame % 50 === 0 && ring.wakeNeeded()) worker.postMessage(0);
        }
        if (ring.wakeNeeded()) worker.postMessage(0);
        expect(await report).toEqual([{ frames: task.frames }]);
      } else {
        let frame = 0;
        await new Promise<void>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('message', () => {
            do {
              for (let offset = ring.next(); offset >= 0; offset = ring.next()) {
                const problem = checkFrame(ring, offset, frame++, task.seed);
                if (problem) reject(new Error(problem));
                ring.release(offset);
              }
            } while (!ring.sleep());
            if (frame === task.frames) resolve();
          });
        });
      }
      await exit;
      expect(broken).toEqual([]);
    },
  );
});

describe('a ring in a file that somebody else can write', () => {
  const spoil: [string, () => void][] = [
    ['is empty', () => ftruncateSync(fd, 0)],
    ['has other words than it says', () => writeSync(fd, Int32Array.of(8), 0, 4, 0)],
    ['has frames that are cut off', () => ftruncateSync(fd, DATA_AT + 8)],
    ...[0, 4, 12, -8, -1, INLINE_MAX_BYTES + 8, RING_BYTES, 2 ** 31 - 8].map((size): [string, () => void] => [
      `has a frame of ${size} bytes`,
      () => writeSync(fd, Int32Array.of(size), 0, 4, DATA_AT),
    ]),
  ];

  it.each(spoil)('and %s is broken, and looks empty', (_what, act) => {
    const [writer, reader] = [ringOf('writer'), ringOf('reader')];
    write(writer, 64, 1);
    act();
    expect([reader.next(), reader.next(), reader.sleep(), broken.length]).toEqual([-1, -1, true, 1]);
  });

  it('and whose marks make no sense looks full to its writer', () => {
    const writer = ringOf('writer');
    writeSync(fd, Int32Array.of(1, 2, 3), 0, 12, READER_GROUP_AT);
    expect([writer.wakeNeeded(), broken.length]).toEqual([false, 1]);
    while (write(writer, INLINE_MAX_BYTES, 1));
    expect(broken.length).toBe(1);
  });
});

describe('bytes beside a ring in a file', () => {
  const open = (allowsSerialized = false) => ({
    writer: createBulkWriter(fd),
    reader: createBulkReader({ fd, allocate: (bytes) => new ArrayBuffer(bytes), allowsSerialized }),
  });

  it('come in order and intact, however many wait, also when the file was used up and begun again', () => {
    const { writer, reader } = open();
    const bursts = [1, 2, 40, 1, 1, 1, 3, 30, 1];
    let from = 0;
    for (const burst of bursts) {
      const sent = Array.from({ length: burst }, () => pattern(MiB + (from % 64), from++));
      for (const bytes of sent) writer.post(bytes, bytes.length + 100);
      for (const bytes of sent) {
        const buffer = reader.receive() as ArrayBuffer;
        expect(buffer.byteLength).toBe(bytes.length + 100);
        expect(Buffer.compare(Buffer.from(buffer, 0, bytes.length), bytes)).toBe(0);
      }
    }
  });

  it('with structure are read by those who trust the writer, and by no other', () => {
    const trusting = open(true);
    trusting.writer.postSerialized({ code: [Uint8Array.of(1, 2)], plan: undefined });
    expect(trusting.reader.receive()).toEqual({ code: [Uint8Array.of(1, 2)], plan: undefined });
    const { writer, reader } = open();
    writer.postSerialized({});
    expect(() => reader.receive()).toThrow(/kind 2/);
  });

  it('that are not there, or longer than their file, or than anything may be, are refused unread', () => {
    const { writer, reader } = open();
    expect(() => reader.receive()).toThrow();
    writer.post(pattern(100), 0);
    ftruncateSync(fd, 2048 + 50);
    expect(() => reader.receive()).toThrow(/cut off/);
    writeSync(fd, Uint32Array.of(1, 0xffffffff, 0, 1), 0, 16, 2048 - 16);
    expect(() => reader.receive()).toThrow(/4294967295 bytes/);
  });
});
