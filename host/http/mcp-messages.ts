/**
 * The body of a POST to /mcp as messages: looked over before it is parsed, parsed, and taken apart where it is a batch.
 *
 * What cannot be read is answered as JSON-RPC says it, with status 400; every other refusal of this route is a problem document.
 */

import { type Answer, jsonAnswer } from './answer.ts';
import { MCP_BATCH_MAX, MCP_DEPTH_MAX, MCP_TOKENS_MAX } from './limits.ts';

/** Source: JSON-RPC 2.0, section 5.1. */
const PARSE_ERROR = -32700;
const INVALID_REQUEST = -32600;

export type Messages =
  | { readonly kind: 'messages'; readonly messages: readonly unknown[]; readonly isBatch: boolean }
  | { readonly kind: 'refused'; readonly answer: Answer };

export function readMessages(body: Uint8Array): Messages {
  const shape = shapeProblem(body);
  if (shape !== undefined) return refused(PARSE_ERROR, shape);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return refused(PARSE_ERROR, 'the body is not JSON in UTF-8');
  }
  if (!Array.isArray(value)) return { kind: 'messages', messages: [value], isBatch: false };
  if (value.length === 0 || value.length > MCP_BATCH_MAX) {
    return refused(INVALID_REQUEST, `a batch has 1 to ${MCP_BATCH_MAX} messages`);
  }
  return { kind: 'messages', messages: value, isBatch: true };
}

function refused(code: number, message: string): Messages {
  const response = { jsonrpc: '2.0', id: null, error: { code, message } };
  return { kind: 'refused', answer: jsonAnswer(400, response) };
}

/** What keeps a body from being parsed: it would take the process's time, memory or stack. */
function shapeProblem(body: Uint8Array): string | undefined {
  let tokens = 0;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (isText) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) isText = false;
      continue;
    }
    if (byte === 0x22) isText = true;
    else if (byte === 0x5d || byte === 0x7d) depth--;
    else if (byte === 0x5b || byte === 0x7b) {
      depth++;
      tokens++;
    } else if (byte === 0x2c || byte === 0x3a) tokens++;
    if (tokens > MCP_TOKENS_MAX) return `the body has more than ${MCP_TOKENS_MAX} members and items`;
    if (depth > MCP_DEPTH_MAX) return `the body is nested more than ${MCP_DEPTH_MAX} deep`;
  }
  return undefined;
}
