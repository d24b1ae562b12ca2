/**
 * The OpenAPI 3.1 document of this host, composed from the live adapters each time it is asked for.
 *
 * Every operation of every adapter is a path of its own, with its media type and limits, beside the routes that do not
 * depend on adapters. The error responses come from the error table, so that a code cannot be missing here.
 */

import { ERRORS, type ErrorCode } from '../errors.ts';
import { isProxyWorld } from '../service-incoming.ts';
import type { AdapterDetail, Host, OperationSpec } from '../types.ts';
import { ROW_MEDIA_TYPES } from './copybook-route.ts';
import { BATCH_ITEMS_MAX } from './limits.ts';
import {
  ALL_CODES,
  COPYBOOK_SCHEMA,
  type Json,
  PARAMETERS,
  PROBLEM_SCHEMA,
  RESULT_SCHEMA,
  UPLOAD_CONTENT,
} from './openapi-components.ts';
import { incomingPath } from './openapi-incoming.ts';
import { describeTyped, numbered, outputsOf } from './openapi-typed.ts';
import { PROBLEM_TYPE } from './problem.ts';
import { TOOL_CALL_SCHEMA } from './tools-route.ts';

const ref = (kind: string, name: string): Json => ({ $ref: `#/components/${kind}/${name}` });
const json = (schema: Json): Json => ({ 'application/json': { schema } });
const binary = (maxBytes: number, examples: readonly unknown[]): Json => ({
  'application/octet-stream': {
    schema: { description: `at most ${maxBytes} bytes` },
    ...exampleMember(examples),
  },
});
const exampleMember = (values: readonly unknown[]): Json => {
  const examples = numbered(values);
  return examples ? { examples } : {};
};

const COMMON = [ref('parameters', 'Tenant'), ref('parameters', 'RequestId')];
const CALL = [...COMMON, ref('parameters', 'Timeout'), ref('parameters', 'Traceparent')];
const SESSION: Json = { name: 'Mcp-Session-Id', in: 'header', schema: { type: 'string' } };
const KEYED_CALL = [...CALL, ref('parameters', 'IdempotencyKey')];

/** One response a status for every code these rooms can report. */
function errorResponses(rooms: readonly string[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of ALL_CODES) {
    if (!rooms.some((room) => code.startsWith(`${room}_`))) continue;
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: Json = {};
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    responses[String(status)] = {
      description: codes.map((code) => `${code}: ${ERRORS[code].title}`).join('. '),
      content: { [PROBLEM_TYPE]: { schema: ref('schemas', 'Problem') } },
    };
  }
  return responses;
}

const CALL_ROOMS = ['HTTP', 'POLICY', 'REGISTRY', 'POOL', 'EXECUTOR', 'ADAPTER', 'HOST'];

/** Responses that many routes have: they stand once in the document, and routes refer to them. */
const SHARED: Json = {};

function sharedErrors(name: string, rooms: readonly string[]): Json {
  const refs: Json = {};
  for (const [status, response] of Object.entries(errorResponses(rooms))) {
    SHARED[name + status] = response;
    refs[status] = { description: `errors of ${name}`, ...ref('responses', name + status) };
  }
  return refs;
}

const CALL_ERRORS = sharedErrors('Call', CALL_ROOMS);
const ADMIN_ERRORS = sharedErrors('Admin', ['HTTP', 'POLICY', 'REGISTRY', 'PACKAGE', 'POOL', 'HOST']);
const READ_ERRORS = sharedErrors('Read', ['HTTP', 'POLICY', 'HOST']);
const VAULT_ERRORS = sharedErrors('Vault', ['HTTP', 'POLICY', 'VAULT', 'HOST']);
const CODEC_ROOMS = ['HTTP', 'POLICY', 'REGISTRY', 'POOL', 'EXECUTOR', 'COPYBOOK', 'HOST'];
const COPYBOOK_ERRORS = sharedErrors('Copybook', CODEC_ROOMS);

/** The envelope carries a call's own failure; only a request that could not be understood is a problem document. */
const TOOL_ERRORS: Json = Object.fromEntries(
  Object.entries(errorResponses(CALL_ROOMS)).map(([status, response]) => {
    const { content } = response as { content: Json };
    const description = 'as of a call, in the envelope or as a problem';
    return [status, { description, content: { ...content, ...json(ref('schemas', 'ToolResult')) } }];
  }),
);

const CALL_HEADERS: Json = {
  'X-Request-Id': { schema: { type: 'string' } },
  'Server-Timing': { schema: { type: 'string' }, description: 'queue and run time in ms' },
  'X-Hotcell-Attempts': { schema: { type: 'integer' }, description: 'times a guest was entered' },
  'X-Hotcell-Adapter-Version': { schema: { type: 'string' } },
};

