/** Copybooks through the program: files on the command line and forms over HTTP, in real cells of real threads. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FormData, request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';
import { sharePreparations } from '../data-folder.ts';
import { type Program, startProgram } from './program.ts';

const COPYBOOK = `
       01  CUSTOMER.
           05  ID       PIC 9(8).
           05  NAME     PIC X(10).
           05  BALANCE  PIC S9(7)V99 COMP-3.
           05  VISITS   PIC S9(9) COMP.
`;
const RECORDS = 200_000;

/** Digits and upper-case letters of cp037. */
function ebcdic(text: string): Buffer {
  const code = (letter: number): number => {
    if (letter >= 0x30 && letter <= 0x39) return letter + 0xc0;
    if (letter >= 0x41 && letter <= 0x49) return letter + 0x80;
    return letter === 0x20 ? 0x40 : Number.NaN;
  };
  return Buffer.from(Array.from(text, (letter) => code(letter.charCodeAt(0))));
}

function record(index: number): Buffer {
  const cents = String((index * 7919) % 1_000_000_000).padStart(9, '0');
  const visits = Buffer.alloc(4);
  visits.writeInt32BE(-index);
  return Buffer.concat([
    ebcdic(String(index).padStart(8, '0')),
    ebcdic('ABC'.padEnd(10)),
    Buffer.from(`${cents}C`, 'hex'),
    visits,
  ]);
}

function row(index: number): string {
  const cents = String((index * 7919) % 1_000_000_000).padStart(3, '0');
  const balance = `${cents.slice(0, -2)}.${cents.slice(-2)}`;
  return `{"ID":${index},"NAME":"ABC","BALANCE":${balance},"VISITS":${index === 0 ? 0 : -index}}\n`;
}

const fixed = Buffer.concat(Array.from({ length: RECORDS }, (_, index) => record(index)));
const rows = Array.from({ length: RECORDS }, (_, index) => row(index)).join('');

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotcell-copybook-'));
  await writeFile(at('c.cpy'), COPYBOOK);
  await writeFile(at('c.bin'), fixed);
  await sharePreparations(at('hotcell-data'));
  // The program serves what is built; building is the launcher's.
  await builtAdapter('copybook');
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

const programs: Program[] = [];
afterEach(async () => {
  // Only a failed test leaves one: it must not outlive the run.
  for (const { child, ended } of programs.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

function start(...args: string[]): Program {
  const program = startProgram([...args, '--data', at('hotcell-data')]);
  programs.push(program);
  return program;
}

const command = async (...args: string[]): Promise<string> => {
  const program = start('copybook', ...args, '--executors', '2');
  const { code } = await program.ended;
  return `${code} ${program.stdout()}${program.stderr()}`;
};

it('a file becomes rows and the same file again, packed or with length words too', async () => {
  expect(await command('decode', at('c.cpy'), at('c.bin'), '--out', at('fixed.jsonl'))).toBe('0 ');
  expect((await readFile(at('fixed.jsonl'), 'utf8')) === rows).toBe(true);
  expect(await command('encode', at('c.cpy'), at('fixed.jsonl'), '--out', at('back.bin'))).toBe('0 ');
  expect((await readFile(at('back.bin'))).equals(fixed)).toBe(true);

  const words = ['--record-format', 'V'];
  expect(await command('encode', at('c.cpy'), at('fixed.jsonl'), '--out', at('c.v'), ...words)).toBe('0 ');
  await writeFile(at('c.v.gz'), gzipSync(await readFile(at('c.v'))));
  expect(await command('decode', at('c.cpy'), at('c.v.gz'), '--out', at('v.jsonl'), ...words)).toBe('0 ');
  expect((await readFile(at('v.jsonl'), 'utf8')) === rows).toBe(true);

  const asked = ['--rows', '2', '--fields', 'ID,VISITS', '--format', 'csv'];
  expect(await command('decode', at('c.cpy'), at('c.bin'), ...asked)).toBe('0 ID,VISITS\r\n0,0\r\n1,-1\r\n');
}, 120_000);

it('Arrow columns have every record, whatever pieces they were decoded in', async () => {
  const { tableFromIPC } = await import('apache-arrow');
  const arrow = ['--out', at('c.arrow'), '--format', 'arrow'];
  expect(await command('decode', at('c.cpy'), at('c.bin'), ...arrow)).toBe('0 ');
  const table = tableFromIPC(await readFile(at('c.arrow')));
  expect(table.numRows).toBe(RECORDS);
  const visits = table.getChild('VISITS');
  for (const index of [1, 77_777, RECORDS - 1]) expect(Number(visits?.get(index))).toBe(-index);
}, 60_000);

it('mistakes are shown where they are, in the copybook and in the data', async () => {
  await writeFile(at('bad.cpy'), '       01  R.\n           05  A  PIC X(3) WIBBLE.\n');
  const shown = await command('layout', at('bad.cpy'));
  expect(shown).toMatch(/^1 COPYBOOK_SYNTAX: line 2, column \d+: /);
  expect(shown).toContain('\n               05  A  PIC X(3) WIBBLE.\n');

  const broken = Buffer.from(fixed);
  broken[27 * 150_000 + 20] = 0xff;
  await writeFile(at('broken.bin'), broken);
  const said = await command('decode', at('c.cpy'), at('broken.bin'), '--out', at('broken.jsonl'));
  expect(said).toMatch(/^1 COPYBOOK_DATA: record 150000, offset \d+, field \S*BALANCE: /);
  await expect(readFile(at('broken.jsonl'))).rejects.toThrow('ENOENT');
}, 60_000);

it('a form over HTTP is answered as it comes, and ends cut where a record is broken', async () => {
  const serve = start('serve', '--port', '0');
  const [, address] = await serve.said(/listens on (http:\S+)/);
  const post = (what: string, data: Uint8Array | string) => {
    const body = new FormData();
    body.set('copybook', COPYBOOK);
    body.set('options', '{"codePage":"cp1047"}');
    body.set('data', new Blob([data as Uint8Array<ArrayBuffer>]), 'data');
    return request(`${address}/v1/copybook/${what}`, { method: 'POST', body });
  };
  const decoded = await post('decode', fixed);
  expect((await decoded.body.text()) === rows).toBe(true);
  const encoded = await post('encode', rows);
  expect(Buffer.from(await encoded.body.arrayBuffer()).equals(fixed)).toBe(true);

  const broken = Buffer.from(fixed);
  broken[27 * 150_000 + 20] = 0xff;
  const cut = await post('decode', broken);
  expect(cut.statusCode).toBe(200);
  await expect(cut.body.text()).rejects.toThrow();
  const metrics = await (await request(`${address}/metrics`)).body.text();
  expect(metrics).toContain(
    'hotcell_copybook_operations_total{operation="decode",outcome="COPYBOOK_DATA"} 1',
  );
  expect(metrics).toContain(`hotcell_copybook_records_total{operation="encode"} ${RECORDS}`);

  serve.child.kill('SIGTERM');
  expect(await serve.ended).toEqual({ code: 0, signal: null });
}, 60_000);
