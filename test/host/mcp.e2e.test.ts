/** The Model Context Protocol over real HTTP, spoken by the SDK's own client. */

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { builtAdapter } from '../built-adapters.ts';
import { type Served, serveHost } from './served.ts';
import { callEveryTool } from './tool-examples.ts';
import { ORDER, SHOP_WIT, shopComponent, typedManifest } from './typed-tools.ts';

let served: Served;
let shop: Uint8Array;
beforeAll(async () => {
  served = await serveHost({ bundled: true });
  shop = await shopComponent();
});
afterAll(() => served.close());

const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

interface Connected {
  readonly client: Client;
  readonly transport: StreamableHTTPClientTransport;
  readonly errors: Error[];
}

const connect = async (headers: Record<string, string> = {}): Promise<Connected> => {
  const client = new Client({ name: 'test', version: '1' });
  const errors: Error[] = [];
  const transport = new StreamableHTTPClientTransport(new URL(`${served.url}/mcp`), {
    requestInit: { headers },
  });
  client.onerror = (error) => errors.push(error);
  await client.connect(transport as never);
  clients.push(client);
  return { client, transport, errors };
};

const post = (
  headers: Record<string, string>,
  body: unknown = { jsonrpc: '2.0', id: 1, method: 'tools/list' },
) => served.call('/mcp', JSON.stringify(body), { 'content-type': 'application/json', ...headers });

const textOrBlob = (result: unknown): string => {
  const [block] = (result as { content: { text?: string; resource?: { blob: string } }[] }).content;
  return block?.text ?? Buffer.from(block?.resource?.blob ?? '', 'base64').toString();
};

const textOf = (result: unknown): string =>
  (result as { content: { text: string }[] }).content.map(({ text }) => text).join('\n');

describe('tools', () => {
  it('are the operations of every bundled adapter, each of which can be called', async () => {
    const { client, errors } = await connect();
    const { tools } = await client.listTools();
    const expected = served.host
      .adapters()
      .flatMap(({ name, operations }) => operations.map((operation) => `${name}_${operation}`));
    expect(tools.map(({ name }) => name)).toEqual(expected.sort());
    const names = tools.map(({ name }) => name);
    const typed = await callEveryTool(names, (tool) => client.callTool(tool));
    expect(typed).toEqual(expect.arrayContaining(['json-query_query', 'template_render', 'text-tools_hash']));
    for (const { name, inputSchema, outputSchema, description } of tools) {
      if (!typed.includes(name)) continue;
      expect(inputSchema, name).toMatchObject({ type: 'object', required: expect.any(Array) });
      expect(outputSchema, name).toMatchObject({ type: 'object' });
      expect(description?.length, name).toBeGreaterThan(40);
    }
    expect(errors).toEqual([]);
  });

  it('of the bytes world take text or base64 and give content', async () => {
    const { client } = await connect();
    const echo = async (given: Record<string, unknown>) =>
      await client.callTool({ name: 'echo_echo', arguments: given });
    const said = await echo({ payload: Buffer.from([0, 255, 1]).toString('base64') });
    expect(said.content).toEqual([
      {
        type: 'resource',
        resource: expect.objectContaining({ mimeType: 'application/octet-stream', blob: 'AP8B' }),
      },
    ]);
    expect(await echo({})).toMatchObject({ content: [{ resource: { blob: '' } }] });
    const refused = await echo({ text: 1, payload: '@', more: true });
    expect(refused).toMatchObject({
      isError: true,
      _meta: { 'hotcell/problem': { code: 'ADAPTER_BAD_INPUT', retryable: false } },
    });
    expect(textOf(refused)).toContain('/more: is not known');
  });

  it('of a typed world take and give data that the client holds against the schemas', async () => {
    await served.host.install(typedManifest('shop', shop, { wit: SHOP_WIT }), shop);
    const { client, errors } = await connect();
    const { tools } = await client.listTools();
    const place = tools.find(({ name }) => name === 'shop_place');
    expect(place).toMatchObject({ inputSchema: { type: 'object', required: ['order'] } });
    const call = async (name: string, given: Record<string, unknown>) =>
      await client.callTool({ name, arguments: given });
    expect(await call('shop_mirror', { order: ORDER })).toMatchObject({ structuredContent: ORDER });
    expect(await call('shop_add', { a: '9223372036854775806', b: 1 })).toMatchObject({
      structuredContent: { result: '9223372036854775807' },
    });
    expect(await call('shop_greet', { name: 'Ada' })).toMatchObject({
      content: [{ type: 'text', text: 'Hello, Ada' }],
      structuredContent: { result: 'Hello, Ada' },
    });
    expect(errors).toEqual([]);
  });

  it('of a typed world say what is wrong, with pointers, and what the operation itself said', async () => {
    const { client } = await connect();
    const wrong = await client.callTool({ name: 'shop_add', arguments: { a: 1.5 } });
    expect(wrong).toMatchObject({
      isError: true,
      _meta: { 'hotcell/problem': { code: 'ADAPTER_BAD_INPUT' } },
    });
    expect(textOf(wrong)).toContain('/a: ');
    const failed = await client.callTool({
      name: 'shop_place',
      arguments: { order: { ...ORDER, items: [] } },
    });
    expect(failed).toMatchObject({
      isError: true,
      _meta: { 'hotcell/problem': { code: 'ADAPTER_FAILED', failure: { tag: 'closed' } } },
    });
    const crashed = await client.callTool({ name: 'shop_crash', arguments: {} });
    expect(crashed).toMatchObject({ isError: true, _meta: { 'hotcell/problem': { code: 'EXECUTOR_TRAP' } } });
  });

  it('that are not there are an error of the protocol', async () => {
    const { client } = await connect();
    await expect(client.callTool({ name: 'nothing_here', arguments: {} })).rejects.toMatchObject({
      code: -32602,
    });
  });
});