function operationPaths(
  adapter: AdapterDetail,
  name: string,
  spec: OperationSpec,
  schemas: Json,
): [string, Json][] {
  const base = `/v1/adapters/${encodeURIComponent(adapter.name)}/${encodeURIComponent(name)}`;
  const limits = {
    'x-hotcell-limits': {
      timeoutMs: spec.timeoutMs,
      inputMaxBytes: spec.inputMaxBytes,
      outputMaxBytes: spec.outputMaxBytes,
      idempotent: spec.idempotent,
      readOnly: spec.readOnly,
    },
  };
  const shared = { tags: [adapter.name], ...limits };
  const operation = adapter.typed?.find((one) => one.name === name);
  const typed = operation && describeTyped(adapter, operation, spec, schemas);
  const ok = {
    description: 'the result',
    headers: CALL_HEADERS,
    content: typed?.ok ?? {
      [spec.produces]: {
        schema: { description: `at most ${spec.outputMaxBytes} bytes` },
        ...exampleMember(outputsOf(spec.examples)),
      },
    },
  };
  const single = {
    ...shared,
    operationId: `${adapter.name}.${name}`,
    summary: spec.description ?? `${adapter.name} ${name}`,
    parameters: KEYED_CALL,
    requestBody: typed?.requestBody ?? {
      description: 'any content type is taken as bytes',
      content: binary(
        spec.inputMaxBytes,
        spec.examples.map(({ input }) => input),
      ),
    },
    responses: { 200: ok, ...CALL_ERRORS, ...typed?.failures },
  };
  const parts = { schema: { type: 'array', maxItems: BATCH_ITEMS_MAX, items: {} } };
  const batch = {
    ...shared,
    operationId: `${adapter.name}.${name}.batch`,
    summary: `${adapter.name} ${name}, many inputs`,
    parameters: CALL,
    requestBody: typed?.batchBody ?? { required: true, content: { 'multipart/mixed': parts } },
    responses: {
      200: typed?.batchOk ?? {
        description: 'a part for each item in order: a result or a problem document, its status in X-Status',
        content: { 'multipart/mixed': parts },
      },
      ...CALL_ERRORS,
    },
  };
  return [
    [base, { post: single }],
    [`${base}/batch`, { post: batch }],
  ];
}

function vaultPath(operationId: string, summary: string): Json {
  const bytes = (description: string): Json => ({
    description,
    content: { 'application/octet-stream': { schema: {} } },
  });
  return {
    post: {
      operationId,
      summary,
      parameters: [...COMMON, ref('parameters', 'VaultContext')],
      requestBody: bytes('any content type is taken as bytes; they are read while the reply is sent'),
      responses: {
        200: bytes('a stream: it is whole when it ends cleanly, and cut when it fails after its first byte'),
        ...VAULT_ERRORS,
      },
    },
  };
}

function copybookPath(operationId: string, summary: string, hasData: boolean, reply: Json): Json {
  const form = {
    type: 'object',
    description: 'data comes last; the others may instead be members of the JSON in `specification`',
    required: ['data'],
    properties: { ...COPYBOOK_SCHEMA.properties, specification: ref('schemas', 'Copybook'), data: {} },
  };
  const content = hasData ? { 'multipart/form-data': { schema: form } } : json(ref('schemas', 'Copybook'));
  return {
    post: {
      operationId,
      summary,
      parameters: COMMON,
      requestBody: { required: true, content },
      responses: { 200: { description: summary, content: reply }, ...COPYBOOK_ERRORS },
    },
  };
}

function copybookPaths(): Record<string, Json> {
  const rows = Object.fromEntries(Object.values(ROW_MEDIA_TYPES).map((type) => [type, { schema: {} }]));
  const bytes = { 'application/octet-stream': { schema: {} } };
  const object = json({ type: 'object' });
  const path = (name: string, ...rest: [string, boolean, Json]): [string, Json] => [
    `/v1/copybook/${name.toLowerCase()}`,
    copybookPath(`copybook${name}`, ...rest),
  ];
  return Object.fromEntries([
    path('Layout', 'Fields, columns and JSON Schema of a copybook', false, object),
    path('Decode', 'Records to rows: a stream, cut when it fails after its first byte', true, rows),
    path('Encode', 'JSON lines to records: a stream, cut when it fails after its first byte', true, bytes),
    path('Detect', 'The record format of a file, and why', true, object),
  ]);
}

