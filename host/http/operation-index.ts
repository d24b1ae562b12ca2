/**
 * What the door must know about an operation before it reads a body: its input limit and media type.
 *
 * `Host.adapter` composes a whole page of detail; a call needs two fields of it. They are remembered for a second and
 * forgotten at once when this door installs or removes the adapter. A stale entry is harmless: the host itself checks
 * every call again, and the media type is read again when the version of the receipt is another one.
 */

import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Host, OperationSpec, TypedOperation } from '../types.ts';
import { OPERATION_INDEX_TTL_MS } from './limits.ts';

export interface KnownOperation {
  readonly version: string;
  readonly world: string;
  readonly spec: OperationSpec;
  /** Undefined for the bytes world. */
  readonly typed: TypedOperation | undefined;
}

export interface OperationIndex {
  /** Throws REGISTRY_NOT_FOUND, REGISTRY_OPERATION_NOT_FOUND. */
  get(adapter: string, operation: string): KnownOperation;
  /** The operation as this version of the adapter has it, which made a result. */
  answeredBy(known: KnownOperation, adapter: string, operation: string, version: string): KnownOperation;
  forget(adapter: string): void;
}

interface Entry {
  readonly freshUntilMs: number;
  readonly operations: ReadonlyMap<string, KnownOperation>;
}

export function createOperationIndex(host: Host, clock: Clock): OperationIndex {
  // Holds only adapters that exist: bounded by their number, whatever names callers invent.
  const entries = new Map<string, Entry>();

  const read = (adapter: string): Entry => {
    entries.delete(adapter);
    const { version, manifest, typed } = host.adapter(adapter);
    const operations = new Map<string, KnownOperation>();
    for (const [name, spec] of Object.entries(manifest.operations)) {
      operations.set(name, {
        version,
        world: manifest.world,
        spec,
        typed: typed?.find((one) => one.name === name),
      });
    }
    const entry = { freshUntilMs: clock.now() + OPERATION_INDEX_TTL_MS, operations };
    entries.set(adapter, entry);
    return entry;
  };

  return {
    get(adapter, operation) {
      const entry = entries.get(adapter);
      if (entry !== undefined && clock.now() < entry.freshUntilMs) {
        const known = entry.operations.get(operation);
        if (known !== undefined) return known;
      }
      // Also for an operation not in a fresh entry: it may have come with a version installed since.
      const known = read(adapter).operations.get(operation);
      if (known !== undefined) return known;
      throw new HostError(
        'REGISTRY_OPERATION_NOT_FOUND',
        `adapter ${adapter} has no operation of this name; GET /v1/adapters/${adapter} lists them`,
      );
    },
    answeredBy(known, adapter, operation, version) {
      if (version === known.version || version === '') return known;
      entries.delete(adapter);
      try {
        return read(adapter).operations.get(operation) ?? known;
      } catch {
        // Removed while its last call ran: what was known when the call began is still right for that call.
        return known;
      }
    },
    forget: (adapter) => void entries.delete(adapter),
  };
}
