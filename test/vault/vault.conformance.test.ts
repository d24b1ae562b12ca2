/** Both backends do the same, byte for byte and error for error: each claim here is held against both. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SealItem, Vault } from '../../host/vault/face.ts';
import {
  type BackendKind,
  collect,
  countingRandom,
  drain,
  openVault,
  pieces,
  repeating,
  testKeys,
} from './fixtures.ts';

const KIB = 1024;
const CHUNK = 16 * KIB;
const SEALED_CHUNK = CHUNK + 16;
const HEADER = 56;
const binding = { context: 'orders', associatedData: 'row 7' };

/** The code of the rejection, or of the result's absence. */
const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'resolved',
    (error: { code?: unknown }) => error.code ?? error,
  );

test('both backends give the same records, batches and streams for the same nonces', async () => {
  const run = async (backend: BackendKind): Promise<Uint8Array[]> => {
    await using vault = await openVault(backend, { randomBytes: countingRandom() });
    const items = [0, 1, 15, 16, 17, 300].map((length) => ({ plaintext: repeating(length), ...binding }));
    const batch = (await vault.sealBatch(items)).map((one) =>
      one.kind === 'ok' ? one.bytes : new Uint8Array(),
    );
    const single = await vault.seal(repeating(1000), binding);
    const long = await collect(vault.sealStream([repeating(3 * CHUNK + 5)], binding));
    const rewrapped = await vault.rewrap(single, binding);
    return [...batch, single, long, rewrapped, await vault.seal(repeating(5))];
  };
  expect(await run('cells')).toEqual(await run('native'));
});

describe.each(['cells', 'native'] as const)('records in %s', (backend) => {
  test.each([0, 1, 15, 16, 17, 4095, 65536, 100_003])('of %d bytes come back', async (length) => {
    await using vault = await openVault(backend);
    const plaintext = repeating(length);
    const record = await vault.seal(plaintext, binding);
    expect(record.length).toBe(length + 11 + 6 + 24 + 32 + 16);
    expect(Buffer.from(await vault.open(record, binding)).equals(plaintext)).toBe(true);
  });

  test('do not open when any bit is flipped, and never say more than that', async () => {
    await using vault = await openVault(backend);
    const record = await vault.seal(repeating(5), binding);
    const seenTexts = new Set<string>();
    for (let bit = 0; bit < record.length * 8; bit++) {
      const changed = record.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const error = await vault.open(changed, binding).then(
        () => expect.fail(`bit ${bit} was not noticed`),
        (thrown) => thrown,
      );
      const at = bit >> 3;
      // Magic, version, suite, key version and lengths are in the open and have errors of their own.
      if (at >= 11) {
        expect(error.code).toBe('VAULT_AUTHENTICATION');
        seenTexts.add(error.message);
      } else
        expect(error.code).toMatch(/^VAULT_(FORMAT|SUITE|KEY)_UNKNOWN$|^VAULT_(TRUNCATED|AUTHENTICATION)$/);
    }
    expect(seenTexts.size).toBe(1);
  });

  test('do not open when cut off anywhere, or longer', async () => {
    await using vault = await openVault(backend);
    const record = await vault.seal(repeating(20), binding);
    for (let length = 0; length < record.length; length++) {
      const expected = length < record.length - 20 ? 'VAULT_TRUNCATED' : 'VAULT_AUTHENTICATION';
      expect(await codeOf(vault.open(record.subarray(0, length), binding)), `${length}`).toBe(expected);
    }
    expect(await codeOf(vault.open(Buffer.concat([record, Uint8Array.of(0)]), binding))).toBe(
      'VAULT_AUTHENTICATION',
    );
  });

  test.each([
    ['another context', { ...binding, context: 'orderz' }],
    ['no context', { associatedData: 'row 7' }],
    ['other associated data', { ...binding, associatedData: 'row 8' }],
    ['no associated data', { context: 'orders' }],
    ['data moved from one field to the other', { context: 'ordersrow', associatedData: ' 7' }],
  ])('do not open with %s', async (_what, other) => {
    await using vault = await openVault(backend);
    const record = await vault.seal(repeating(20), binding);
    expect(await codeOf(vault.open(record, other))).toBe('VAULT_AUTHENTICATION');
  });

  test('do not open under another root key of the same version', async () => {
    await using vault = await openVault(backend);
    const other = { ...testKeys(), load: async () => repeating(32) };
    await using stranger = await openVault(backend, { keys: other });
    expect(await codeOf(stranger.open(await vault.seal(repeating(20)), {}))).toBe('VAULT_AUTHENTICATION');
  });

  test.each([
    ['another magic', 0, 0, 'VAULT_FORMAT_UNKNOWN'],
    ['another version', 4, 2, 'VAULT_FORMAT_UNKNOWN'],
    ['another suite', 5, 9, 'VAULT_SUITE_UNKNOWN'],
    ['an unknown version of the key', 9, 200, 'VAULT_KEY_UNKNOWN'],
  ])('with %s are refused by name', async (_what, at, value, code) => {
    await using vault = await openVault(backend);
    const record = await vault.seal(repeating(20), binding);
    record[at] = value;
    expect(await codeOf(vault.open(record, binding))).toBe(code);
  });

  test('and contexts have limits, which say so', async () => {
    await using vault = await openVault(backend);
    const seal = (length: number, options = {}) => codeOf(vault.seal(new Uint8Array(length), options));
    expect(await seal(1, { context: 'x'.repeat(64) })).toBe('resolved');
    expect(await seal(1, { context: 'x'.repeat(65) })).toBe('VAULT_CONTEXT_TOO_LONG');
    expect(await seal(1, { context: 'ä'.repeat(33) })).toBe('VAULT_CONTEXT_TOO_LONG');
    expect(await seal(1, { associatedData: new Uint8Array(16 * KIB) })).toBe('resolved');
    expect(await seal(1, { associatedData: new Uint8Array(16 * KIB + 1) })).toBe('VAULT_INPUT_TOO_LARGE');
    expect(await seal(8 * KIB * KIB + 1)).toBe('VAULT_INPUT_TOO_LARGE');
  });

  test('of the longest size are sealed, rewrapped and opened', async () => {
    await using vault = await openVault(backend);
    const plaintext = new Uint8Array(8 * KIB * KIB).fill(7);
    const record = await vault.rewrap(await vault.seal(plaintext, binding), binding);
    expect(Buffer.from(await vault.open(record, binding)).equals(plaintext)).toBe(true);
  });
});

