/**
 * The backend in this process, on node:crypto: faster, and outside of the promise that keys stay in cells.
 *
 * Derived keys lie in this process's heap, in copies that node:crypto makes and the collector moves; they are overwritten
 * when forgotten, which reaches only some of these copies. Work is done on the event loop, not beside it.
 */

import { deriveStreamKeys, type StreamKeys } from '../../crypto-wasm/formats/chunks.ts';
import { nativePrimitives } from '../../crypto-wasm/formats/native.ts';
import { createRecordKey, type RecordKey } from '../../crypto-wasm/formats/records.ts';
import { createReferenceHash } from '../../crypto-wasm/hash/reference.ts';
import { HostError } from '../errors.ts';
import type { KeyRef, OpenRequest, RunRequest, SealRequest, StreamRequest, VaultBackend } from './backend.ts';
import { fromFormat } from './failures.ts';
import { createTurns, type TurnsOptions } from './turns.ts';

/** The same as in the adapter; never to be changed. */
const RECORD_PURPOSE = 'Hotcell vault 2026-11-21 v1 key of records';
const STREAM_PURPOSE = 'Hotcell vault 2026-11-21 v1 key of streams';
const CHUNK_BYTES = 16_384;
const SEALED_CHUNK_BYTES = CHUNK_BYTES + 16;

/** What is done before others on the event loop have their turn: some hundred microseconds of work. */
const TURN_MAX_BYTES = 256 * 1024;
/** What an operation costs besides its bytes, in bytes. */
const OPERATION_BYTES = 8 * 1024;
/** What a derivation costs, in bytes: BLAKE3 in JavaScript takes some fifty microseconds. */
const DERIVATION_BYTES = 32 * 1024;

/** node:crypto has no BLAKE3; a derivation is some ten compressions, and its result is kept. */
const { blake3DeriveKey } = createReferenceHash();

interface DerivedKeys {
  readonly keyVersion: number;
  readonly record: RecordKey;
  readonly stream: Uint8Array;
  /** What the next record is sealed with: the format asks for it while it seals. */
  nonce: Uint8Array;
}

export function createNativeBackend(options: {
  /** A root key; wiped here after use. */
  readonly loadKey: (version: number) => Promise<Uint8Array>;
  /** For tests; default `setImmediate`. */
  readonly nextTurn?: TurnsOptions['nextTurn'];
}): VaultBackend {
  const { loadKey, nextTurn } = options;
  const turns = createTurns({ turnMaxBytes: TURN_MAX_BYTES, nextTurn });
  const derived = new Map<number, DerivedKeys>();
  let keyLoads = 0;

  const derive = async (key: KeyRef): Promise<void> => {
    const turn = turns.take(DERIVATION_BYTES);
    if (turn !== undefined) await turn;
    const root = await loadKey(key.keyVersion);
    keyLoads++;
    const material = Buffer.concat([root, key.context]);
    const recordKey = blake3DeriveKey(RECORD_PURPOSE, material);
    const keys: DerivedKeys = {
      keyVersion: key.keyVersion,
      record: createRecordKey({
        primitives: { ...nativePrimitives, randomBytes: () => keys.nonce },
        key: recordKey,
        keyVersion: key.keyVersion,
      }),
      stream: blake3DeriveKey(STREAM_PURPOSE, material),
      nonce: new Uint8Array(),
    };
    derived.set(key.handle, keys);
    for (const secret of [root, material, recordKey]) secret.fill(0);
  };

  const drop = (handle: number, keys: DerivedKeys): void => {
    keys.record.close();
    keys.stream.fill(0);
    derived.delete(handle);
  };

  const keysOf = (key: KeyRef): DerivedKeys => {
    const keys = derived.get(key.handle);
    if (keys !== undefined) return keys;
    throw new HostError('VAULT_KEY_RETIRED', 'the version of the key was retired during the operation');
  };

  const seal = ({ key, nonce, associatedData, plaintext }: SealRequest): Uint8Array => {
    const keys = keysOf(key);
    keys.nonce = nonce;
    return keys.record.seal(plaintext, { context: key.context, associatedData });
  };
  const open = ({ key, associatedData, record }: OpenRequest): Uint8Array => {
    const plaintext = keysOf(key).record.open(record, { context: key.context, associatedData });
    // Both backends give plain arrays: a Buffer's `slice` is a view, and an array's a copy.
    return new Uint8Array(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  };

  const streamKeys = ({ key, salt, associatedData }: StreamRequest): StreamKeys =>
    deriveStreamKeys(
      { primitives: nativePrimitives, key: keysOf(key).stream, context: associatedData },
      salt,
    );

  const run = ({ stream, direction, firstIndex, isLast, bytes }: RunRequest): Uint8Array => {
    const keys = streamKeys(stream);
    const unit = direction === 'seal' ? CHUNK_BYTES : SEALED_CHUNK_BYTES;
    const wholeCount = Math.floor(bytes.length / unit);
    try {
      const parts: Uint8Array[] = [];
      for (let n = 0; n < wholeCount + (isLast ? 1 : 0); n++) {
        parts.push(keys[direction](firstIndex + n, bytes.subarray(n * unit, (n + 1) * unit)));
      }
      const result = Uint8Array.from(Buffer.concat(parts));
      for (const part of parts) part.fill(0);
      return result;
    } finally {
      keys.close();
    }
  };

  /** The face is asynchronous, and so are its errors. The work is done in rations: the event loop has other work too. */
  const later = async <T>(bytes: number, work: () => T): Promise<T> => {
    const turn = turns.take(bytes + OPERATION_BYTES);
    if (turn !== undefined) await turn;
    try {
      return work();
    } catch (error) {
      throw fromFormat(error);
    }
  };
  const each = async <T>(
    requests: readonly T[],
    bytesOf: (request: T) => number,
    work: (request: T) => Uint8Array,
  ): Promise<(Uint8Array | HostError)[]> => {
    const answers: (Uint8Array | HostError)[] = [];
    for (const request of requests) {
      const answer = await later(bytesOf(request), () => work(request)).catch((error: unknown) => error);
      if (!(answer instanceof Uint8Array) && !(answer instanceof HostError)) throw answer;
      answers.push(answer);
    }
    return answers;
  };

  return {
    kind: 'native',
    derive,
    forget(handle) {
      const keys = derived.get(handle);
      if (keys !== undefined) drop(handle, keys);
    },
    async dropKey(keyVersion) {
      for (const [handle, keys] of derived) if (keys.keyVersion === keyVersion) drop(handle, keys);
    },
    seal: (request) => later(request.plaintext.length, () => seal(request)),
    open: (request) => later(request.record.length, () => open(request)),
    sealBatch: (requests) => each(requests, ({ plaintext }) => plaintext.length, seal),
    openBatch: (requests) => each(requests, ({ record }) => record.length, open),
    rewrap: (opening, sealing) =>
      later(2 * opening.record.length, () => {
        const plaintext = open(opening);
        try {
          return seal({ ...sealing, plaintext });
        } finally {
          plaintext.fill(0);
        }
      }),
    beginStream: (stream) =>
      later(0, () => {
        const keys = streamKeys(stream);
        keys.close();
        return keys.header;
      }),
    run: (request) => later(request.bytes.length, () => run(request)),
    endStream() {
      // Keys of a stream live no longer than one run here.
    },
    snapshot: () => ({
      kind: 'native',
      contexts: { idle: 0, busy: 0, waiting: 0 },
      counters: { contextsCreated: 0, contextsLost: 0, repeats: 0, keyLoads },
    }),
    async close() {
      for (const [handle, keys] of derived) drop(handle, keys);
    },
  };
}
