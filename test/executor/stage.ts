/**
 * What tests of executors need: a guest that does what its operation says, images of it, executors that report how they
 * ended, and a clock that can be ahead.
 */

import { type Clock, systemClock } from '../../host/clock.ts';
import { ThreadExecutor } from '../../host/executor/executor.ts';
import type { ThreadExecutorOptions } from '../../host/executor/executor-options.ts';
import { createProcessStarter } from '../../host/executor/process-link.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { capMemories } from '../../host/registry/memory-cap.ts';
import { lendMemory } from '../../host/registry/memory-loan.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { AdapterImage, LentMemory, Manifest, RunRequest, RunResult } from '../../host/types.ts';
import { ALLOCATOR, coreText, toComponent } from '../registry/sample-components.ts';

/** Beyond anything a test takes. */
export const FAR_MS = 60_000;
export const MiB = 1024 * 1024;

const OPERATION = '(i32.load8_u (local.get $op))';
const on = (letter: string, body: string): string =>
  `(if (i32.eq ${OPERATION} (i32.const ${letter.charCodeAt(0)})) (then ${body}))`;

/**
 * Operations, by their first letter: `echo`; `count` calls of it in this cell, in one byte; `loop` for ever; `spin` some
 * 100 ms; `trap`; `post`: echo, then a trap in the cleanup; `big`: 100,000 bytes of its memory; `half`: the first half of its payload.
 */
const GUEST = coreText({
  fields: '(global $isTrapped (mut i32) (i32.const 0)) (global $count (mut i32) (i32.const 0))',
  memory: '(memory (export "memory") 4)',
  allocator: ALLOCATOR.replace(
    '(func $reset (param i32)',
    '(func $reset (param i32) (if (global.get $isTrapped) (then unreachable))',
  ),
  invoke: `(local $turns i32)
    (i32.store8 (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (local.get $in))
    (i32.store (i32.const 24) (local.get $inlen))
    ${on('l', '(loop $forever (br $forever))')}
    ${on(
      's',
      `(local.set $turns (i32.const 100000000))
       (loop $more (local.set $turns (i32.sub (local.get $turns) (i32.const 1))) (br_if $more (local.get $turns)))`,
    )}
    ${on('t', 'unreachable')}
    ${on('p', '(global.set $isTrapped (i32.const 1))')}
    ${on('h', '(i32.store (i32.const 24) (i32.shr_u (local.get $inlen) (i32.const 1)))')}
    ${on('b', '(i32.store (i32.const 20) (i32.const 1024)) (i32.store (i32.const 24) (i32.const 100000))')}
    ${on(
      'c',
      `(global.set $count (i32.add (global.get $count) (i32.const 1)))
       (i32.store8 (i32.const 32) (global.get $count))
       (i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1))`,
    )}
    (i32.const 16)`,
});

/** Never ends its instantiation. */
const LOOPING_START = coreText({ fields: '(func $spin (loop $forever (br $forever))) (start $spin)' });

let imageCount = 0;

/** `rewrite` is what the registry does to modules; by default nothing, so that only a kill can stop them. */
async function imageOf(
  core: string,
  rewrite = (module: Uint8Array) => module,
  lent: AdapterImage['lent'] = [],
): Promise<AdapterImage> {
  const component = await toComponent(core);
  const { plan } = planComponent(component);
  const code = plan.modules.map(({ offset, length }) =>
    rewrite(component.slice(offset, offset + length)),
  ) as Uint8Array<ArrayBuffer>[];
  return {
    id: `guest@1.0.0#${imageCount++}`,
    // An executor looks at nothing but the id, the plan and the modules.
    manifest: {} as Manifest,
    plan,
    modules: code.map((bytes) => new WebAssembly.Module(bytes)),
    code,
    lent,
    wit: '',
    grants: {},
  };
}

export const guestImage = (): Promise<AdapterImage> => imageOf(GUEST);
export const meteredImage = (): Promise<AdapterImage> => imageOf(GUEST, meterModule);
/** Its memory is given to it, as the registry has it for a guest that takes nothing from the host. */
export const lentImage = (): Promise<AdapterImage> => {
  const lent: LentMemory[] = [];
  const lend = (module: Uint8Array): Uint8Array => {
    const loan = lendMemory(capMemories(module, 16));
    if (!loan) throw new Error('this guest makes its own memory');
    lent.push(loan.memory);
    return loan.module;
  };
  return imageOf(GUEST, lend, lent);
};
export const loopingStartImage = (): Promise<AdapterImage> => imageOf(LOOPING_START);

export interface Stage {
  readonly executor: ThreadExecutor;
  /** How the executor ended, each time it said so: once at most. */
  readonly ends: string[];
  /** Memories reported collected so far. */
  readonly collected: () => number;
}

/** Where executors of these tests live. */
let startLink: ThreadExecutorOptions['startLink'];
export const placeInProcesses = (): void => {
  startLink = createProcessStarter({ uid: 0 });
};
export const isInProcess = (): boolean => startLink !== undefined;
/** Starts an executor where the others live. */
export const startPlaced = (options: ThreadExecutorOptions): ThreadExecutor =>
  new ThreadExecutor({ ...(startLink ? { startLink } : {}), ...options });

/** An executor that reports. The caller stops it. */
export function startStage(options: Partial<ThreadExecutorOptions> = {}): Stage {
  const ends: string[] = [];
  let collected = 0;
  const executor = startPlaced({
    id: 0,
    clock: systemClock,
    killGraceMs: 10,
    onEnd: (_executor, end) => ends.push(end),
    onCollected: (_executor, memories) => {
      collected += memories;
    },
    ...options,
  });
  return { executor, ends, collected: () => collected };
}

export function call(operation: string, payload: Uint8Array = new Uint8Array(0), forMs = FAR_MS): RunRequest {
  const deadlineMs = systemClock.now() + forMs;
  return { operation, payload, deadlineMs, beginByMs: deadlineMs, outputMaxBytes: 64 * MiB };
}

const PATTERN = new Uint8Array(2 * MiB + 251);
for (let index = 0; index < PATTERN.length; index++) PATTERN[index] = index % 251;

/** Up to 2 MiB that repeat mod 251 and begin with `from`: a copy of its own. */
export const pattern = (length: number, from = 0): Uint8Array =>
  PATTERN.slice(from % 251, (from % 251) + length);

/** How a run ended, in a few words. */
export function endOf(result: RunResult): string {
  if (result.kind === 'ok') return 'ok';
  if (result.kind === 'failure') return result.failure;
  if (result.kind === 'cancelled') return `cancelled ${result.isBegun ? 'after' : 'before'} its beginning`;
  return result.kind === 'crash' ? result.error.code : `${result.kind}: ${result.reason}`;
}

/** Whether the run brought exactly these bytes. */
export const brought = (result: RunResult | undefined, bytes: Uint8Array): boolean =>
  result?.kind === 'ok' && Buffer.compare(result.bytes, bytes) === 0;

/** A clock that is ahead of the system's by `aheadMs`. */
export function createShiftedClock(): Clock & { aheadMs: number } {
  const clock = {
    ...systemClock,
    aheadMs: 0,
    now: () => systemClock.now() + clock.aheadMs,
  };
  return clock;
}
