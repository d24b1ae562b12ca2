/** `hotcell seal` and `hotcell open`: exact bytes, keys, and that an output file is whole or not there. */

import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openVault } from '../../host/cli/open-vault.ts';
import { progressText } from '../../host/cli/progress.ts';
import type { HostConfig } from '../../host/config.ts';
import type { AdapterDetail } from '../../host/types.ts';
import { createCells } from '../vault/cells.ts';
import { folder, stage, useFolders } from './stage.ts';

useFolders();

const KEYS = `1 active ${'5a'.repeat(32)}`;
const OTHER_KEYS = `1 active ${'5b'.repeat(32)}`;
const NATIVE = { HOTCELL_VAULT_BACKEND: 'native' };
const env = { ...NATIVE, HOTCELL_VAULT_KEYS: KEYS };
const CHUNK = 16 * 1024;
const bytesOf = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_, i) => i % 251));
const at = (name: string): string => join(folder, name);

/** A pipe of these bytes in pieces, and what came out of the other one. */
function pipes(bytes: Uint8Array) {
  const out: Buffer[] = [];
  return {
    stdin: (async function* () {
      for (let from = 0; from < bytes.length; from += 10_007) yield bytes.subarray(from, from + 10_007);
    })(),
    stdout: {
      write(chunk: string | Uint8Array, done?: () => void) {
        out.push(Buffer.from(chunk as Uint8Array));
        done?.();
      },
    },
    bytes: () => Buffer.concat(out),
  };
}

beforeEach(() => {
  writeFileSync(at('vault.keys'), `${KEYS}\n`, { mode: 0o600 });
});

test('in cells, bytes come back as they were, and each opens what the other sealed', async () => {
  const inCells = {
    openVault: (config: HostConfig) =>
      openVault(config, env, { ...createCells().host, adapter: () => detail }),
  };
  const detail = {} as AdapterDetail;
  const keys = { HOTCELL_VAULT_KEYS: KEYS };
  writeFileSync(at('data'), bytesOf(300_000));
  expect(await stage({ env: keys, ...inCells }).run('seal', 'data')).toBe(0);
  expect(await stage({ env: keys, ...inCells }).run('open', 'data.sealed', '--out', 'cells')).toBe(0);
  expect(await stage({ env }).run('open', 'data.sealed', '--out', 'native')).toBe(0);
  for (const name of ['cells', 'native']) {
    expect(readFileSync(at(name)).equals(bytesOf(300_000)), name).toBe(true);
  }
});

test('cells are refused at once where their adapter is not there', async () => {
  writeFileSync(at('data'), 'x');
  const { run, err, events } = stage({ env: { HOTCELL_VAULT_KEYS: KEYS } });
  expect(await run('seal', 'data')).toBe(1);
  expect(err()).toMatch(/^CONFIG_INVALID: .*--vault-backend native/);
  expect(events).toContain('host closed');
});

describe('through files', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1_000_003])(
    '%d bytes come back as they were',
    async (length) => {
      writeFileSync(at('data'), bytesOf(length));
      expect(await stage({ env: NATIVE }).run('seal', 'data', '--key-file', 'vault.keys')).toBe(0);
      const { run, out } = stage({ env: NATIVE });
      expect(await run('open', 'data.sealed', '--key-file', 'vault.keys', '--out', 'back')).toBe(0);
      expect(readFileSync(at('back')).equals(bytesOf(length))).toBe(true);
      const beginning = bytesOf(length).subarray(0, 64);
      expect(length >= 64 && readFileSync(at('data.sealed')).includes(beginning)).toBe(false);
      expect(out()).toBe('');
      expect(readdirSync(folder).sort()).toEqual(['back', 'data', 'data.sealed', 'vault.keys']);
    },
  );

  test('an opened file is for its owner alone', async () => {
    writeFileSync(at('data'), 'x');
    await stage({ env }).run('seal', 'data');
    await stage({ env }).run('open', 'data.sealed', '--out', 'back');
    expect(statSync(at('back')).mode & 0o077).toBe(0);
  });

  test('a file that is there stays as it is, unless it may be replaced', async () => {
    writeFileSync(at('data'), 'new');
    writeFileSync(at('data.sealed'), 'old');
    const { run, err } = stage({ env });
    expect(await run('seal', 'data')).toBe(1);
    expect(err()).toContain('CONFIG_INVALID: data.sealed exists: --force replaces it');
    expect(readFileSync(at('data.sealed'), 'utf8')).toBe('old');
    expect(await stage({ env }).run('seal', 'data', '--force')).toBe(0);
    expect(readFileSync(at('data.sealed'), 'utf8')).not.toBe('old');
  });
});

test('bytes pass through pipes as they were, and nothing else goes to standard output', async () => {
  const sealing = pipes(bytesOf(300_000));
  expect(await stage({ env, ...sealing }).run('seal', '-', '--context', 'pipe')).toBe(0);
  const opening = pipes(sealing.bytes());
  const { run, err } = stage({ env, ...opening });
  expect(await run('open', '-', '--context', 'pipe')).toBe(0);
  expect(opening.bytes().equals(bytesOf(300_000))).toBe(true);
  expect(err()).toBe('');
});

