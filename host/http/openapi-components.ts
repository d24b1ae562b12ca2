/**
 * The parts of the OpenAPI document that do not depend on adapters: schemas of what the door sends, and the headers it
 * reads. The checks behind them are in `headers.ts` and `problem.ts`; here they are only described.
 */

import { ERRORS, type ErrorCode } from '../errors.ts';
import { PACKAGE_MEDIA_TYPES } from './adapters-route.ts';
import { TIMEOUT_MAX_MS } from './limits.ts';

export type Json = Record<string, unknown>;

export const ALL_CODES = Object.keys(ERRORS) as ErrorCode[];

export const PROBLEM_SCHEMA: Json = {
  type: 'object',
  description: 'RFC 9457 problem document. Compare `code`: it never changes its meaning.',
  required: ['type', 'title', 'status', 'code', 'detail', 'instance', 'retryable'],
  properties: {
    type: { type: 'string', description: 'urn:hotcell:error:<code>' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { enum: ALL_CODES },
    detail: { type: 'string' },
    instance: { type: 'string', description: 'the request id' },
    retryable: { type: 'boolean', description: 'the same request may succeed later' },
    place: {
      type: 'object',
      description: 'Where in a copybook (line, column) or in its data (record, offset, field) it went wrong',
      properties: {
        line: { type: 'integer' },
        column: { type: 'integer' },
        record: { type: 'integer', description: 'from 0' },
        offset: { type: 'integer', description: 'in bytes' },
        field: { type: 'string' },
      },
    },
    failure: { description: 'The error value of a typed operation (ADAPTER_FAILED)' },
    problems: {
      type: 'array',
      items: {
        type: 'object',
        required: ['at', 'message'],
        properties: {
          at: { type: 'string', description: 'JSON pointer' },
          message: { type: 'string' },
        },
      },
    },
  },
};

export const RESULT_SCHEMA: Json = {
  type: 'object',
  required: ['success', 'result', 'error', 'execution_id', 'timestamp'],
  properties: {
    success: { type: 'boolean' },
    result: {
      description:
        'Of a typed operation its result; of one of the world `bytes` an object of `payload` and `encoding` (`utf8` or `base64`)',
    },
    error: {
      type: ['object', 'null'],
      required: ['code', 'title', 'detail', 'retryable'],
      properties: {
        code: { enum: ALL_CODES },
        title: { type: 'string' },
        detail: { type: 'string' },
        retryable: { type: 'boolean' },
        problems: { type: 'array', items: { type: 'object' } },
        failure: { description: 'the error value of a typed operation' },
      },
    },
    execution_id: { type: 'string' },
    timestamp: { type: 'string', format: 'date-time' },
    plan_id: { type: 'string' },
    step_index: { type: 'integer' },
  },
};

export const COPYBOOK_SCHEMA = {
  type: 'object',
  required: ['copybook'],
  additionalProperties: false,
  properties: {
    copybook: { type: 'string' },
    copies: { type: 'object', additionalProperties: { type: 'string' }, description: 'texts for COPY' },
    options: { type: 'object', description: 'as crypto-wasm/copybook/README.md lists them' },
    format: { enum: ['jsonl', 'json', 'csv', 'arrow'] },
    rows: { type: 'integer', minimum: 1 },
    gzip: { enum: ['auto', 'always', 'never'] },
    fileHeaderBytes: { type: 'integer', minimum: 0 },
    fileFooterBytes: { type: 'integer', minimum: 0 },
  },
} as const satisfies Json;

/** What installs an adapter: a package file as `hotcell adapter pack` makes it, or its two necessary files in a form. */
export const UPLOAD_CONTENT: Json = {
  ...Object.fromEntries(
    PACKAGE_MEDIA_TYPES.map((type) => [type, { schema: { description: 'a package file' } }]),
  ),
  'multipart/form-data': {
    schema: {
      type: 'object',
      required: ['manifest', 'component'],
      properties: {
        manifest: { type: 'object' },
        component: { type: 'string', contentMediaType: 'application/wasm' },
      },
    },
  },
};

const header = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'header',
  description,
  schema,
});

export const PARAMETERS: Record<string, Json> = {
  Tenant: header('X-Tenant-Id', 'The tenant; ignored where the host has tokens', { type: 'string' }),
  RequestId: header('X-Request-Id', 'Given back, and logged; made by the host when absent or malformed', {
    type: 'string',
    pattern: '^[A-Za-z0-9._-]{1,64}$',
  }),
  Timeout: header('X-Request-Timeout-Ms', "Narrows the operation's own limit", {
    type: 'integer',
    minimum: 1,
    maximum: TIMEOUT_MAX_MS,
  }),
  Traceparent: header('traceparent', 'W3C trace context', { type: 'string' }),
  IdempotencyKey: header('Idempotency-Key', 'The same key with the same body is carried out once', {
    type: 'string',
    pattern: '^[\\x21-\\x7e]{1,255}$',
  }),
  VaultContext: header('X-Hotcell-Context', 'What a stream is bound to: the same to open as to seal', {
    type: 'string',
    pattern: '^[\\x20-\\x7e]{0,1024}$',
  }),
  AdapterName: { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
};
