/**
 * The methods `kv.*` of one call of a guest: arguments checked, the namespace of its adapter and tenant, outcomes as failures.
 *
 * The guest never names its namespace. Keys and values are bounded here, so that stores need not.
 */

import type { KvGrant } from '../capability-types.ts';
import { ServiceFailure } from '../service-failure.ts';
import type { ServiceAnswer } from '../service-methods.ts';
import { invalid } from './http-input.ts';
import { isS64, KEY_MAX_BYTES, type KvStore, VALUE_MAX_BYTES } from './kv.ts';

type Argument = Readonly<Record<string, unknown>>;

export interface KvServiceOptions {
  readonly store: KvStore;
  readonly grant: KvGrant;
  /** Of `namespaceOf`. */
  readonly namespace: string;
}

export function createKvMethods({ store, grant, namespace }: KvServiceOptions) {
  const quota = (outcome: 'quota' | 'full'): ServiceFailure =>
    new ServiceFailure(
      'quota',
      outcome === 'quota' ? `the quota is ${grant.maxBytes} bytes` : 'the store of the host is full',
    );
  return {
    async 'kv.get'({ key }: Argument): Promise<ServiceAnswer<'kv.get'>> {
      return { value: await store.get(namespace, readKey(key)) };
    },
    async 'kv.set'({ key, value }: Argument): Promise<void> {
      const bytes = readKey(key);
      if (!(value instanceof Uint8Array)) throw invalid('the value must be bytes');
      if (value.byteLength > VALUE_MAX_BYTES) throw invalid(`a value has at most ${VALUE_MAX_BYTES} bytes`);
      const outcome = await store.set(namespace, bytes, value, grant.maxBytes);
      if (outcome !== 'stored') throw quota(outcome);
    },
    async 'kv.delete'({ key }: Argument): Promise<ServiceAnswer<'kv.delete'>> {
      return { deleted: await store.delete(namespace, readKey(key)) };
    },
    async 'kv.list'({ prefix, after }: Argument): Promise<ServiceAnswer<'kv.list'>> {
      const from = readText(prefix, 'the prefix');
      const behind = after === undefined ? undefined : readText(after, 'the key to begin after');
      const keys = await store.list(namespace, from, behind);
      return { keys: keys.map((key) => Buffer.from(key).toString('utf8')) };
    },
    async 'kv.increment'({ key, by }: Argument): Promise<ServiceAnswer<'kv.increment'>> {
      const bytes = readKey(key);
      if (typeof by !== 'bigint' || !isS64(by)) throw invalid('the number to add must be an s64');
      const value = await store.increment(namespace, bytes, by, grant.maxBytes);
      if (value === 'number') throw invalid('what is stored is no number, or the sum would be none');
      if (typeof value === 'string') throw quota(value);
      return { value };
    },
  };
}

function readText(text: unknown, what: string): Uint8Array {
  if (typeof text !== 'string' || !text.isWellFormed()) throw invalid(`${what} must be a text`);
  // Before it is encoded: a text of gigabytes must not be.
  if (text.length > KEY_MAX_BYTES) throw invalid(`${what} has more than ${KEY_MAX_BYTES} bytes`);
  const bytes = Buffer.from(text);
  if (bytes.byteLength > KEY_MAX_BYTES) throw invalid(`${what} has more than ${KEY_MAX_BYTES} bytes`);
  return bytes;
}

function readKey(key: unknown): Uint8Array {
  const bytes = readText(key, 'the key');
  if (bytes.byteLength === 0) throw invalid('the key is empty');
  return bytes;
}
