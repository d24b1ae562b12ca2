/** `hotcell seal` and `hotcell open`: files come back, what fails leaves nothing, and people see how far it is. */

import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createProgress } from '../../host/cli/progress.ts';
import { createFakeClock } from '../../host/clock.ts';
import { createVault } from '../../host/vault/vault.ts';
import { createCells } from '../vault/cells.ts';
import { repeating, rootKey } from '../vault/fixtures.ts';
import { folder, stage } from './stage.ts';

const keys = `1 active ${Buffer.from(rootKey(1)).toString('hex')}`;
const path = (name: string): string => join(folder, name);

beforeEach(() => {
  writeFileSync(path('keys'), keys);
  chmodSync(path('keys'), 0o600);
  writeFileSync(path('data.bin'), repeating(300_000));
});

describe.each([
  ['in cells', []],
  ['in this process', ['--native']],
])('%s', (where, flags) => {
  const cells = () => ({
    createVault: (options: Parameters<typeof createVault>[0]) =>
      createVault(where === 'in cells' ? { ...options, host: createCells().host } : options),
  });

  test('a file is sealed beside itself and comes back', async () => {
    const { run, err } = stage(cells());
    expect(await run('seal', 'data.bin', '--keys', 'keys', '--context', 'c', ...flags), err()).toBe(0);
    expect(statSync(path('data.bin.sealed')).size).toBe(300_000 + 56 + 16 * 19);
    expect(
      await run('open', 'data.bin.sealed', '--keys', 'keys', '--context', 'c', '--out', 'again', ...flags),
    ).toBe(0);
    expect(readFileSync(path('again')).equals(repeating(300_000))).toBe(true);
    expect(statSync(path('again')).mode & 0o777).toBe(0o600);
  });
});

test.each([
  ['another context', ['--context', 'other'], (sealed: Buffer) => sealed],
  [
    'a changed byte',
    [],
    (sealed: Buffer) => Buffer.from(sealed.map((byte, i) => (i === 200_000 ? byte ^ 1 : byte))),
  ],
  ['its end cut off', [], (sealed: Buffer) => sealed.subarray(0, 56 + 16_400 * 5)],
])('a file with %s does not open and leaves no file', async (_what, flags, change) => {
  const { run, err } = stage();
  await run('seal', 'data.bin', '--keys', 'keys', '--native', '--out', 'x.sealed');
  writeFileSync(path('x.sealed'), change(readFileSync(path('x.sealed'))));
  expect(await run('open', 'x.sealed', '--keys', 'keys', '--native', ...flags)).toBe(1);
  expect(err()).toMatch(/^VAULT_(AUTHENTICATION|TRUNCATED): /);
  expect(readdirSync(folder).sort()).toEqual(['data.bin', 'keys', 'x.sealed']);
});

test('keys come from the environment, and bytes go through pipes', async () => {
  const env = { HOTCELL_VAULT_KEYS: keys };
  const sealing = stage({ env, input: ['hello ', 'world'] });
  let sealed = Buffer.alloc(0);
  const stdout = {
    write(bytes: Uint8Array | string, done?: (error?: Error | null) => void) {
      sealed = Buffer.concat([sealed, Buffer.from(bytes)]);
      done?.();
      return true;
    },
  };
  const piped = stage({ env, input: ['hello ', 'world'], stdout });
  expect(await piped.run('seal', '-', '--native'), piped.err()).toBe(0);
  writeFileSync(path('p.sealed'), sealed);
  expect(await sealing.run('open', 'p.sealed', '--out', '-', '--native')).toBe(0);
  expect([sealing.out(), sealing.err()]).toEqual(['hello world', '']);
});

test.each([
  [['seal', 'data.bin', '--native'], /^VAULT_KEYS_UNREADABLE: .*HOTCELL_VAULT_KEYS/],
  [['seal', 'no-such', '--native', '--keys', 'keys'], /^CONFIG_INVALID: no-such cannot be read \(ENOENT\)/],
  [['open', 'data.bin', '--native', '--keys', 'keys'], /^CONFIG_INVALID: data.bin does not end in .sealed/],
  [
    ['seal', 'data.bin', '--native', '--keys', 'keys', '--out', 'no/x'],
    /^CONFIG_INVALID: no\/x cannot be written/,
  ],
])('%j says what is wrong', async (args, text) => {
  const { run, err } = stage();
  expect(await run(...args)).toBe(1);
  expect(err()).toMatch(text);
  expect(existsSync(path('data.bin.sealed'))).toBe(false);
});

test('on a terminal people see bytes, rate and the time that is left; elsewhere nothing', async () => {
  const clock = createFakeClock();
  const written: string[] = [];
  const sink = { isTTY: true, write: (text: string) => written.push(text) };
  const progress = createProgress({ sink, clock, totalBytes: 40_000_000 });
  progress.add(0);
  await clock.advance(1_000);
  progress.add(10_000_000);
  progress.add(1);
  expect(written.length).toBe(2);
  expect(written[1]).toContain('██████░░░░░░░░░░░░░░░░░░ 25 %  10.0 MB of 40.0 MB  10.0 MB/s  ETA 3 s');
  progress.end('sealed');
  expect(written[2]).toContain('sealed 10.0 MB  10.0 MB/s\n');

  const quiet = createProgress({ sink: { write: () => expect.unreachable() }, clock, totalBytes: 1 });
  quiet.add(1);
  quiet.end('sealed');
});
