/**
 * The way of one call, from what was asked to what was recorded.
 *
 *   Call → resolve (which adapter version) → admit (Grant) → acquire (Lease) → run → Outcome → Receipt
 *
 * What always holds: it never rejects; a lease ends in the same turn in which its run ended; a call that never began
 * is dispatched again unseen; one that began is replayed only when its operation is idempotent, within its deadline,
 * at most `replayMax` times and under the replay budget; after that the crash is reported, never hidden. Metrics and
 * logs listen beside this path and are not awaited.
 */

import { badArguments } from './arguments.ts';
import { invokeChannel } from './channels.ts';
import type { Clock } from './clock.ts';
import { HostError, hasCode, type Problem, toHostError } from './errors.ts';
import type { Policy } from './policy/policy.ts';
import type { Lease } from './pool/lease.ts';
import type { AdapterPool } from './pool/pool.ts';
import type { ReplayBudget } from './pool/replay-budget.ts';
import { isProxyWorld } from './service-incoming.ts';
import type {
  AdapterImage,
  Call,
  Manifest,
  OperationSpec,
  Outcome,
  Receipt,
  Reply,
  RunResult,
  Usage,
} from './types.ts';

export interface Rooms {
  readonly clock: Clock;
  readonly policy: Policy;
  /** The active version of an adapter. Throws REGISTRY_NOT_FOUND. */
  readonly resolve: (adapter: string) => { readonly pool: AdapterPool; readonly replays: ReplayBudget };
}

/** Longest text of an error value in a detail; all of it is in `failure`. */
const FAILURE_TEXT_MAX_CHARS = 500;

const FAILURE_CODES = {
  'bad-input': 'ADAPTER_BAD_INPUT',
  'not-found': 'ADAPTER_NOT_FOUND',
  internal: 'ADAPTER_INTERNAL',
  'output-too-large': 'EXECUTOR_OUTPUT_TOO_LARGE',
  'no-response': 'EXECUTOR_NO_RESPONSE',
  'response-cut': 'EXECUTOR_RESPONSE_CUT',
} as const;

/** Runs one call. With `pinned` it runs on that lease, which stays open, and nothing is dispatched again. */
export async function invoke(rooms: Rooms, call: Call, traceparent?: string, pinned?: Lease): Promise<Reply> {
  const { clock } = rooms;
  const startMs = clock.now();
  const progress: Progress = { version: '', attempts: 0, runMs: 0, queueMs: undefined, fuel: undefined };
  let outcome: Outcome;
  try {
    const bytes = pinned
      ? await runPinned(rooms, { ...call, traceparent }, startMs, progress, pinned)
      : await runToEnd(rooms, { ...call, traceparent }, startMs, progress);
    if (call.exchange?.error) throw call.exchange.error;
    outcome = { kind: 'ok', bytes, usage: usageOf(call, clock.now() - startMs, progress, bytes.length) };
  } catch (thrown) {
    // What went wrong on the way of the bodies is the reason, whatever became of the call by it.
    const error = toHostError(call.exchange?.error ?? thrown);
    outcome = { kind: 'error', error, usage: usageOf(call, clock.now() - startMs, progress, 0) };
  }
  const receipt: Receipt = {
    requestId: call.requestId,
    adapter: call.adapter,
    version: progress.version,
    operation: call.operation,
    tenant: call.tenant,
    outcome: outcome.kind === 'ok' ? 'ok' : outcome.error.code,
    usage: outcome.usage,
  };
  if (invokeChannel.hasSubscribers) {
    const error = outcome.kind === 'error' ? outcome.error : undefined;
    invokeChannel.publish({ receipt, error, traceparent });
  }
  return { outcome, receipt };
}

type TracedCall = Call & { readonly traceparent: string | undefined };

interface Progress {
  version: string;
  attempts: number;
  runMs: number;
  /** Known once a guest was entered. */
  queueMs: number | undefined;
  fuel: number | undefined;
}

/** The result's bytes; throws what the caller is told otherwise. */
async function runToEnd(
  rooms: Rooms,
  call: TracedCall,
  startMs: number,
  progress: Progress,
): Promise<Uint8Array> {
  let isNoted = false;
  let checked: AdapterPool | undefined;
  let closed: AdapterPool | undefined;
  for (;;) {
    if (call.signal?.aborted) throw cancelled();
    // Resolved anew each time: a reload in between moves the call to the new version.
    const { pool, replays } = rooms.resolve(call.adapter);
    const { manifest } = pool.image;
    progress.version = manifest.version;
    const spec = operationOf(manifest, call);
    const grant = rooms.policy.admit(call, spec, startMs);
    if (pool !== checked) checkArguments(pool.image, call);
    checked = pool;
    if (!isNoted) replays.noteCall();
    isNoted = true;

    let lease: Lease;
    try {
      lease = await pool.acquire({
        tenant: grant.tenant,
        deadlineMs: grant.deadlineMs,
        affinity: call.affinity,
        inputBytes: call.payload.length,
        signal: call.signal,
      });
    } catch (error) {
      // The version was replaced while the call waited: it asks the new one. Found closed twice, there is none.
      if (!hasCode(error, 'POOL_CLOSED') || pool === closed) throw error;
      closed = pool;
      continue;
    }
    const { deadlineMs } = grant;
    call.exchange?.begin({ version: manifest.version, attempt: progress.attempts + 1, deadlineMs });
    let result: RunResult;
    try {
      result = await lease.run({ ...call, ...grant });
    } finally {
      lease.end();
    }
    note(progress, result, rooms.clock.now() - startMs);

    if (result.kind === 'not-begun' && result.reason !== 'late') continue;
    const mayReplay =
      result.kind === 'crash' &&
      // The same work would end the same way.
      result.error.code !== 'EXECUTOR_FUEL' &&
      spec.idempotent &&
      (call.exchange?.mayReplay ?? true) &&
      progress.attempts <= manifest.pool.replayMax &&
      rooms.clock.now() < grant.deadlineMs &&
      replays.take();
    if (!mayReplay) return bytesOf(result);
    pool.noteReplay();
  }
}