describe('an output file is not there', () => {
  const expectNoOutput = async (code: string, args: string[], environment: Record<string, string> = env) => {
    const { run, err } = stage({ env: environment });
    expect(await run('open', 'data.sealed', '--out', 'back', ...args)).toBe(1);
    expect(err()).toMatch(new RegExp(`^${code}: `));
    expect(readdirSync(folder).sort()).toEqual(['data', 'data.sealed', 'vault.keys']);
  };
  beforeEach(async () => {
    writeFileSync(at('data'), bytesOf(300_000));
    await stage({ env }).run('seal', 'data', '--context', 'orders');
  });

  test('after another key', () =>
    expectNoOutput('VAULT_AUTHENTICATION', ['--context', 'orders'], {
      ...env,
      HOTCELL_VAULT_KEYS: OTHER_KEYS,
    }));

  test('after another context', () => expectNoOutput('VAULT_AUTHENTICATION', ['--context', 'order']));

  test('after a stream of a tenant of the same name as the context', () =>
    expectNoOutput('VAULT_AUTHENTICATION', ['--tenant', 'orders']));

  test.each([1, 16, 17, CHUNK + 16, 250_000])('after a file that lost its last %d bytes', async (lost) => {
    truncateSync(at('data.sealed'), statSync(at('data.sealed')).size - lost);
    await expectNoOutput('VAULT_(AUTHENTICATION|TRUNCATED)', ['--context', 'orders']);
  });

  test('after a byte was changed in the last chunk, when most was authentic', async () => {
    const bytes = readFileSync(at('data.sealed'));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(at('data.sealed'), bytes);
    await expectNoOutput('VAULT_AUTHENTICATION', ['--context', 'orders']);
  });

  test('after a signal, however long the input is silent', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const silent = (async function* () {
      yield bytesOf(100);
      ask();
      await new Promise<never>(() => {});
    })();
    const { run, signal, err, events } = stage({ env, stdin: silent });
    const ended = run('seal', '-', '--out', 'back');
    await asked;
    signal('SIGINT');
    expect(await ended).toBe(1);
    expect(err()).toContain('VAULT_CLOSED: SIGINT');
    expect(existsSync(at('back'))).toBe(false);
    expect(readdirSync(folder).some((name) => name.endsWith('.partial'))).toBe(false);
    expect(events).toContain('exit 1');
  });
});

describe('what is missing is said before anything is done', () => {
  test.each([
    [['seal', 'data'], NATIVE, 'CONFIG_INVALID: no keys: give --key-file <file>'],
    [['seal', 'none'], env, 'CONFIG_INVALID: none cannot be read (ENOENT)'],
    [['open', 'data'], env, 'CONFIG_INVALID: data does not end in .sealed: name the output with --out'],
    [['seal', 'data', '--key-file', 'none'], NATIVE, 'VAULT_KEYS_UNREADABLE'],
    [['seal', 'data', '--context', 'x'.repeat(65)], env, 'VAULT_CONTEXT_TOO_LONG'],
    [['seal', 'data', '--out', 'no/such/folder'], env, 'no/such/folder cannot be written (ENOENT)'],
  ])('%j', async (args, environment, text) => {
    writeFileSync(at('data'), 'x');
    const { run, err, events } = stage({ env: environment });
    expect(await run(...args)).toBe(1);
    expect(err()).toContain(text);
    expect(events).not.toContain('host created');
    expect(readdirSync(folder).sort()).toEqual(['data', 'vault.keys']);
  });

  test('a key file that others may read is refused', async () => {
    writeFileSync(at('data'), 'x');
    chmodSync(at('vault.keys'), 0o644);
    const { run, err } = stage({ env: NATIVE });
    expect(await run('seal', 'data', '--key-file', 'vault.keys')).toBe(1);
    expect(err()).toContain('chmod 600');
  });

  test('sealed bytes do not go to a terminal', async () => {
    const { run, err } = stage({
      env,
      input: ['x'],
      stdout: { isTTY: true, write: () => expect.unreachable() },
    });
    expect(await run('seal', '-')).toBe(1);
    expect(err()).toContain('name a file with --out');
  });
});

describe('progress', () => {
  const terminal = () => {
    const lines: string[] = [];
    return { lines, stderr: { isTTY: true, write: (text: string) => lines.push(text) } };
  };

  test('is drawn over one line of a terminal, and left at its end', async () => {
    writeFileSync(at('data'), bytesOf(3 * 1024 * 1024));
    const { lines, stderr } = terminal();
    expect(await stage({ env, stderr }).run('seal', 'data')).toBe(0);
    expect(lines.slice(0, -1).every((line) => line.startsWith('\r') && line.endsWith('\u001b[K'))).toBe(true);
    expect(lines.at(-2)).toContain('100 %  3.0 of 3.0 MiB');
    expect(lines.at(-1)).toBe('\n');
  });

  test('is nothing where there is no terminal', async () => {
    writeFileSync(at('data'), bytesOf(100_000));
    const { run, err } = stage({ env });
    await run('seal', 'data');
    expect(err()).toBe('');
  });

  test.each([
    [0, 0, 0, '[########################] 100 %  0.0 of 0.0 MiB  – MB/s  ETA –'],
    [4 << 20, 8 << 20, 1000, '[############------------]  50 %  4.0 of 8.0 MiB  4.2 MB/s  ETA 0:01'],
    [1 << 20, 101 << 20, 1000, '[------------------------]   0 %  1.0 of 101.0 MiB  1.0 MB/s  ETA 1:40'],
    [
      1 << 20,
      8001 * 1024 * 1024,
      1000,
      '[------------------------]   0 %  1.0 of 8001.0 MiB  1.0 MB/s  ETA 2:13:20',
    ],
    [9 << 20, 8 << 20, 1000, '[########################] 100 %  9.0 of 8.0 MiB  9.4 MB/s  ETA 0:00'],
    [5 << 20, undefined, 1000, '5.0 MiB  5.2 MB/s'],
  ])('of %d bytes of %s after %d ms is one line', (done, total, elapsedMs, text) => {
    expect(progressText(done, total, elapsedMs)).toBe(text);
  });
});
