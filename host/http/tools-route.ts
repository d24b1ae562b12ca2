/**
 * POST /v1/tools/call: the form tool brokers speak. A call named `adapter.operation` with JSON arguments, answered by
 * an envelope `{success, result, error, execution_id, timestamp}`.
 *
 * Two kinds of failure. A request that cannot be understood is a problem document, as on every other route. A call that
 * was understood is always answered by the envelope, with `success: false` and the error's own HTTP status, so that a
 * broker reads one form and a generic client (retry middleware, a proxy) still sees what happened.
 * Bytes travel as a string whose encoding is always named; arguments and results of typed operations as the JSON they are.
 */

import { isUtf8 } from 'node:buffer';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { ERRORS, HostError, type Problem, toHostError } from '../errors.ts';
import type { Usage } from '../types.ts';
import { type Answer, jsonAnswer, NO_USAGE } from './answer.ts';
import { readBody } from './body.ts';
import { type Answerer, type Door, type Exchange, reportRefusal } from './exchange.ts';
import { credentialsOf, idempotencyKeyOf, requireJson, timeoutMsOf, traceparentOf } from './headers.ts';
import { callOf } from './invoke-route.ts';
import { TOOL_CALL_TOKENS_MAX } from './limits.ts';
import type { KnownOperation } from './operation-index.ts';
import { isKeepableError, problemHeaders } from './problem.ts';

interface ToolCall {
  readonly tool: string;
  /** Of the bytes world `BYTES_ARGS_SCHEMA`, otherwise what the schema of the operation says. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly plan_id?: string;
  readonly step_index?: number;
}

/** JSON Schema (2020-12) of the request; the API document shows it too. */
export const TOOL_CALL_SCHEMA = {
  type: 'object',
  required: ['tool', 'args'],
  additionalProperties: false,
  properties: {
    tool: {
      type: 'string',
      pattern: '^[^.]+\\..+$',
      maxLength: 256,
      description: 'adapter.operation, split at the first dot',
    },
    args: {
      type: 'object',
      description:
        'Of a typed operation its arguments; of one of the world `bytes` `payload`, a string, and `encoding`: `utf8` (default) or `base64`',
    },
    plan_id: { type: 'string', maxLength: 256, description: 'Given back in the reply' },
    step_index: { type: 'integer', minimum: 0, description: 'Given back in the reply' },
  },
} as const;

interface BytesArgs {
  readonly payload: string;
  readonly encoding?: 'utf8' | 'base64';
}

const BYTES_ARGS_SCHEMA = {
  type: 'object',
  required: ['payload'],
  additionalProperties: false,
  properties: {
    payload: { type: 'string' },
    encoding: { enum: ['utf8', 'base64'] },
  },
} as const;

// All problems in one answer; no coercion and no defaults, so that what was sent is what is judged.
const ajv = new Ajv2020({ allErrors: true, strict: true });
const validate = ajv.compile<ToolCall>(TOOL_CALL_SCHEMA);
const validateBytes = ajv.compile<BytesArgs>(BYTES_ARGS_SCHEMA);

/** Source: RFC 4648 section 4, with padding. Buffer alone would skip over anything that is not base64. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function pointerOf(error: ErrorObject): string {
  const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
  const name = missingProperty ?? additionalProperty;
  if (name === undefined) return error.instancePath;
  return `${error.instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function invalid(problems: readonly Problem[]): HostError {
  return new HostError('HTTP_MALFORMED', 'the tool call is not valid; every problem is listed', { problems });
}

/**
 * Refuses what cannot be a tool call by its shape, before it is parsed: a body of nothing but brackets or fields.
 * What is no JSON may pass: the parser says so.
 */
function requireFewTokens(body: Uint8Array): void {
  let tokens = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (isText) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isText = false;
    } else if (byte === 0x22) isText = true;
    else if (byte === 0x2c || byte === 0x3a || byte === 0x5b || byte === 0x7b) tokens++;
    if (tokens <= TOOL_CALL_TOKENS_MAX) continue;
    throw new HostError(
      'HTTP_MALFORMED',
      `a tool call has at most ${TOOL_CALL_TOKENS_MAX} members and items; this body has more`,
    );
  }
}

/** The call, and its operation where there is one. Throws HTTP_MALFORMED — with every problem. */
function parseToolCall(
  body: Uint8Array,
  find: (tool: string) => KnownOperation | undefined,
): { readonly call: ToolCall; readonly known: KnownOperation | undefined } {
  requireFewTokens(body);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new HostError('HTTP_MALFORMED', 'the body is not JSON in UTF-8', { cause });
  }
  const problems = validate(value) ? [] : (validate.errors ?? []).map((error) => toProblem(error, ''));
  const { tool, args } = (value ?? {}) as { readonly tool?: unknown; readonly args?: unknown };
  const known = typeof tool === 'string' ? find(tool) : undefined;
  const isObject = typeof args === 'object' && args !== null && !Array.isArray(args);
  // What a typed operation takes is said by its schema, and refused as a call of it is.
  if (isObject && known?.typed === undefined && !validateBytes(args))
    problems.push(...(validateBytes.errors ?? []).map((error) => toProblem(error, '/args')));
  if (problems.length > 0) throw invalid(problems);
  return { call: value as ToolCall, known };
}

