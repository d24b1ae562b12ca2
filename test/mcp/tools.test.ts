import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { describe, expect, it, vi } from 'vitest';
import type { Mcp, McpConnection } from '../../host/mcp/face.ts';
import { createMcp } from '../../host/mcp/mcp.ts';
import type { AdapterDetail, OperationSpec } from '../../host/types.ts';
import { adapterDetail, createFakeHost, type FakeHost } from '../http/fake-host.ts';

interface Listed {
  readonly name: string;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly outputSchema?: unknown;
}

const open = (fake: FakeHost): { readonly mcp: Mcp; readonly connection: McpConnection } => {
  const mcp = createMcp({ host: fake.host, version: '1' });
  return { mcp, connection: mcp.open({ tenant: 'public', onMessage: () => {} }) };
};
const list = async (connection: McpConnection, cursor?: string) => {
  const params = cursor === undefined ? {} : { cursor };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/list', params };
  const response = await connection.receive(message, { requestId: 'r' });
  return (response as { result: { tools: Listed[]; nextCursor?: string } }).result;
};

/** The adapter of the fake host with this asked for, and this said of its operations. */
const withCapabilities = (
  capabilities: AdapterDetail['manifest']['capabilities'],
  change: Partial<OperationSpec> = {},
): AdapterDetail => {
  const detail = adapterDetail();
  const operations = Object.fromEntries(
    Object.entries(detail.manifest.operations).map(([name, spec]) => [name, { ...spec, ...change }]),
  );
  return { ...detail, manifest: { ...detail.manifest, capabilities, operations } };
};

describe('what is said of a tool', () => {
  const KV = { kv: {} } as AdapterDetail['manifest']['capabilities'];
  const HTTP = { http: {} } as AdapterDetail['manifest']['capabilities'];
  it.each([
    ['reaches nothing', {}, {}, { readOnlyHint: true, openWorldHint: false, destructiveHint: false }],
    ['has a store', KV, {}, { readOnlyHint: false, openWorldHint: false }],
    ['has a store and says it only reads', KV, { readOnly: true }, { readOnlyHint: true }],
    ['calls out', HTTP, {}, { readOnlyHint: false, openWorldHint: true }],
    ['may be repeated', KV, { idempotent: true }, { idempotentHint: true }],
    ['may not be repeated', {}, { idempotent: false }, { idempotentHint: false }],
  ])('of an adapter that %s', async (_what, capabilities, change, expected) => {
    const fake = createFakeHost();
    fake.detail = withCapabilities(capabilities, change);
    const { mcp, connection } = open(fake);
    const { tools } = await list(connection);
    expect(tools.map(({ name }) => name)).toEqual(['echo_echo', 'echo_say']);
    expect(tools[0]?.annotations).toMatchObject(expected);
    mcp.close();
  });
});

describe('the schemas of a typed tool', () => {
  it("make the validator of the SDK's own client say nothing, and still refuse what is no result", async () => {
    const wide = { type: 'string', pattern: '^(0|[1-9][0-9]{0,19})$', format: 'uint64' };
    const bytes = { type: 'string', contentEncoding: 'base64', format: 'byte' };
    const object = (properties: object) => ({
      type: 'object',
      properties,
      required: Object.keys(properties),
      additionalProperties: false,
    });
    const fake = createFakeHost();
    const typed = {
      name: 'echo',
      description: undefined,
      arguments: object({ count: { ...wide, type: ['integer', 'string'] } }),
      // A property called `format` is data, and stays.
      result: object({ total: wide, data: bytes, format: { type: 'string' } }),
      failure: undefined,
      isRawArgument: false,
      rawResult: undefined,
      exportIndex: 0,
    };
    fake.detail = { ...adapterDetail(), typed: [typed] };
    const { mcp, connection } = open(fake);
    const [tool] = (await list(connection)).tools;
    expect(JSON.stringify(tool)).not.toMatch(/"format":"/);

    const warned = vi.spyOn(console, 'warn').mockReturnValue();
    const validate = new AjvJsonSchemaValidator().getValidator(tool?.outputSchema as object);
    expect(validate({ total: '18446744073709551615', data: 'AAE=', format: 'x' }).valid).toBe(true);
    expect(validate({ total: '-1', data: 'AAE=', format: 'x' }).valid).toBe(false);
    expect(validate({ total: '1', data: 'AAE=' }).valid).toBe(false);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
    mcp.close();
  });
});

describe('many tools', () => {
  it('come in pages that have each of them once, in order, also while others come and go', async () => {
    const fake = createFakeHost();
    for (let n = 0; n < 120; n++)
      await fake.host.install({ name: `tool-${String(n).padStart(3, '0')}` }, new Uint8Array());
    const { mcp, connection } = open(fake);
    const names: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await list(connection, cursor);
      names.push(...page.tools.map(({ name }) => name));
      cursor = page.nextCursor;
      // Gone between two pages, and named by the cursor: the next begins behind its place.
      if (pages++ === 0) await fake.host.remove('tool-048');
    } while (cursor !== undefined);
    expect(pages).toBe(3);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toHaveLength(2 * 121);
    mcp.close();
  });
});

describe('a connection', () => {
  it('takes no more requests at a time than it may, and none when it is closed', async () => {
    const fake = createFakeHost();
    fake.respond = () => new Promise(() => {});
    const { mcp, connection } = open(fake);
    const call = (id: number) =>
      connection.receive(
        { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'echo_say', arguments: {} } },
        { requestId: `r-${id}` },
      );
    const underWay = Array.from({ length: 64 }, (_, id) => call(id));
    expect(await call(64)).toMatchObject({ id: 64, error: { code: -32600 } });
    connection.close();
    expect(await Promise.all(underWay)).toEqual(Array(64).fill(undefined));
    expect(await call(65)).toMatchObject({ error: { code: -32600 } });
    mcp.close();
  });
});