describe.each(['cells', 'native'] as const)('batches in %s', (backend) => {
  const items: SealItem[] = Array.from({ length: 57 }, (_, i) => ({
    plaintext: repeating(i * 37),
    context: `context ${i % 5}`,
    associatedData: `row ${i}`,
  }));
  const sealed = async (vault: Vault): Promise<Uint8Array[]> =>
    (await vault.sealBatch(items)).map((one) =>
      one.kind === 'ok' ? one.bytes : expect.fail(one.error.code),
    );

  test('keep their order, whatever they are cut into', async () => {
    await using vault = await openVault(backend, { batchSize: 10 });
    const records = await sealed(vault);
    const opened = await vault.openBatch(records.map((record, i) => ({ ...items[i], record })));
    expect(opened.map((one) => one.kind === 'ok' && Buffer.from(one.bytes).toString('hex'))).toEqual(
      items.map(({ plaintext }) => Buffer.from(plaintext).toString('hex')),
    );
  });

  test('answer for each item, and one that fails does not end the others', async () => {
    await using vault = await openVault(backend, { batchSize: 10 });
    const records = await sealed(vault);
    (records[3] as Uint8Array)[90] = 0xff ^ ((records[3] as Uint8Array)[90] ?? 0);
    records[20] = new Uint8Array(7);
    const answers = await vault.openBatch(
      records.map((record, i) => ({ ...items[i], record, ...(i === 30 ? { context: 'x'.repeat(65) } : {}) })),
    );
    const failed = answers.flatMap((one, i) => (one.kind === 'error' ? [[i, one.error.code]] : []));
    expect(failed).toEqual([
      [3, 'VAULT_AUTHENTICATION'],
      [20, 'VAULT_FORMAT_UNKNOWN'],
      [30, 'VAULT_CONTEXT_TOO_LONG'],
    ]);
  });

  test('of nothing are nothing', async () => {
    await using vault = await openVault(backend);
    expect(await vault.sealBatch([])).toEqual([]);
    expect(await vault.openBatch([])).toEqual([]);
  });
});

