/** Servers of subjects: started until they listen, ended with all that they started, refused with a reason. */

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { inputOf, referenceAnswer } from '../../../bench/suite/guests/work.ts';
import { post } from '../../../bench/suite/peer-http.ts';
import { type Server, serviceOf, startServer } from '../../../bench/suite/server.ts';
import type { Service, Subject } from '../../../bench/suite/subject.ts';
import { fastifySubject } from '../../../bench/suite/subjects/fastify.ts';
import { nativeSubjects } from '../../../bench/suite/subjects/native.ts';
import { plainSubject } from '../../../bench/suite/subjects/plain.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotcell-test-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function serviceFrom(program: string): Promise<Service> {
  const file = join(folder, 'server.mjs');
  await writeFile(file, program);
  return {
    command: process.execPath,
    args: [file],
    listens: /listens on (\d+)/,
    path: '/in',
    close() {},
  };
}

async function started(service: Service): Promise<Server> {
  const server = await startServer(service);
  if ('reason' in server) throw new Error(server.reason);
  return server;
}

const ECHO = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => request.pipe(response));
  server.listen(0, '127.0.0.1', () => console.log('listens on ' + server.address().port));`;

test('a server is asked where its service says', async () => {
  const server = await started(await serviceFrom(ECHO));
  expect(new URL(server.url).pathname).toBe('/in');
  expect([...(await post(server.url, Uint8Array.of(1, 2)))]).toEqual([1, 2]);
  await server.close();
  await expect(post(server.url, Uint8Array.of(1))).rejects.toThrow();
});

test('a server that ends before it listens is an error with what it said', async () => {
  const service = await serviceFrom("console.error('port is taken'); process.exit(3);");
  await expect(startServer(service)).rejects.toThrow(/ended \(3\) before it listened:.*port is taken/s);
});

test('a server that leaves others behind as it fails is an error, and they end', async () => {
  const service = await serviceFrom(`
    import { spawn } from 'node:child_process';
    const left = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    console.error('left ' + left.pid + ' behind');
    left.once('spawn', () => process.exit(4));`);
  const error = await startServer(service).then(
    () => new Error('it stands'),
    (reason: Error) => reason,
  );
  const [, pid] = /left (\d+) behind/.exec(error.message) ?? [];
  expect(error.message).toContain('ended (4) before it listened');
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
});

test('a program that is not there is an error', async () => {
  const service = { ...(await serviceFrom('')), command: join(folder, 'no-such-program') };
  await expect(startServer(service)).rejects.toThrow('ENOENT');
});

test('a server that refuses has its reason', async () => {
  const service = await serviceFrom("console.error('refused: no such guest');");
  expect(await startServer(service)).toEqual({ reason: 'no such guest' });
});

test('what a server started ends with it', async () => {
  const server = await started(
    await serviceFrom(`
      import { spawn } from 'node:child_process';
      const child = spawn(process.execPath, ['-e', \`${ECHO.replace(
        /import \{ (\w+) \} from '([\w:]+)';/,
        "const { $1 } = require('$2');",
      )}\`], { stdio: 'inherit' });
      process.on('SIGTERM', () => process.exit(0));`),
  );
  expect([...(await post(server.url, Uint8Array.of(5)))]).toEqual([5]);
  await server.close();
  expect(() => process.kill(-server.groupId, 0)).toThrow('ESRCH');
});

describe('calls behind Fastify', () => {
  test.each([
    ['plain WebAssembly', plainSubject, 'warm'],
    ['plain WebAssembly', plainSubject, 'cold'],
    ['no guest', fastifySubject, 'warm'],
  ] as const)('%s answers as the reference does (%#)', async (_name, subject, way) => {
    const service = await serviceOf(subject, 'transform-4KiB', way);
    if ('reason' in service) throw new Error(service.reason);
    const server = await started(service);
    const input = inputOf('transform-4KiB');
    const expected = Buffer.from(referenceAnswer('transform-4KiB', input));
    expect(expected.equals(await post(server.url, input))).toBe(true);
    await server.close();
  });

  test('a subject that cannot do a workload is no crash of its server', async () => {
    const service = await serviceOf(plainSubject, 'javascript-64B', 'warm');
    if ('reason' in service) throw new Error(service.reason);
    expect(await startServer(service)).toEqual({ reason: expect.stringContaining('no core module') });
  });
});

describe('a runtime on the PATH', () => {
  const native = (name: string): Subject => {
    const found = nativeSubjects().find((subject) => subject.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };

  test('that is not there is refused by name', async () => {
    vi.stubEnv('PATH', folder);
    for (const name of ['wasmtime', 'spin', 'wasmedge']) {
      expect(await native(name).serve?.('echo-64B', 'warm')).toEqual({
        reason: `${name} is not on the PATH`,
      });
    }
  });

  test('is named with its version and started with the component', async () => {
    const program = join(folder, 'wasmtime');
    await writeFile(
      program,
      `#!${process.execPath}
const { createServer } = require('node:http');
const { readFileSync } = require('node:fs');
const [verb, flag, address, component] = process.argv.slice(2);
if (verb === '--version') console.log('wasmtime 99.1.0 (abcdef 2026-01-01)');
else if (verb === 'serve' && flag === '--addr' && address === '127.0.0.1:0' && readFileSync(component)[0] === 0) {
  const server = createServer((request, response) => request.pipe(response));
  server.listen(0, '127.0.0.1', () =>
    console.error('Serving HTTP on http://127.0.0.1:' + server.address().port + '/'));
} else process.exit(2);
`,
    );
    await chmod(program, 0o755);
    vi.stubEnv('PATH', [folder, process.env.PATH].join(delimiter));
    const subject = native('wasmtime');
    expect(subject.row).toBe('wasmtime 99.1.0 serve');
    const service = await subject.serve?.('echo-64B', 'warm');
    if (service === undefined || 'reason' in service) throw new Error(service?.reason);
    const server = await started(service);
    const input = inputOf('echo-64B');
    expect([...(await post(server.url, input))]).toEqual([...input]);
    await server.close();
    await service.close();
  });
});
