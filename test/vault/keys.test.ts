/** Versions of the root key: what the list may say, what each state allows, budgets, rotation, and where keys come from. */

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { callbackKeys, environmentKeys, fileKeys } from '../../host/vault/key-providers.ts';
import { createKeyRing, type KeyVersion } from '../../host/vault/key-ring.ts';
import { openVault, repeating, rootKey, testKeys } from './fixtures.ts';

const hex = (version: number): string => Buffer.from(rootKey(version)).toString('hex');
const active = (version: number): KeyVersion => ({ version, state: 'active' });
const readable = (version: number): KeyVersion => ({ version, state: 'readable' });
const retired = (version: number): KeyVersion => ({ version, state: 'retired' });

describe('a list of versions', () => {
  test.each([
    ['that is empty', []],
    ['without an active one', [readable(1), retired(2)]],
    ['with two active ones', [active(1), active(2)]],
    ['with a version twice', [active(1), retired(1)]],
    ['with a version of more than 32 bits', [active(2 ** 32)]],
    ['with a negative count', [{ ...active(1), sealedCount: -1 }]],
    ['with a state nobody knows', [active(1), { version: 2, state: 'gone' as 'retired' }]],
    ['with more than a cell holds', [active(0), ...Array.from({ length: 16 }, (_, i) => readable(i + 1))]],
  ])('%s is refused', async (_what, listed) => {
    const keys = testKeys();
    keys.listed = listed;
    await expect(createKeyRing(keys).refresh()).rejects.toMatchObject({ code: 'VAULT_KEY_INVALID' });
  });

  test.each([0, 16, 31, 33, 64])('with a key of %d bytes is refused', async (length) => {
    const key = repeating(length);
    const keys = { ...testKeys(), load: async () => key };
    const error = await createKeyRing(keys)
      .refresh()
      .catch((thrown) => thrown);
    expect(error.code).toBe('VAULT_KEY_INVALID');
    expect(key.every((byte) => byte === 0)).toBe(true);
  });

  test('opens from the active version down to the oldest', async () => {
    const ring = createKeyRing(testKeys(readable(1), active(3), readable(7), retired(2)));
    await ring.refresh();
    expect(ring.readable).toEqual([3, 7, 1]);
    expect(() => ring.requireReadable(2)).toThrow('VAULT_KEY_RETIRED');
    expect(() => ring.requireReadable(9)).toThrow('VAULT_KEY_UNKNOWN');
  });
});

test('a version seals as often as it may and not once more', async () => {
  const keys = testKeys({ ...active(1), sealedCount: 5 }, readable(2));
  const ring = createKeyRing(keys, 8);
  await ring.refresh();
  expect([ring.spend(2), ring.spend(1)]).toEqual([1, 1]);
  expect(() => ring.spend(1)).toThrow('VAULT_BUDGET_SPENT');
  // Listed again with an older count, it has not forgotten what it sealed.
  await ring.refresh();
  expect(() => ring.spend(1)).toThrow('VAULT_BUDGET_SPENT');
  keys.listed = [readable(1), active(2)];
  expect(await ring.refresh()).toEqual({ active: 2, added: [], retired: [] });
  expect(ring.spend(8)).toBe(2);
  expect(ring.snapshot()).toEqual([
    { version: 1, state: 'readable', sealedCount: 8 },
    { version: 2, state: 'active', sealedCount: 8 },
  ]);
});

test('a provider that fails changes nothing, and its error does not come out', async () => {
  const keys = testKeys();
  const ring = createKeyRing(keys);
  await ring.refresh();
  keys.listed = [active(2), readable(1)];
  keys.load = async () => {
    throw new Error(`cannot open ${hex(2)}`);
  };
  const error = await ring.refresh().catch((thrown) => thrown);
  expect(error.code).toBe('VAULT_KEYS_UNREADABLE');
  expect(`${error.message}${error.detail}`).not.toContain(hex(2));
  expect(ring.active).toBe(1);
});