const toProblem = (error: ErrorObject, base: string): Problem => ({
  at: base + pointerOf(error),
  message: error.keyword === 'pattern' ? 'must be adapter.operation' : (error.message ?? error.keyword),
});

function targetOf(tool: string): { readonly adapter: string; readonly operation: string } {
  const dot = tool.indexOf('.');
  return { adapter: tool.slice(0, dot), operation: tool.slice(dot + 1) };
}

function decodePayload({ payload, encoding }: BytesArgs): Uint8Array {
  if (encoding !== 'base64') return Buffer.from(payload);
  // In slices of whole groups: a pattern over tens of MiB at once would exhaust the matcher's stack.
  const sliceChars = 64 * 1024;
  for (let from = 0; from < payload.length; from += sliceChars) {
    const slice = payload.slice(from, from + sliceChars);
    const isLast = from + sliceChars >= payload.length;
    if (!BASE64.test(slice) || (!isLast && slice.endsWith('='))) {
      throw invalid([{ at: '/args/payload', message: 'must be base64 with padding (RFC 4648, section 4)' }]);
    }
  }
  return Buffer.from(payload, 'base64');
}

function isText(mediaType: string): boolean {
  return /^(?:text\/|application\/(?:[\w.-]+\+)?json\b)/i.test(mediaType);
}

/** Text only when the operation says so and the bytes agree: guessing would make the encoding depend on the data. */
function encodeResult(bytes: Uint8Array, produces: string): { payload: string; encoding: 'utf8' | 'base64' } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isText(produces) && isUtf8(buffer)) return { payload: buffer.toString('utf8'), encoding: 'utf8' };
  return { payload: buffer.toString('base64'), encoding: 'base64' };
}

/** The envelope as an answer. Exactly one of `result` and `error` is not null. */
function envelope(
  door: Door,
  call: ToolCall,
  requestId: string,
  end: { readonly result: unknown } | { readonly error: HostError },
  usage: Usage,
  version: string | undefined,
): Answer {
  const failed = 'error' in end ? end.error : undefined;
  const error = failed && {
    code: failed.code,
    title: ERRORS[failed.code].title,
    detail: failed.detail,
    retryable: ERRORS[failed.code].retryable,
    problems: failed.problems,
    failure: failed.failure,
  };
  const value = {
    success: failed === undefined,
    result: 'result' in end ? end.result : null,
    error: error ?? null,
    execution_id: requestId,
    timestamp: new Date(door.clock.now()).toISOString(),
    plan_id: call.plan_id,
    step_index: call.step_index,
  };
  return {
    ...jsonAnswer(failed === undefined ? 200 : ERRORS[failed.code].status, value),
    usage,
    version,
    extraHeaders: failed && problemHeaders(failed),
    keepable: failed === undefined || isKeepableError(failed.code),
  };
}

export function createToolsAnswerer(door: Door): Answerer {
  const { host, operations, idempotency, bodyMaxBytes } = door;
  return async (exchange: Exchange) => {
    const { headers, incoming, requestId, route } = exchange;
    const identity = host.identify(credentialsOf(headers));
    const timeoutMs = timeoutMsOf(headers);
    const traceparent = traceparentOf(headers);
    const key = idempotencyKeyOf(headers);
    requireJson(headers);
    const body = await readBody(door, exchange, identity.tenant, bodyMaxBytes);
    const find = (tool: string): KnownOperation | undefined => {
      const { adapter, operation } = targetOf(tool);
      try {
        return operations.get(adapter, operation);
      } catch (error) {
        // That there is none is told in the envelope.
        if (error instanceof HostError) return undefined;
        throw error;
      }
    };
    const { call: toolCall, known: found } = parseToolCall(body, find);
    const payload = found?.typed
      ? Buffer.from(JSON.stringify(toolCall.args))
      : decodePayload(toolCall.args as unknown as BytesArgs);
    const target = targetOf(toolCall.tool);

    const run = async (): Promise<Answer> => {
      try {
        const known = operations.get(target.adapter, target.operation);
        if (payload.byteLength > known.spec.inputMaxBytes) {
          const detail = `the decoded payload may have at most ${known.spec.inputMaxBytes} bytes`;
          throw new HostError('HTTP_BODY_TOO_LARGE', detail);
        }
        const call = callOf(identity, target, payload, requestId, timeoutMs, {});
        const { outcome, receipt } = await host.invoke(call, traceparent);
        const { version } = receipt;
        if (outcome.kind === 'error') {
          return envelope(door, toolCall, requestId, { error: outcome.error }, outcome.usage, version);
        }
        const answered = operations.answeredBy(known, target.adapter, target.operation, version);
        const result = answered.typed
          ? (JSON.parse(new TextDecoder().decode(outcome.bytes)) as unknown)
          : encodeResult(outcome.bytes, answered.spec.produces);
        return envelope(door, toolCall, requestId, { result }, outcome.usage, version);
      } catch (thrown) {
        const error = toHostError(thrown);
        reportRefusal({ incoming, route }, requestId, error);
        return envelope(door, toolCall, requestId, { error }, NO_USAGE, undefined);
      }
    };
    if (key === undefined) return run();
    const scope = { tenant: identity.tenant, ...target, route: 'tools', key } as const;
    const { answer, replayed } = await idempotency.run(scope, body, run);
    return replayed ? { answer, replayed } : answer;
  };
}