/** The same on a pinned cell: the version is the cell's own, and nothing is dispatched again. */
async function runPinned(
  rooms: Rooms,
  call: TracedCall,
  startMs: number,
  progress: Progress,
  lease: Lease,
): Promise<Uint8Array> {
  const { manifest } = lease.image;
  progress.version = manifest.version;
  const spec = operationOf(manifest, call);
  const grant = rooms.policy.admit(call, spec, startMs);
  checkArguments(lease.image, call);
  const result = await lease.run({ ...call, ...grant });
  note(progress, result, rooms.clock.now() - startMs);
  if (result.kind === 'not-begun' && result.cellLost)
    throw new HostError('POOL_SESSION_LOST', 'the session ended with its cell');
  return bytesOf(result);
}

/** Takes note of one attempt that ended `sinceStartMs` after the call came. */
function note(progress: Progress, result: RunResult, sinceStartMs: number): void {
  if (result.kind === 'not-begun' || (result.kind === 'cancelled' && !result.isBegun)) return;
  progress.attempts++;
  progress.runMs = result.runMs;
  progress.fuel = result.kind === 'cancelled' ? undefined : result.fuel;
  progress.queueMs ??= Math.max(0, sinceStartMs - result.runMs);
}

const cancelled = (): HostError =>
  new HostError('EXECUTOR_CANCELLED', 'the call was given up before its end');

function bytesOf(result: RunResult): Uint8Array {
  switch (result.kind) {
    case 'ok':
      return result.bytes;
    case 'failure':
      if (result.failure === 'declared') throw failedWith(result.value);
      if (result.failure === 'bad-arguments') throw badArguments(result.value as Problem[]);
      throw new HostError(FAILURE_CODES[result.failure], result.message);
    case 'crash':
      throw result.error;
    case 'cancelled':
      throw cancelled();
    case 'not-begun': {
      const detail = 'the call could not begin early enough to end before its deadline';
      throw new HostError('EXECUTOR_DEADLINE', detail);
    }
  }
}

/** What a typed operation may be asked with. Of the bytes world only the adapter knows. */
function checkArguments({ typed }: AdapterImage, call: Call): void {
  if (typed && !call.isRawInput) typed.check(call.operation, call.payload);
}

function failedWith(failure: unknown): HostError {
  const text = typeof failure === 'string' ? failure : JSON.stringify(failure);
  const detail = text.length > FAILURE_TEXT_MAX_CHARS ? `${text.slice(0, FAILURE_TEXT_MAX_CHARS)}…` : text;
  return new HostError('ADAPTER_FAILED', detail, { failure });
}

/** Throws REGISTRY_OPERATION_NOT_FOUND — it has none of this name, or is called another way. */
function operationOf(manifest: Manifest, { operation, exchange }: Call): OperationSpec {
  const answersHttp = isProxyWorld(manifest.world);
  if (answersHttp !== (exchange !== undefined)) {
    const way = answersHttp ? 'answers HTTP requests' : 'has operations and answers no HTTP requests';
    throw new HostError(
      'REGISTRY_OPERATION_NOT_FOUND',
      `adapter "${manifest.name}" ${way}: its world is "${manifest.world}"`,
    );
  }
  if (Object.hasOwn(manifest.operations, operation)) return manifest.operations[operation] as OperationSpec;
  const known = Object.keys(manifest.operations).join(', ');
  throw new HostError(
    'REGISTRY_OPERATION_NOT_FOUND',
    `adapter "${manifest.name}" has the operations: ${known}`,
  );
}

function usageOf(call: Call, sinceStartMs: number, progress: Progress, outputBytes: number): Usage {
  return {
    queueMs: progress.queueMs ?? sinceStartMs,
    runMs: progress.runMs,
    attempts: progress.attempts,
    inputBytes: call.exchange?.inputBytes ?? call.payload.length,
    outputBytes: call.exchange?.outputBytes ?? outputBytes,
    fuel: progress.fuel,
  };
}