describe('a session', () => {
  it('is told when an adapter comes and when it goes', async () => {
    const { client } = await connect();
    let told = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      told++;
    });
    const names = async (): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name);
    await served.host.install(typedManifest('other', shop, { wit: SHOP_WIT }), shop);
    await expect.poll(() => told).toBe(1);
    expect(await names()).toContain('other_greet');
    await served.host.remove('other');
    await expect.poll(() => told).toBe(2);
    expect(await names()).not.toContain('other_greet');
  });

  it('that its client ends is not there any more', async () => {
    const { transport } = await connect();
    const session = transport.sessionId as string;
    await transport.terminateSession();
    expect((await post({ 'mcp-session-id': session })).code).toBe('HTTP_SESSION_UNKNOWN');
  });
});

describe('a guest that runs on and on', () => {
  /** Longer than the test may take: what ends before was given up. */
  const LONG_MS = 600_000;
  const LOOP = { name: 'faulty_loop', arguments: {} };
  const running = (): number | undefined =>
    served.host.snapshot().pools.find(({ adapter }) => adapter === 'faulty')?.leased;
  beforeAll(async () => {
    const { manifest, component } = await builtAdapter('faulty');
    const limits = { ...(manifest.limits as object), timeoutMs: LONG_MS };
    const operations = { loop: {} };
    await served.host.install({ ...manifest, limits, operations }, component);
  });

  it('is stopped when its client cancels the call', async () => {
    const { client, errors } = await connect();
    const giving = new AbortController();
    const call = client.callTool(LOOP, undefined, { signal: giving.signal, timeout: LONG_MS });
    await expect.poll(running).toBe(1);
    giving.abort('enough');
    await expect(call).rejects.toThrow('enough');
    await expect.poll(running).toBe(0);
    await client.ping();
    expect(errors).toEqual([]);
  });

  it('is stopped when its client is gone', async () => {
    const { transport, client } = await connect();
    client.callTool(LOOP, undefined, { timeout: LONG_MS }).catch(() => {});
    await expect.poll(running).toBe(1);
    await transport.close();
    await expect.poll(running).toBe(0);
  });

  it('is stopped at the deadline that its call names', async () => {
    const { client } = await connect();
    const result = await client.callTool({ ...LOOP, _meta: { 'hotcell/timeoutMs': 50 } });
    expect(result).toMatchObject({
      isError: true,
      _meta: { 'hotcell/problem': { code: 'EXECUTOR_DEADLINE' } },
    });
  });
});

describe('two tenants', () => {
  it('have each their own cell and their own session', async () => {
    const { manifest, component } = await builtAdapter('faulty');
    const manifestOfCounter = { ...manifest, name: 'counter' };
    await served.host.install(manifestOfCounter, component);
    const count = async ({ client }: Connected) =>
      textOrBlob(await client.callTool({ name: 'counter_count', arguments: {} }));
    const a = await connect({ 'X-Tenant-Id': 'a' });
    const b = await connect({ 'X-Tenant-Id': 'b' });
    expect([await count(a), await count(a), await count(b)]).toEqual(['1', '2', '1']);
    const stolen = { 'mcp-session-id': a.transport.sessionId as string };
    expect((await post({ ...stolen, 'X-Tenant-Id': 'b' })).code).toBe('HTTP_SESSION_UNKNOWN');
    expect((await post({ ...stolen, 'X-Tenant-Id': 'a' })).status).toBe(200);
  });
});
