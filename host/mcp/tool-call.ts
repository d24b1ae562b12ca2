/**
 * One call of a tool: its arguments become the payload of a call, and the outcome becomes a result of the protocol.
 *
 * Always: what the host or the adapter has to say against a call is a result with `isError`, so that a model can read it and
 * mend its arguments; it has the code, the detail and every problem with its pointer as text, and as data under
 * `_meta["hotcell/problem"]`. Bytes are given as what their media type says: text, image, audio, or a resource with a blob.
 */

import { isUtf8 } from 'node:buffer';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/sdk/types.js';
import { badArguments } from '../arguments.ts';
import { ERRORS, HostError, type Problem, toHostError } from '../errors.ts';
import type { Call, Host, Receipt } from '../types.ts';
import { isGivenAsItIs, isWrapped, type ToolTarget } from './tools.ts';

export interface ToolCall {
  readonly target: ToolTarget;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly tenant: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly signal: AbortSignal;
}

/** Problems written into the text of an error; all of them are in its data. */
const PROBLEMS_TEXT_MAX_COUNT = 20;

/** Never rejects. */
export async function callTool(host: Host, call: ToolCall): Promise<CallToolResult> {
  const { target, tenant, requestId, traceparent, timeoutMs, signal } = call;
  try {
    const { adapter, operation, spec, typed } = target;
    const isRawOutput = typed !== undefined && isGivenAsItIs(spec, typed);
    const asked: Call = {
      adapter,
      operation,
      payload: typed === undefined ? bytesOf(call.arguments) : Buffer.from(JSON.stringify(call.arguments)),
      tenant,
      requestId,
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(isRawOutput ? { isRawOutput } : {}),
    };
    const { outcome, receipt } = await host.invoke(asked, traceparent);
    if (outcome.kind === 'error') return errorResult(outcome.error, requestId, receipt);
    const result =
      typed === undefined || isRawOutput
        ? { content: [contentOf(outcome.bytes, typedProduces(target), requestId)] }
        : structured(outcome.bytes, isWrapped(typed));
    return { ...result, _meta: { 'hotcell/call': about(receipt) } };
  } catch (thrown) {
    return errorResult(toHostError(thrown), requestId, undefined);
  }
}

/** The input of an operation of the bytes world. Throws ADAPTER_BAD_INPUT — with every problem. */
function bytesOf(given: Readonly<Record<string, unknown>>): Uint8Array {
  const problems: Problem[] = [];
  for (const name of Object.keys(given)) {
    if (name !== 'text' && name !== 'payload') problems.push({ at: pointer(name), message: 'is not known' });
    else if (typeof given[name] !== 'string')
      problems.push({ at: pointer(name), message: 'must be a string' });
  }
  const { text, payload } = given;
  if (text !== undefined && payload !== undefined) {
    problems.push({ at: '/payload', message: 'is given beside /text: one of them is the input' });
  }
  let bytes: Uint8Array = Buffer.from(typeof text === 'string' ? text : '');
  if (typeof payload === 'string') {
    const decoded = fromBase64(payload);
    if (decoded) bytes = decoded;
    else problems.push({ at: '/payload', message: 'must be base64 with padding (RFC 4648, section 4)' });
  }
  if (problems.length > 0) throw badArguments(problems);
  return bytes;
}

const pointer = (name: string): string => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

function fromBase64(text: string): Uint8Array | undefined {
  // The decoder skips blanks.
  if (/\s/.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' });
  } catch {
    return undefined;
  }
}

/** The media type of what was asked for as it is. */
const typedProduces = ({ spec }: ToolTarget): string => spec.produces;

/** Bytes as content. Text only when the media type says so and the bytes agree: a guess would depend on the data. */
function contentOf(bytes: Uint8Array, mediaType: string, requestId: string): ContentBlock {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (/^(?:text\/|application\/(?:[\w.-]+\+)?json\b)/i.test(mediaType) && isUtf8(buffer)) {
    return { type: 'text', text: buffer.toString('utf8') };
  }
  const data = buffer.toString('base64');
  if (/^image\//i.test(mediaType)) return { type: 'image', data, mimeType: mediaType };
  if (/^audio\//i.test(mediaType)) return { type: 'audio', data, mimeType: mediaType };
  return {
    type: 'resource',
    resource: { uri: `hotcell:result/${requestId}`, mimeType: mediaType, blob: data },
  };
}

/** JSON of a typed operation: as data, and as text for clients that know no data. A text alone stays as it is. */
function structured(bytes: Uint8Array, isMember: boolean): CallToolResult {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const value = JSON.parse(json) as unknown;
  return {
    content: [{ type: 'text', text: typeof value === 'string' ? value : json }],
    structuredContent: isMember ? { result: value } : (value as Record<string, unknown>),
  };
}

function about({ requestId, version, usage }: Receipt): object {
  const { queueMs, runMs, attempts, fuel } = usage;
  return { requestId, version, queueMs, runMs, attempts, ...(fuel === undefined ? {} : { fuel }) };
}

/** An error that a model reads. What it is without a cause: that never leaves the process. */
function errorResult(error: HostError, requestId: string, receipt: Receipt | undefined): CallToolResult {
  const { code, detail, problems = [], place, retryAfterS, failure } = error;
  const { title, retryable } = ERRORS[code];
  const lines = problems
    .slice(0, PROBLEMS_TEXT_MAX_COUNT)
    .map(({ at, message }) => `${at || '/'}: ${message}`);
  const problem = {
    code,
    title,
    detail,
    retryable,
    instance: requestId,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
    ...(problems.length === 0 ? {} : { problems }),
    ...(place === undefined ? {} : { place }),
    ...(failure === undefined ? {} : { failure }),
  };
  return {
    isError: true,
    content: [{ type: 'text', text: [`${code}: ${detail}`, ...lines].join('\n') }],
    _meta: { 'hotcell/problem': problem, ...(receipt ? { 'hotcell/call': about(receipt) } : {}) },
  };
}

/** Throws HTTP_MALFORMED — not a whole number of ms from 1 to an hour. */
export function timeoutOf(meta: Readonly<Record<string, unknown>> | undefined): number | undefined {
  const wanted = meta?.['hotcell/timeoutMs'];
  if (wanted === undefined) return undefined;
  if (Number.isSafeInteger(wanted) && (wanted as number) >= 1 && (wanted as number) <= TIMEOUT_MAX_MS) {
    return wanted as number;
  }
  throw new HostError(
    'POLICY_TIMEOUT_INVALID',
    `hotcell/timeoutMs must be a whole number of milliseconds from 1 to ${TIMEOUT_MAX_MS}`,
  );
}

/** As for `X-Request-Timeout-Ms`; the operation's own limit narrows it. */
const TIMEOUT_MAX_MS = 3_600_000;
