/**
 * The key-value store in Redis, for hosts that share one or restart.
 *
 * A namespace is three keys with one hash tag, so that a cluster keeps them together: `…:v` a hash of values, `…:o` a sorted
 * set of the keys (all scores 0: Redis orders those by bytes), `…:b` the bytes counted. Every method is one script, and
 * Redis runs scripts one at a time: quota and counters hold across hosts. How much all of them store is Redis's own `maxmemory`,
 * which must be with `noeviction`: an evicted part of a namespace would leave its count wrong.
 * Source: Redis, EVAL, HINCRBY (s64 with overflow refused), ZRANGEBYLEX.
 */

import {
  decimal,
  ENTRIES_MAX_COUNT,
  ENTRY_BYTES,
  type KvStore,
  LIST_MAX_COUNT,
  StoreUnavailable,
} from './kv.ts';
import { createRedis, type RedisOptions } from './redis.ts';

/** KEYS: values, order, bytes. ARGV: key, then as each says. */
export const SCRIPTS = {
  get: `return redis.call('HGET', KEYS[1], ARGV[1])`,

  // ARGV[2] value, [3] quota, [4] bytes of an entry, [5] entries at most
  set: `local before = redis.call('HGET', KEYS[1], ARGV[1])
local growth = before and #ARGV[2] - #before or #ARGV[1] + #ARGV[2] + tonumber(ARGV[4])
local used = tonumber(redis.call('GET', KEYS[3]) or '0')
if growth > 0 and used + growth > tonumber(ARGV[3]) then return 'quota' end
if not before and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 'quota' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('SET', KEYS[3], string.format('%.0f', used + growth))
return 'stored'`,

  // ARGV[2] bytes of an entry
  delete: `local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('DEL', KEYS[3]) else
redis.call('DECRBY', KEYS[3], #ARGV[1] + #before + tonumber(ARGV[2])) end
return 1`,

  // ARGV[1] least, [2] most, in the notation of ZRANGEBYLEX; [3] at most
  list: `return redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])`,

  // ARGV[2] by, [3] quota, [4] bytes of an entry, [5] entries at most. The sum is read back as text: a number of Lua is a double.
  increment: `local before = redis.call('HGET', KEYS[1], ARGV[1])
local sum = redis.pcall('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
if type(sum) == 'table' and sum.err then
if string.find(sum.err, 'not an integer') or string.find(sum.err, 'overflow') then return 'number' end
return sum end
local text = redis.call('HGET', KEYS[1], ARGV[1])
local growth = before and #text - #before or #ARGV[1] + #text + tonumber(ARGV[4])
local used = tonumber(redis.call('GET', KEYS[3]) or '0')
local full = not before and redis.call('HLEN', KEYS[1]) > tonumber(ARGV[5])
if full or (growth > 0 and used + growth > tonumber(ARGV[3])) then
if before then redis.call('HSET', KEYS[1], ARGV[1], before) else redis.call('HDEL', KEYS[1], ARGV[1]) end
return 'quota' end
redis.call('ZADD', KEYS[2], 0, ARGV[1])
redis.call('SET', KEYS[3], string.format('%.0f', used + growth))
return text`,
} as const;

/** A store over the Redis of `url`. */
export function createRedisKv(options: RedisOptions): KvStore {
  const redis = createRedis(options);
  const run = (
    script: keyof typeof SCRIPTS,
    namespace: string,
    ...values: (string | number | Uint8Array)[]
  ): Promise<unknown> => {
    const keys = ['v', 'o', 'b'].map((part) => `hotcell:kv:{${namespace}}:${part}`);
    return redis.run(SCRIPTS[script], keys, values);
  };

  return {
    async get(namespace, key) {
      const reply = await run('get', namespace, key);
      if (reply === null) return undefined;
      // Its own bytes: the answer may be a view of all that arrived with it.
      if (reply instanceof Uint8Array) return new Uint8Array(reply);
      throw unexpected();
    },
    async set(namespace, key, value, maxBytes) {
      const reply = textOf(await run('set', namespace, key, value, maxBytes, ENTRY_BYTES, ENTRIES_MAX_COUNT));
      if (reply === 'stored' || reply === 'quota') return reply;
      throw unexpected();
    },
    async delete(namespace, key) {
      const reply = await run('delete', namespace, key, ENTRY_BYTES);
      if (reply === 0 || reply === 1) return reply === 1;
      throw unexpected();
    },
    async list(namespace, prefix, after) {
      const isBehind = after !== undefined && Buffer.compare(after, prefix) >= 0;
      const least = isBehind ? marked('(', after) : marked('[', prefix);
      // 0xff is in no UTF-8 text: above every key that begins with the prefix.
      const most = marked('(', Buffer.concat([prefix, Buffer.of(0xff)]));
      const reply = await run('list', namespace, least, most, LIST_MAX_COUNT);
      if (!Array.isArray(reply)) throw unexpected();
      return reply.map((key: unknown) => {
        if (key instanceof Uint8Array) return key;
        throw unexpected();
      });
    },
    async increment(namespace, key, by, maxBytes) {
      const reply = textOf(
        await run('increment', namespace, key, String(by), maxBytes, ENTRY_BYTES, ENTRIES_MAX_COUNT),
      );
      if (reply === 'number' || reply === 'quota') return reply;
      const sum = reply === undefined ? undefined : decimal(reply);
      if (sum === undefined) throw unexpected();
      return sum;
    },
    usedBytes: () => undefined,
    close: () => redis.close(),
  };
}

const marked = (mark: string, bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from(mark), bytes]);
const textOf = (reply: unknown): string | undefined =>
  reply instanceof Uint8Array ? Buffer.from(reply).toString('latin1') : undefined;
const unexpected = (): StoreUnavailable => new StoreUnavailable('the store gave an answer of another kind');
