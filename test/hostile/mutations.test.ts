/**
 * Random, truncated and bit-flipped components: each is refused with a code, or it runs and ends like any guest.
 *
 * The tests of the registry stop where a plan is made; here whatever is accepted is metered, compiled, made a cell of this thread
 * with all capabilities, and called. Some go the whole way, through a host with neighbours. 2,000 in a usual run, 50,000 with
 * `HOTCELL_FUZZ=1`; `HOTCELL_FUZZ_SEED` repeats a run.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import type { Grants } from '../../host/capability-types.ts';
import { systemClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { type CellEnd, createCell } from '../../host/executor/cell.ts';
import type { HostPort } from '../../host/executor/imports-context.ts';
import { IMPORTS } from '../../host/import-table.ts';
import { checkImports } from '../../host/registry/check-imports.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { capMemories } from '../../host/registry/memory-cap.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { ServiceFailure } from '../../host/service-failure.ts';
import { handWritten } from '../registry/sample-components.ts';
import { openArena } from './arena.ts';
import { ECHO, hostile } from './kit.ts';

const COUNT = process.env.HOTCELL_FUZZ === '1' ? 50_000 : 2_000;
/** A refusal costs the host a thread of 80 ms. */
const WHOLE_WAY_COUNT = 16;
const seed = Number(process.env.HOTCELL_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

const GRANTS: Grants = {
  log: { level: 'trace', callMaxBytes: 1_000 },
  clock: { resolutionMs: 1 },
  random: {},
  config: { c: 'value' },
  secrets: { s: 'value' },
  kv: { maxBytes: 1_000 },
  files: { maxBytes: 10_000 },
};
const HOST: HostPort = {
  service: (method) =>
    method === 'kv.get'
      ? Promise.resolve({ value: new Uint8Array([1, 2, 3]) })
      : Promise.reject(new ServiceFailure('unavailable', 'not here')),
  log: () => {},
};

/** Mulberry32: the same numbers for the same seed. */
function createRandom(from: number): (below: number) => number {
  let state = from;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof createRandom>;

interface Sample {
  readonly bytes: Uint8Array;
  /** Where its core code is: one bit there is often still a valid module. */
  readonly code: { readonly offset: number; readonly length: number };
}

/** One of the samples, damaged. */
function mutate(samples: readonly Sample[], random: Random): Uint8Array {
  const { bytes: sample, code } = samples[random(samples.length)] as Sample;
  const at = random(sample.length);
  switch (random(8)) {
    case 0:
      return sample.slice(0, at);
    case 1:
      return Uint8Array.from({ length: random(300) }, (_, index) =>
        index < 8 ? (sample[index] ?? 0) : random(256),
      );
    case 2: {
      const put = Uint8Array.from({ length: random(6) }, () => random(256));
      return Buffer.concat([sample.subarray(0, at), put, sample.subarray(at + random(4))]);
    }
    case 3: {
      // A piece of it once more, elsewhere: sections and definitions that were sound where they stood.
      const length = random(64);
      const piece = sample.subarray(at, at + length);
      const to = random(sample.length);
      return Buffer.concat([sample.subarray(0, to), piece, sample.subarray(to + (random(2) ? length : 0))]);
    }
    case 4:
    case 5: {
      const bytes = sample.slice();
      const within = code.offset + random(code.length);
      bytes[within] = (bytes[within] ?? 0) ^ (1 << random(8));
      return bytes;
    }
    default: {
      const bytes = sample.slice();
      for (let flips = 1 + random(3); flips > 0; flips--) {
        const bit = random(bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      }
      return bytes;
    }
  }
}

/** How far it came. Throws what is no end of a hostile component. */
async function attempt(bytes: Uint8Array, deadlineMs = 100): Promise<string> {
  try {
    const planned = planComponent(bytes);
    checkImports(planned, IMPORTS);
    const { plan } = planned;
    if (!plan.handler || plan.memoryPages > 256) return 'another world';
    const code = plan.modules.map(({ offset, length }) =>
      capMemories(meterModule(bytes.slice(offset, offset + length)), 256),
    ) as Uint8Array<ArrayBuffer>[];
    const modules = code.map((one) => new WebAssembly.Module(one));
    const cell = createCell(modules, plan, { grants: GRANTS, host: HOST });
    const input = new Uint8Array(5).fill(97);
    let end: CellEnd | undefined;
    const hear = (how: CellEnd): void => {
      end = how;
    };
    const bounds = { deadlineMs: systemClock.now() + deadlineMs, fuelMax: 3_000_000 };
    await cell.invokeSuspendably(input, input, 1_000, () => {}, hear, bounds);
    if (end?.kind === 'ok') {
      await cell.healthSuspendably(() => {}, bounds);
      return 'answered';
    }
    return end?.kind === 'crash' ? end.code : (end?.kind ?? 'no end');
  } catch (error) {
    if (error instanceof HostError) return error.code;
    if (error instanceof WebAssembly.CompileError) return 'CompileError';
    throw error;
  }
}

describe('a component that was damaged', () => {
  let samples: Sample[] = [];
  beforeAll(async () => {
    const whole = [
      await hostile({}),
      await handWritten(),
      await hostile({
        imports: [
          'log',
          'kvGet',
          'sleep',
          'block',
          'dropPollable',
          'fields',
          'clone',
          'dropFields',
          'stdout',
          'checkWrite',
          'random',
        ],
        fields:
          '(data (i32.const 1024) "a line of the log") (table $t 4 funcref) (elem (table $t) (i32.const 0) func $f) (type $v (func)) (func $f)',
        invoke: `(local $h i32)
          (global.set $next (i32.const 4096))
          (call $log (i32.const 2) (i32.const 1024) (i32.const 17))
          (call $kvGet (i32.const 1024) (i32.const 1) (i32.const 2048))
          (local.set $h (call $sleep (i64.const 1))) (call $block (local.get $h)) (call $dropPollable (local.get $h))
          (local.set $h (call $fields)) (call $dropFields (call $clone (local.get $h))) (call $dropFields (local.get $h))
          (call $checkWrite (call $stdout) (i32.const 2048)) (call $random (i32.const 16) (i32.const 2048))
          (call_indirect $t (type $v) (i32.const 0)) ${ECHO}`,
      }),
    ];
    samples = whole.map((bytes) => {
      const [code] = planComponent(bytes).plan.modules;
      if (!code) throw new Error('a sample without code');
      return { bytes, code };
    });
  });

  it('answers before it was', async () => {
    for (const { bytes } of samples) expect(await attempt(bytes, 10_000)).toBe('answered');
  });

  it(`is refused with a code, or runs and ends with one, whatever was damaged (seed ${seed})`, async () => {
    const random = createRandom(seed);
    const ends: Record<string, number> = {};
    for (let index = 0; index < COUNT; index++) {
      const bytes = mutate(samples, random);
      const end = await attempt(bytes).catch((cause: unknown) => {
        throw new Error(`seed ${seed}, mutation ${index}`, { cause });
      });
      ends[end] = (ends[end] ?? 0) + 1;
    }
    console.info(`${COUNT} mutations, seed ${seed}:`, JSON.stringify(ends));
    const known =
      /^(answered|another world|CompileError|failure|POOL_CREATE_FAILED|REGISTRY_(REJECTED|UNSUPPORTED|IMPORT_FORBIDDEN)|EXECUTOR_(TRAP|STACK_OVERFLOW|BAD_RESULT|OUTPUT_TOO_LARGE|FUEL|DEADLINE))$/;
    expect(Object.keys(ends).filter((end) => !known.test(end))).toEqual([]);
    expect(Object.keys(ends).length).toBeGreaterThan(4);
  }, 1_200_000);

  it('goes the whole way through a host without any harm to others', async () => {
    const random = createRandom(seed + 1);
    const arena = await openArena();
    try {
      await arena.besides(async () => {
        for (let index = 0; index < WHOLE_WAY_COUNT; index++) {
          const bytes = mutate(samples, random);
          // Those that our own reader accepts: only they come to other tools and to a thread.
          if (/^(REGISTRY|CompileError|another)/.test(await attempt(bytes)) && index % 6 !== 0) {
            index--;
            continue;
          }
          const name = `damaged-${index}`;
          const capabilities = { log: {}, clock: {}, random: {}, kv: {} };
          try {
            await arena.enter(name, bytes, { capabilities, limits: { timeoutMs: 200 } });
          } catch (error) {
            expect((error as HostError).code).toMatch(
              /^(REGISTRY_(REJECTED|UNSUPPORTED|IMPORT_FORBIDDEN|PREPARE_LIMIT)|POOL_CREATE_FAILED)$/,
            );
            continue;
          }
          const reply = await arena.attack(name, 'a', 'payload');
          if (reply.status !== 200) expect(reply.code).toMatch(/^(EXECUTOR|ADAPTER|POOL)_/);
          await arena.host.remove(name);
        }
      });
      expect(arena.lost()).toBe(0);
    } finally {
      await arena.close();
    }
  }, 120_000);
});
