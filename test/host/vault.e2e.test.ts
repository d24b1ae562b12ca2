/** The program with keys: what it seals over HTTP in real cells, its command line opens, and the reverse. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';
import { sharePreparations } from '../data-folder.ts';
import { type Program, startProgram } from './program.ts';

const KEY = '6b'.repeat(32);
const bytes = Buffer.from(Uint8Array.from({ length: 3_000_017 }, (_, i) => i % 251));
const headers = { 'x-tenant-id': 'acme', 'x-hotcell-context': 'orders' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotcell-sealed-'));
  await writeFile(join(folder, 'vault.keys'), `1 active ${KEY}\n`, { mode: 0o600 });
  await writeFile(join(folder, 'data'), bytes);
  await sharePreparations(at('hotcell-data'));
  // The program serves what is built; building is the launcher's.
  await builtAdapter('cipher');
});
afterAll(() => rm(folder, { recursive: true }));

const programs: Program[] = [];
afterEach(async () => {
  // Only a failed test leaves one: it must not outlive the run.
  for (const { child, ended } of programs.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

const at = (name: string): string => join(folder, name);

function start(...args: string[]): Program {
  const program = startProgram([...args, '--data', at('hotcell-data')]);
  programs.push(program);
  return program;
}

const command = async (...args: string[]): Promise<string> => {
  const program = start(...args, '--key-file', at('vault.keys'), '--context', 'orders', '--tenant', 'acme');
  const { code } = await program.ended;
  return `${code} ${program.stdout()}${program.stderr()}`;
};

it('streams go from HTTP to the command line and back, and no key is in what it says', async () => {
  const serve = start('serve', '--port', '0', '--vault-key-file', at('vault.keys'));
  const [, address] = await serve.said(/listens on (http:\S+)/);
  const post = async (what: string, body: Buffer) => {
    const reply = await request(`${address}/v1/vault/${what}`, { method: 'POST', body, headers });
    return { status: reply.statusCode, bytes: Buffer.from(await reply.body.arrayBuffer()) };
  };

  const sealed = await post('seal', bytes);
  expect(sealed.status).toBe(200);
  await writeFile(at('http.sealed'), sealed.bytes);
  expect(await command('open', at('http.sealed'))).toBe('0 ');
  expect((await readFile(at('http'))).equals(bytes)).toBe(true);

  expect(await command('seal', at('data'))).toBe('0 ');
  const opened = await post('open', await readFile(at('data.sealed')));
  expect([opened.status, opened.bytes.equals(bytes)]).toEqual([200, true]);

  const cut = await post('open', sealed.bytes.subarray(0, -1)).then(
    () => 'ended',
    () => 'cut',
  );
  expect(cut).toBe('cut');

  const scraped = await (await request(`${address}/metrics`)).body.text();
  const value = (series: string): number | undefined => {
    const line = scraped.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  expect(value('hotcell_vault_operations_total{operation="seal-stream",outcome="ok"}')).toBe(1);
  expect(value('hotcell_vault_operations_total{operation="open-stream",outcome="ok"}')).toBe(1);
  expect(
    value('hotcell_vault_operations_total{operation="open-stream",outcome="VAULT_AUTHENTICATION"}'),
  ).toBe(1);
  expect(value('hotcell_vault_input_bytes_total{operation="seal-stream"}')).toBe(bytes.length);
  expect(value('hotcell_vault_operation_seconds_count{operation="seal-stream"}')).toBe(1);
  expect(value('hotcell_vault_key_loads_total')).toBeGreaterThan(0);
  expect(value('hotcell_vault_active_key_seals')).toBe(1);
  expect(scraped).not.toContain('orders');

  serve.child.kill('SIGTERM');
  expect(await serve.ended).toEqual({ code: 0, signal: null });
  // The log is of what callers asked for, not of each run of a stream.
  expect(String(serve.stdout())).not.toMatch(/"tenant":"~vault","outcome":"ok"/);
  expect((serve.stdout() + serve.stderr()).toLowerCase()).not.toContain(KEY);
  expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
}, 60_000);

it('a host whose keys cannot be read does not start, and says why', async () => {
  const serve = start('serve', '--port', '0', '--vault-key-file', at('none.keys'));
  expect((await serve.ended).code).toBe(1);
  expect(serve.stderr()).toMatch(/VAULT_KEYS_UNREADABLE: /);
});
