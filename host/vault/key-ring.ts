/**
 * The versions of the root key: which one seals, which ones still open, which ones are over, and how much each has sealed.
 *
 * The provider says what there is; the ring holds numbers and states, never key bytes. A version may seal so often and no
 * more: the count is of this process, and begins with what the provider says was sealed before.
 */

import { HostError } from '../errors.ts';

/** `active` seals and opens, `readable` opens, `retired` does nothing. */
export type KeyState = 'active' | 'readable' | 'retired';

export interface KeyVersion {
  /** 0 … 2^32 - 1, and never used for another key. */
  readonly version: number;
  readonly state: KeyState;
  /** Records and streams sealed before this process; 0 when left out. */
  readonly sealedCount?: number;
}

export interface KeyVersionSnapshot {
  readonly version: number;
  readonly state: KeyState;
  readonly sealedCount: number;
}

/** Where root keys come from. Asked again for each cell that needs a key: nobody else keeps them. */
export interface KeyProvider {
  /** Every version that there is or was; exactly one is active. */
  versions(): Promise<readonly KeyVersion[]>;
  /** 32 bytes in an array that the caller wipes. */
  load(version: number): Promise<Uint8Array>;
}

export interface Rotation {
  readonly active: number;
  readonly added: readonly number[];
  /** Versions that opened before and do no longer. */
  readonly retired: readonly number[];
}

export interface KeyRing {
  readonly active: number;
  /** Versions that open, the active one first, then from the newest to the oldest. */
  readonly readable: readonly number[];
  /** Counts so many seals of the active version and gives it. Throws VAULT_BUDGET_SPENT — nothing is counted then. */
  spend(count: number): number;
  /** Throws VAULT_KEY_UNKNOWN, VAULT_KEY_RETIRED — the version does not open. */
  requireReadable(version: number): void;
  /** Takes what the provider says now. Throws VAULT_KEY_INVALID, VAULT_KEYS_UNREADABLE — nothing has changed then. */
  refresh(): Promise<Rotation>;
  /**
   * A key's bytes, for a cell; the caller wipes them. Throws VAULT_KEYS_UNREADABLE, VAULT_KEY_INVALID, VAULT_KEY_UNKNOWN,
   * VAULT_KEY_RETIRED.
   */
  load(version: number): Promise<Uint8Array>;
  snapshot(): readonly KeyVersionSnapshot[];
}

export const ROOT_KEY_BYTES = 32;
/**
 * Seals under one version of the root key. Source: C2SP chunked-encryption.md, limits: 2^45 messages of up to 1 GiB under
 * one key. XAES-256-GCM, of the records, would allow 2^80 (C2SP XAES-256-GCM.md).
 */
export const SEALS_PER_KEY_MAX_COUNT = 2 ** 45;
/** As many as a cell holds. */
export const READABLE_MAX_COUNT = 16;
const VERSION_MAX = 0xffff_ffff;

/** A ring that knows nothing before its first `refresh`. */
export function createKeyRing(provider: KeyProvider, sealsMaxCount = SEALS_PER_KEY_MAX_COUNT): KeyRing {
  let versions = new Map<number, { readonly state: KeyState; sealedCount: number }>();
  let active = -1;
  let readable: readonly number[] = [];

  const requireReadable = (version: number): void => {
    const state = versions.get(version)?.state;
    if (state === undefined)
      throw new HostError('VAULT_KEY_UNKNOWN', `there is no version ${version} of the key`);
    if (state === 'retired')
      throw new HostError('VAULT_KEY_RETIRED', `version ${version} of the key is retired`);
  };
  const fetchKey = async (version: number): Promise<Uint8Array> => {
    const key = await fromProvider(() => provider.load(version));
    if (key instanceof Uint8Array && key.length === ROOT_KEY_BYTES) return key;
    if (key instanceof Uint8Array) key.fill(0);
    throw new HostError('VAULT_KEY_INVALID', `version ${version} of the key is not ${ROOT_KEY_BYTES} bytes`);
  };

  return {
    get active() {
      return active;
    },
    get readable() {
      return readable;
    },
    spend(count) {
      const entry = versions.get(active);
      if (entry === undefined || entry.sealedCount + count > sealsMaxCount) {
        const detail = `version ${active} of the key has sealed ${entry?.sealedCount} of ${sealsMaxCount} times: rotate to a new one`;
        throw new HostError('VAULT_BUDGET_SPENT', detail);
      }
      entry.sealedCount += count;
      return active;
    },
    requireReadable,
    async refresh() {
      const listed = await fromProvider(() => provider.versions());
      checkVersions(listed);
      const next = new Map(
        listed.map(({ version, state, sealedCount = 0 }) => {
          const counted = versions.get(version)?.sealedCount ?? 0;
          return [version, { state, sealedCount: Math.max(sealedCount, counted) }] as const;
        }),
      );
      const opens = listed.filter(({ state }) => state !== 'retired').map(({ version }) => version);
      // A key that cannot be had is found now, not when the first cell needs it.
      for (const version of opens) (await fetchKey(version)).fill(0);
      const before = readable;
      versions = next;
      active = listed.find(({ state }) => state === 'active')?.version ?? -1;
      const older = opens.filter((version) => version !== active).sort((a, b) => b - a);
      readable = [active, ...older];
      return {
        active,
        added: readable.filter((version) => !before.includes(version)),
        retired: before.filter((version) => !readable.includes(version)),
      };
    },
    async load(version) {
      // An operation that began before its version was retired must not bring it back.
      requireReadable(version);
      return fetchKey(version);
    },
    snapshot: () => [...versions].map(([version, entry]) => ({ version, ...entry })),
  };
}

function checkVersions(listed: readonly KeyVersion[]): void {
  const seen = new Set<number>();
  let activeCount = 0;
  let readableCount = 0;
  for (const { version, state, sealedCount = 0 } of listed) {
    const isNumber = Number.isInteger(version) && version >= 0 && version <= VERSION_MAX;
    if (!isNumber || !Number.isSafeInteger(sealedCount) || sealedCount < 0) {
      throw new HostError(
        'VAULT_KEY_INVALID',
        'versions are whole numbers of 32 bits, counts are not negative',
      );
    }
    if (state !== 'active' && state !== 'readable' && state !== 'retired') {
      throw new HostError('VAULT_KEY_INVALID', 'a version is active, readable or retired');
    }
    if (seen.has(version)) throw new HostError('VAULT_KEY_INVALID', `version ${version} is listed twice`);
    seen.add(version);
    if (state === 'active') activeCount++;
    if (state !== 'retired') readableCount++;
  }
  if (activeCount !== 1) {
    throw new HostError('VAULT_KEY_INVALID', `exactly one version is active, not ${activeCount}`);
  }
  if (readableCount > READABLE_MAX_COUNT) {
    const detail = `at most ${READABLE_MAX_COUNT} versions open at a time, not ${readableCount}: rewrap and retire the oldest`;
    throw new HostError('VAULT_KEY_INVALID', detail);
  }
}

/** The detail says nothing of what the provider said: it may hold a path or a key. */
async function fromProvider<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('VAULT_KEYS_UNREADABLE', 'the provider of the keys failed; the log has the cause', {
      cause: error,
    });
  }
}
