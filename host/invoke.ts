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

import { invokeChannel } from './channels.ts';
import type { Clock } from './clock.ts';
import { HostError, hasCode, toHostError } from './errors.ts';
import type { Policy } from './policy/policy.ts';
import type { Lease } from './pool/lease.ts';
import type { AcquireRequest, AdapterPool } from './pool/pool.ts';
import type { ReplayBudget } from './pool/replay-budget.ts';
import type { Call, Manifest, OperationSpec, Outcome, Receipt, Reply, RunResult } from './types.ts';

export interface Rooms {
  readonly clock: Clock;
  readonly policy: Policy;
  /** The active version of an adapter. Throws REGISTRY_NOT_FOUND. */
  readonly resolve: (adapter: string) => { readonly pool: AdapterPool; readonly replays: ReplayBudget };
}

const FAILURE_CODES = {
  'bad-input': 'ADAPTER_BAD_INPUT',
  'not-found': 'ADAPTER_NOT_FOUND',
  internal: 'ADAPTER_INTERNAL',
  'output-too-large': 'EXECUTOR_OUTPUT_TOO_LARGE',
} as const;

/** Runs one call. With `pinned` it runs on that lease, which stays open, and nothing is dispatched again. */
export async function invoke(rooms: Rooms, call: Call, traceparent?: string, pinned?: Lease): Promise<Reply> {
  const { clock } = rooms;
  const startMs = clock.now();
  const progress = { version: '', attempts: 0, runMs: 0 };
  let outcome: Outcome;
  try {
    const bytes = await runToEnd(rooms, call, startMs, progress, pinned);
    outcome = { kind: 'ok', bytes, usage: usageOf(call, startMs, clock.now(), progress, bytes.length) };
  } catch (thrown) {
    const error = toHostError(thrown);
    outcome = { kind: 'error', error, usage: usageOf(call, startMs, clock.now(), progress, 0) };
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

interface Progress {
  version: string;
  attempts: number;
  runMs: number;
}

/** The result's bytes; throws what the caller is told otherwise. */
async function runToEnd(
  rooms: Rooms,
  call: Call,
  startMs: number,
  progress: Progress,
  pinned: Lease | undefined,
): Promise<Uint8Array> {
  for (;;) {
    // Resolved anew each time: a reload in between moves the call to the new version.
    const { pool, replays } = rooms.resolve(call.adapter);
    const { manifest } = pool.image;
    const spec = operationOf(manifest, call.operation);
    const grant = rooms.policy.admit(call, spec, startMs);
    progress.version = manifest.version;
    if (progress.attempts === 0) replays.noteCall();

    const lease = pinned ?? (await acquireFrom(pool, { ...grant, affinity: call.affinity }));
    if (!lease) continue;
    let result: RunResult;
    try {
      result = await lease.run({ ...grant, operation: call.operation, payload: call.payload });
    } finally {
      if (!pinned) lease.end();
    }

    if (result.kind !== 'not-begun') {
      progress.attempts++;
      progress.runMs = result.runMs;
    }
    switch (result.kind) {
      case 'ok':
        return result.bytes;
      case 'failure':
        throw new HostError(FAILURE_CODES[result.failure], result.message);
      case 'not-begun':
        if (pinned && result.cellLost)
          throw new HostError('POOL_SESSION_LOST', 'the session ended with its cell');
        if (result.reason === 'late') {
          throw new HostError(
            'EXECUTOR_DEADLINE',
            'the call could not begin early enough to end before its deadline',
          );
        }
        break;
      case 'crash': {
        const mayReplay =
          !pinned &&
          spec.idempotent &&
          progress.attempts <= manifest.pool.replayMax &&
          rooms.clock.now() < grant.deadlineMs &&
          replays.take();
        if (!mayReplay) throw result.error;
        pool.noteReplay();
      }
    }
  }
}

/** A lease, or undefined when the version was replaced while the call waited: it then asks the new one. */
async function acquireFrom(pool: AdapterPool, request: AcquireRequest): Promise<Lease | undefined> {
  try {
    return await pool.acquire(request);
  } catch (error) {
    if (hasCode(error, 'POOL_CLOSED')) return undefined;
    throw error;
  }
}

function operationOf(manifest: Manifest, operation: string): OperationSpec {
  if (Object.hasOwn(manifest.operations, operation)) return manifest.operations[operation] as OperationSpec;
  const known = Object.keys(manifest.operations).join(', ');
  throw new HostError(
    'REGISTRY_OPERATION_NOT_FOUND',
    `adapter "${manifest.name}" has the operations: ${known}`,
  );
}

function usageOf(
  call: Call,
  startMs: number,
  endMs: number,
  progress: Progress,
  outputBytes: number,
): Outcome['usage'] {
  return {
    queueMs: Math.max(0, endMs - startMs - progress.runMs),
    runMs: progress.runMs,
    attempts: progress.attempts,
    inputBytes: call.payload.length,
    outputBytes,
  };
}