describe.each(['cells', 'native'] as const)('streams in %s', (backend) => {
  const edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 3 * 64 * KIB];
  test.each(edges)('of %d bytes come back', async (length) => {
    await using vault = await openVault(backend);
    const plaintext = repeating(length);
    const sealed = await collect(vault.sealStream([plaintext], binding));
    expect(sealed.length).toBe(HEADER + length + 16 * (Math.floor(length / CHUNK) + 1));
    expect(Buffer.from(await collect(vault.openStream([sealed], binding))).equals(plaintext)).toBe(true);
  });

  test('of any length, in pieces of any size, come back', async () => {
    await using vault = await openVault(backend, { streamingBufferBytes: 2 * CHUNK });
    const length = fc.oneof(
      fc.nat({ max: 200_000 }),
      fc
        .tuple(fc.nat({ max: 9 }), fc.integer({ min: -2, max: 2 }))
        .map(([n, by]) => Math.max(0, n * CHUNK + by)),
    );
    const size = fc.oneof(fc.integer({ min: 1, max: 70_000 }), fc.constantFrom(CHUNK, SEALED_CHUNK, HEADER));
    await fc.assert(
      fc.asyncProperty(length, fc.array(size, { minLength: 1, maxLength: 4 }), async (total, sizes) => {
        const plaintext = repeating(total);
        const sealed = await collect(vault.sealStream(pieces(plaintext, ...sizes), binding));
        const opened = await collect(vault.openStream(pieces(sealed, ...sizes.toReversed()), binding));
        expect(Buffer.from(opened).equals(plaintext)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  const plaintext = repeating(5 * CHUNK + 100);
  const swap = (sealed: Uint8Array, a: number, b: number): Uint8Array => {
    const at = (n: number) => HEADER + n * SEALED_CHUNK;
    const changed = sealed.slice();
    changed.set(sealed.subarray(at(a), at(a) + SEALED_CHUNK), at(b));
    changed.set(sealed.subarray(at(b), at(b) + SEALED_CHUNK), at(a));
    return changed;
  };
  const changes: [string, (sealed: Uint8Array) => Uint8Array, string, number][] = [
    ['reordered', (sealed) => swap(sealed, 1, 3), 'VAULT_AUTHENTICATION', 1],
    [
      'doubled',
      (sealed) => Buffer.concat([sealed.subarray(0, HEADER + SEALED_CHUNK), sealed.subarray(HEADER)]),
      'VAULT_AUTHENTICATION',
      1,
    ],
    [
      'appended',
      (sealed) => Buffer.concat([sealed, new Uint8Array(SEALED_CHUNK)]),
      'VAULT_AUTHENTICATION',
      5,
    ],
    ['cut at a chunk', (sealed) => sealed.subarray(0, HEADER + 3 * SEALED_CHUNK), 'VAULT_TRUNCATED', 3],
    [
      'cut in a chunk',
      (sealed) => sealed.subarray(0, HEADER + 3 * SEALED_CHUNK + 99),
      'VAULT_AUTHENTICATION',
      3,
    ],
    ['cut in a tag', (sealed) => sealed.subarray(0, HEADER + 3 * SEALED_CHUNK + 9), 'VAULT_TRUNCATED', 3],
    ['cut in the header', (sealed) => sealed.subarray(0, HEADER - 1), 'VAULT_TRUNCATED', 0],
    ['empty', () => new Uint8Array(), 'VAULT_TRUNCATED', 0],
    [
      'changed in its salt',
      (sealed) => sealed.map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
      'VAULT_AUTHENTICATION',
      0,
    ],
    [
      'changed in its commitment',
      (sealed) => sealed.map((byte, i) => (i === 30 ? byte ^ 1 : byte)),
      'VAULT_AUTHENTICATION',
      0,
    ],
  ];
  test.each(changes)(
    'that are %s fail, after at most the chunks before',
    async (_what, change, code, goodChunks) => {
      await using vault = await openVault(backend, { streamingBufferBytes: CHUNK });
      const sealed = await collect(vault.sealStream([plaintext], binding));
      const { bytes, error } = await drain(vault.openStream([change(sealed)], binding));
      expect(error).toMatchObject({ code });
      expect(bytes.length).toBeLessThanOrEqual(goodChunks * CHUNK);
      expect(Buffer.from(bytes).equals(plaintext.subarray(0, bytes.length))).toBe(true);
    },
  );

  test('that are short do not open when any byte is changed or missing', async () => {
    await using vault = await openVault(backend);
    const sealed = await collect(vault.sealStream([repeating(5)], binding));
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.map((byte, i) => (i === at ? byte ^ (1 << (at & 7)) : byte));
      const flipped = await drain(vault.openStream([changed], binding));
      expect(flipped).toMatchObject({ bytes: { length: 0 }, error: { code: 'VAULT_AUTHENTICATION' } });
      const cut = await drain(vault.openStream([sealed.subarray(0, at)], binding));
      const code = at < HEADER + 16 ? 'VAULT_TRUNCATED' : 'VAULT_AUTHENTICATION';
      expect(cut, `cut at ${at}`).toMatchObject({ bytes: { length: 0 }, error: { code } });
    }
  });

  test('do not open with another context or other associated data', async () => {
    await using vault = await openVault(backend);
    const sealed = await collect(vault.sealStream([plaintext], binding));
    for (const other of [{ ...binding, context: 'x' }, { ...binding, associatedData: 'y' }, {}]) {
      const { bytes, error } = await drain(vault.openStream([sealed], other));
      expect(error).toMatchObject({ code: 'VAULT_AUTHENTICATION' });
      expect(bytes.length).toBe(0);
    }
  });

  test('that failed fail for ever', async () => {
    await using vault = await openVault(backend);
    const reader = vault.openStream([new Uint8Array(100)], binding).getReader();
    for (let n = 0; n < 3; n++) expect(await codeOf(reader.read())).toBe('VAULT_AUTHENTICATION');
  });
});
