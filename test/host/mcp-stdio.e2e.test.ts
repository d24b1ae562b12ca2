/** `hotcell mcp` as a program, spoken to by the SDK's own client: with a host of its own, and as a bridge to another. */

import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';
import { newDataFolder } from '../data-folder.ts';
import { startProgram } from './program.ts';
import { type Served, serveHost } from './served.ts';
import { callEveryTool } from './tool-examples.ts';

const MAIN = fileURLToPath(new URL('../../host/main.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await newDataFolder();
});
afterAll(() => rm(folder, { recursive: true }));

const clients: Client[] = [];
const serveds: Served[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const served of serveds.splice(0)) await served.close();
});

async function connect(...args: string[]): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, 'mcp', ...args],
    stderr: 'ignore',
  });
  await client.connect(transport as never);
  clients.push(client);
  return client;
}

const hello = { name: 'echo_echo', arguments: { text: 'hello' } };
const echoed = { content: [{ resource: { blob: Buffer.from('hello').toString('base64') } }] };

async function callAll(client: Client): Promise<readonly string[]> {
  const { tools } = await client.listTools();
  const names = tools.map(({ name }) => name);
  await callEveryTool(names, (tool) => client.callTool(tool));
  return names;
}

describe('hotcell mcp', () => {
  it('lists and calls every bundled adapter in its own process', async () => {
    const client = await connect('--data', folder);
    expect(await callAll(client)).toContain('echo_echo');
    expect(await client.callTool(hello)).toMatchObject(echoed);
    // It prepares every component of the bundle in a folder that is empty.
  }, 60_000);

  it('answers what is no message, and goes on; ends with its input after the last answer', async () => {
    const program = startProgram(['mcp', '--data', folder]);
    const call = { jsonrpc: '2.0', id: 0, method: 'tools/call', params: hello };
    program.child.stdin.end(`{"no": "message"}\n\n[nonsense\n${JSON.stringify(call)}`);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    const lines = String(program.stdout()).trim().split('\n');
    const answers = lines.map((line) => JSON.parse(line));
    expect(answers).toHaveLength(3);
    expect(answers).toContainEqual(
      expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32600 }) }),
    );
    expect(answers).toContainEqual(
      expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32700 }) }),
    );
    expect(answers.find(({ id }) => id === 0).result).toMatchObject(echoed);
  });

  it('refuses a tenant and an address that are none, before it starts anything', async () => {
    for (const flags of [
      ['--tenant', '../x'],
      ['--url', 'ftp://example.org'],
    ]) {
      const program = startProgram(['mcp', '--data', folder, ...flags]);
      program.child.stdin.end();
      expect((await program.ended).code).toBe(1);
      expect(program.stderr()).toMatch(/^CONFIG_INVALID/);
    }
  });
});

describe('hotcell mcp --url', () => {
  it('lists and calls every adapter of a running host, and passes on that tools changed', async () => {
    const served = await serveHost({ bundled: true });
    serveds.push(served);
    const client = await connect('--url', served.url);
    expect(await callAll(client)).toContain('echo_echo');
    let told = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      told++;
    });
    const { manifest, component } = await builtAdapter('faulty');
    await served.host.install(manifest, component);
    await expect.poll(() => told).toBe(1);
  });

  it('answers with an error while the host is away', async () => {
    const served = await serveHost({ bundled: true });
    const client = await connect('--url', served.url);
    expect(await client.callTool(hello)).toMatchObject(echoed);
    await served.close();
    await expect(client.callTool(hello)).rejects.toMatchObject({ code: -32000 });
  });

  it('goes on with a host that was restarted and knows no session, and says that the tools may be others', async () => {
    const before = await serveHost({ bundled: true });
    const client = await connect('--url', before.url);
    let told = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      told++;
    });
    await before.close();
    serveds.push(await serveHost({ bundled: true, port: Number(new URL(before.url).port) }));
    expect(await client.callTool(hello)).toMatchObject(echoed);
    expect(told).toBe(1);
  });
});