function fixedPaths(): Record<string, Json> {
  const ok = (description: string, content: Json): Json => ({ 200: { description, content } });
  const anyObject = json({ type: 'object' });
  const named = [ref('parameters', 'AdapterName'), ...COMMON];
  const get = (operationId: string, summary: string, parameters: Json[], responses: Json): Json => ({
    operationId,
    summary,
    parameters,
    responses,
  });
  return {
    '/v1/tools/call': {
      post: {
        operationId: 'toolsCall',
        summary: 'Call an operation in the form of tool brokers',
        parameters: KEYED_CALL,
        requestBody: { required: true, content: json(ref('schemas', 'ToolCall')) },
        responses: { ...ok('the envelope', json(ref('schemas', 'ToolResult'))), ...TOOL_ERRORS },
      },
    },
    '/v1/vault/seal': vaultPath('vaultSeal', 'Seal a stream for this tenant'),
    '/v1/vault/open': vaultPath('vaultOpen', 'Open a stream that this tenant sealed'),
    ...copybookPaths(),
    '/v1/adapters': {
      get: get('listAdapters', 'All adapters', COMMON, { ...ok('the list', anyObject), ...READ_ERRORS }),
    },
    '/v1/adapters/{name}': {
      get: get('showAdapter', 'Manifest, WIT, schemas of typed operations, pool state', named, {
        ...ok('the adapter', anyObject),
        ...ADMIN_ERRORS,
      }),
      put: {
        ...get('installAdapter', 'Install or replace a package (admin)', named, {
          ...ok('replaced', anyObject),
          201: { description: 'installed', content: anyObject },
          ...ADMIN_ERRORS,
        }),
        requestBody: { required: true, content: UPLOAD_CONTENT },
      },
      delete: get('removeAdapter', 'Drain and remove (admin)', named, {
        204: { description: 'removed' },
        ...ADMIN_ERRORS,
      }),
    },
    '/v1/adapters/{name}/log': {
      get: get(
        'followLog',
        'What its guests write, and each call with its end, until the client leaves (admin)',
        named,
        {
          ...ok('lines of JSON', { 'application/x-ndjson': { schema: { type: 'string' } } }),
          ...ADMIN_ERRORS,
        },
      ),
    },
    '/mcp': {
      post: {
        ...get('mcpMessage', 'A message of the Model Context Protocol', [...CALL, SESSION], {
          ...ok('the response', anyObject),
          202: { description: 'taken; it has no response' },
          ...READ_ERRORS,
        }),
        requestBody: { required: true, content: anyObject },
      },
      get: get('mcpEvents', 'What is said without being asked', [...COMMON, SESSION], {
        ...ok('events', { 'text/event-stream': { schema: { type: 'string' } } }),
        ...READ_ERRORS,
      }),
      delete: get('mcpEnd', 'End a session of the protocol', [...COMMON, SESSION], {
        204: { description: 'ended' },
        ...READ_ERRORS,
      }),
    },
    '/health/live': { get: get('live', 'The process runs', [], ok('alive', anyObject)) },
    '/health/ready': {
      get: get('ready', 'The host takes calls', [], {
        ...ok('ready', anyObject),
        503: READ_ERRORS['503'],
      }),
    },
    '/metrics': {
      get: get('metrics', 'Prometheus metrics', [], {
        ...ok('metrics', { 'text/plain': { schema: { type: 'string' } } }),
        ...READ_ERRORS,
      }),
    },
    '/openapi.json': {
      get: get('openApi', 'This document', [], { ...ok('the document', anyObject), ...READ_ERRORS }),
    },
  };
}

/** The document, as plain JSON data. */
export function composeOpenApi(host: Host, version: string): object {
  const paths: Record<string, Json> = fixedPaths();
  const tags: Json[] = [];
  const schemas: Json = {
    Problem: PROBLEM_SCHEMA,
    Copybook: COPYBOOK_SCHEMA,
    ToolCall: TOOL_CALL_SCHEMA,
    ToolResult: RESULT_SCHEMA,
  };
  for (const { name } of host.adapters()) {
    const adapter = host.adapter(name);
    tags.push({ name, description: adapter.description ?? `version ${adapter.version}` });
    for (const [operation, spec] of Object.entries(adapter.manifest.operations)) {
      const items = isProxyWorld(adapter.manifest.world)
        ? [incomingPath(adapter, spec, { parameters: CALL, errors: CALL_ERRORS })]
        : operationPaths(adapter, operation, spec, schemas);
      for (const [path, item] of items) paths[path] = item;
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hotcell',
      version,
      description: 'WebAssembly tools in pooled, isolated cells',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    tags,
    paths,
    components: {
      schemas,
      parameters: PARAMETERS,
      responses: SHARED,
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}
