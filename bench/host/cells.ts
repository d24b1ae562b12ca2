/**
 * Cells without a host around them: images made from components, executors run on their own. What the tables about
 * creation, memory and the call path stand on, so that they measure that and not a pool.
 */

import { systemClock } from '../../host/clock.ts';
import type { Cell } from '../../host/executor/cell.ts';
import { ThreadExecutor } from '../../host/executor/executor.ts';
import type { ThreadExecutorOptions } from '../../host/executor/executor-options.ts';
import { LIMIT_DEFAULTS, POOL_DEFAULTS } from '../../host/options.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import { capMemories } from '../../host/registry/memory-cap.ts';
import { lendMemories } from '../../host/registry/memory-loan.ts';
import { planComponent } from '../../host/registry/plan.ts';
import type { AdapterImage, Executor, RunRequest, RunResult } from '../../host/types.ts';
import type { Package } from './packages.ts';

/** Longer than any call measured here takes. */
const DEADLINE_MS = 60_000;
const KILL_GRACE_MS = 1_000;
/** A sealed mebibyte fits. */
const OUTPUT_MAX_BYTES = 2_097_152;

export const ECHO = 'echo';

/** n bytes that repeat mod 251. */
export function payloadOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => index % 251);
}

let imageCount = 0;

/** Leaves a module as it is: a guest without fuel. */
export const unmetered = (module: Uint8Array): Uint8Array => module;

/** Plans and compiles in this thread: for trusted components only. `rewrite` is what the registry does to modules. */
export function makeImage(
  { manifest, component }: Package,
  rewrite: (module: Uint8Array) => Uint8Array = meterModule,
): AdapterImage {
  const { plan } = planComponent(component);
  const code = plan.modules.map(
    ({ offset, length }) => rewrite(component.slice(offset, offset + length)) as Uint8Array<ArrayBuffer>,
  );
  return {
    id: `${manifest.name}@bench#${imageCount++}`,
    manifest: parseManifest(manifest, { pool: POOL_DEFAULTS, limits: LIMIT_DEFAULTS }),
    plan,
    modules: code.map((module) => new WebAssembly.Module(module)),
    code,
    wit: '',
    grants: {},
  };
}

/** The same as the registry makes it: its memories are given to it. For executors, which have them to give. */
export function makeServedImage(built: Package): AdapterImage {
  const image = makeImage(built);
  const maxPages = image.manifest.limits.memoryMaxMiB * 16;
  const { modules, lent } = lendMemories(
    (image.code ?? []).map((module) => capMemories(module, maxPages)),
    image.plan,
  );
  const code = modules.map((module) => Uint8Array.from(module));
  return { ...image, modules: code.map((module) => new WebAssembly.Module(module)), code, lent };
}

/** A thread of its own, or what `startLink` starts. It is live at once; what is asked before it has booted waits for it. */
export function startExecutor(id = 0, startLink?: ThreadExecutorOptions['startLink']): ThreadExecutor {
  return new ThreadExecutor({
    id,
    clock: systemClock,
    killGraceMs: KILL_GRACE_MS,
    onEnd: () => {},
    onCollected: () => {},
    ...(startLink ? { startLink } : {}),
  });
}

/** Milliseconds from nothing to an executor with one cell, so many times. */
export async function bootExecutors(
  image: AdapterImage,
  count: number,
): Promise<{ readonly samples: Float64Array }> {
  const samples = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const startMs = performance.now();
    const executor = startExecutor(index);
    executor.load(image);
    await executor.createCell(image.id);
    samples[index] = performance.now() - startMs;
    await executor.stop();
  }
  return { samples };
}

export function echoRequest(payload: Uint8Array): RunRequest {
  const deadlineMs = systemClock.now() + DEADLINE_MS;
  return {
    operation: ECHO,
    payload,
    deadlineMs,
    beginByMs: deadlineMs,
    outputMaxBytes: OUTPUT_MAX_BYTES,
  };
}

/** The bytes of a run that went well. Throws naming its end otherwise. */
export function bytesOf(result: RunResult): Uint8Array {
  if (result.kind === 'ok') return result.bytes;
  if (result.kind === 'failure') throw new Error(`the guest reported ${result.failure}: ${result.message}`);
  if (result.kind === 'crash') throw result.error;
  throw new Error(`the call did not run: ${result.kind}`);
}

/** Creates a cell, calls it, drops it: a call without a pool. */
export async function callOnce(
  executor: Executor,
  imageId: string,
  payload: Uint8Array,
): Promise<Uint8Array> {
  const { id } = await executor.createCell(imageId);
  const result = await executor.run(id, echoRequest(payload));
  executor.destroyCell(id);
  return bytesOf(result);
}

const encodedEcho = new TextEncoder().encode(ECHO);

/** Calls a cell in this thread by the direct path and copies the answer out, as an executor does. */
export function callDirectly(
  cell: Cell,
  payload: Uint8Array,
  operation: Uint8Array = encodedEcho,
): Uint8Array {
  let answer: Uint8Array | undefined;
  const end = cell.invoke(operation, payload, OUTPUT_MAX_BYTES, (bytes) => {
    answer = bytes.slice();
  });
  if (end.kind !== 'ok' || answer === undefined) throw new Error(`the direct call ended as ${end.kind}`);
  return answer;
}