describe.each(['cells', 'native'] as const)('in %s', (backend) => {
  test('older versions open, records are rewrapped to the active one, retired ones are refused', async () => {
    const keys = testKeys(active(1));
    await using vault = await openVault(backend, { keys });
    const binding = { context: 'c', associatedData: 'd' };
    const old = await vault.seal(repeating(100), binding);
    keys.listed = [readable(1), active(2)];
    expect(await vault.rotate()).toEqual({ active: 2, added: [2], retired: [] });
    expect(await vault.open(old, binding)).toEqual(repeating(100));
    const anew = await vault.rewrap(old, binding);
    expect([Buffer.from(old).readUInt32BE(6), Buffer.from(anew).readUInt32BE(6)]).toEqual([1, 2]);
    keys.listed = [retired(1), active(2)];
    expect(await vault.rotate()).toEqual({ active: 2, added: [], retired: [1] });
    await expect(vault.open(old, binding)).rejects.toMatchObject({ code: 'VAULT_KEY_RETIRED' });
    await expect(vault.rewrap(old, binding)).rejects.toMatchObject({ code: 'VAULT_KEY_RETIRED' });
    expect(await vault.open(anew, binding)).toEqual(repeating(100));
  });

  test('a spent budget refuses records, items and streams, and says to rotate', async () => {
    await using vault = await openVault(backend, { sealsPerKeyMax: 3 });
    const record = await vault.seal(repeating(1));
    const results = await vault.sealBatch(Array.from({ length: 4 }, () => ({ plaintext: repeating(1) })));
    expect(results.map((one) => (one.kind === 'ok' ? 'ok' : one.error.code))).toEqual([
      'ok',
      'ok',
      'VAULT_BUDGET_SPENT',
      'VAULT_BUDGET_SPENT',
    ]);
    const reader = vault.sealStream([repeating(1)]).getReader();
    await expect(reader.read()).rejects.toMatchObject({ code: 'VAULT_BUDGET_SPENT' });
    expect(await vault.open(record)).toEqual(repeating(1));
  });

  test('every array with a root key is wiped after use', async () => {
    const keys = testKeys();
    await using vault = await openVault(backend, { keys });
    for (const context of ['a', 'b', 'c'])
      await vault.open(await vault.seal(repeating(9), { context }), { context });
    expect(keys.given.length).toBeGreaterThan(1);
    expect(keys.given.every((key) => key.every((byte) => byte === 0))).toBe(true);
  });
});

describe('keys from text', () => {
  const text = `# keys\n1 readable ${hex(1)}\r\n\n  3   active\t${hex(3).toUpperCase()} # now\n2 retired\n`;
  const fromFile = async (content: string, mode = 0o600) => {
    const folder = await mkdtemp(join(tmpdir(), 'hotcell-keys-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'keys'), content);
    await chmod(join(folder, 'keys'), mode);
    return fileKeys(join(folder, 'keys'));
  };

  test('of a file, of a variable and of functions are the same', async () => {
    const file = await fromFile(text);
    const variable = environmentKeys('KEYS', { KEYS: text.replaceAll('\n', ';') });
    for (const keys of [file, variable, callbackKeys(file)]) {
      expect(await keys.versions()).toEqual([readable(1), active(3), retired(2)]);
      expect(await keys.load(3)).toEqual(rootKey(3));
      expect(await keys.load(1)).toEqual(rootKey(1));
    }
  });

  test.each([
    ['a digit that is none', `1 active ${hex(1).slice(1)}g`],
    ['a key too short', `1 active ${hex(1).slice(2)}`],
    ['a key too long', `1 active ${hex(1)}00`],
    ['no key', '1 active'],
    ['no version', `active ${hex(1)}`],
    ['another state', `1 gone ${hex(1)}`],
    ['a word too many', `1 active ${hex(1)} x`],
  ])('with %s are refused, and the text is not repeated', async (_what, content) => {
    const ring = createKeyRing(await fromFile(content));
    const error = await ring.refresh().catch((thrown) => thrown);
    expect(error.code).toBe('VAULT_KEY_INVALID');
    expect(error.message).not.toContain(hex(1).slice(2, 10));
  });

  test('that others may read, are not there, or not set, are not read', async (context) => {
    const missing = [fileKeys('/nowhere/at/all'), environmentKeys('KEYS', {})];
    for (const keys of missing) {
      await expect(createKeyRing(keys).refresh()).rejects.toMatchObject({ code: 'VAULT_KEYS_UNREADABLE' });
    }
    if (process.platform === 'win32') return context.skip('no such file modes on this system');
    const open = await fromFile(text, 0o644);
    await expect(open.versions()).rejects.toMatchObject({ code: 'VAULT_KEYS_UNREADABLE' });
  });
});
