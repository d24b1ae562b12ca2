/** The program as its operator meets it: a process with arguments, streams, signals and an exit code. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';
import { sharePreparations } from '../data-folder.ts';
import { type Program, startProgram } from './program.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotcell-program-'));
  await sharePreparations(join(folder, 'data'));
  // The program serves what is built; building is the launcher's.
  await builtAdapter('echo');
});
afterAll(() => rm(folder, { recursive: true }));

const programs: Program[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  // Only a failed test leaves one: it must not outlive the run.
  for (const { child, ended } of programs.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});

function start(...args: string[]): Program {
  const program = startProgram([...args, '--data', join(folder, 'data'), '--executors', '1']);
  programs.push(program);
  return program;
}

/** A bare connection that is written to piece by piece. */
function open(address: URL) {
  const socket = connect(Number(address.port), address.hostname);
  sockets.push(socket);
  socket.setNoDelay(true);
  let text = '';
  const waiting = new Set<() => void>();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (const tell of waiting) tell();
  });
  const closed = new Promise<string>((resolve, reject) => {
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
  const read = (part: string) =>
    new Promise<void>((resolve, reject) => {
      const tell = (): void => {
        if (!text.includes(part)) return;
        waiting.delete(tell);
        resolve();
      };
      waiting.add(tell);
      closed.then(() => reject(new Error(`closed without ${part}: ${text}`)), reject);
      tell();
    });
  return { write: (piece: string) => socket.write(piece), read, closed };
}

const lines = (program: Program): Record<string, unknown>[] =>
  program
    .stdout()
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('hotcell serve', () => {
  it('at the first SIGTERM is no longer ready, answers the call in flight, logs it and ends with 0', async () => {
    const program = start('serve', '--port', '0');
    const [, url] = await program.said(/listens on (http:\S+)/);
    const address = new URL(url ?? '');
    const host = `Host: ${address.host}\r\n`;

    const call = open(address);
    call.write(
      `POST /v1/adapters/echo/upper HTTP/1.1\r\n${host}X-Request-Id: slow-call\r\nContent-Length: 6\r\n`,
    );
    call.write('Expect: 100-continue\r\n\r\n');
    await call.read('100 Continue');
    call.write('abc');

    const probe = open(address);
    probe.write(`GET /health/ready HTTP/1.1\r\n${host}\r\n`);
    await probe.read('{"state":"ready"}');
    probe.write(`GET /health/ready HTTP/1.1\r\n${host}`);
    // Whoever is answered now was read after what the probe has sent so far.
    const other = open(address);
    other.write(`GET /health/live HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect(await other.closed).toContain('200 OK');

    program.child.kill('SIGTERM');
    await program.said(/SIGTERM: answering the calls in flight/);
    probe.write('\r\n');
    expect(await probe.closed).toMatch(/503 Service Unavailable.*"state":"draining"/s);
    call.write('def');
    expect(await call.closed).toMatch(/HTTP\/1\.1 200 OK.*\r\n\r\nABCDEF$/s);

    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(lines(program)).toContainEqual(
      expect.objectContaining({ msg: 'invoke', requestId: 'slow-call', operation: 'upper', outcome: 'ok' }),
    );
  });
});

describe('hotcell invoke', () => {
  it('prints the bytes of the result and nothing else', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
    const file = join(folder, 'in.bin');
    await writeFile(file, bytes);
    const program = start('invoke', 'echo', 'upper', '--in', file);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    const upper = bytes.map((byte) => (byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte));
    expect(program.stdout().equals(upper)).toBe(true);
  });

  it('reads its input from a pipe', async () => {
    const program = start('invoke', 'echo', 'upper');
    program.child.stdin.end('aé\n');
    expect(await program.ended).toEqual({ code: 0, signal: null });
    expect(program.stdout().toString()).toBe('Aé\n');
  });

  it('of an adapter that is not there says the code on stderr and ends with 1', async () => {
    const program = start('invoke', 'no-such-adapter', 'upper');
    program.child.stdin.end();
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.stderr()).toContain('REGISTRY_NOT_FOUND: ');
    expect(program.stdout()).toHaveLength(0);
  });
});
