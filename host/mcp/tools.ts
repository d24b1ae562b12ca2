/**
 * Adapters as tools: one tool for each operation, described from the manifest and, for typed worlds, from its schemas.
 *
 * Always read from the live host: nothing is kept, so nothing is stale. Descriptions are words of an adapter's author; what
 * they are worth is the client's to judge. What a tool *may* do is said from what the host permits, not from what it claims.
 */

import type { Tool } from '@modelcontextprotocol/sdk/types.js';
import type { AdapterDetail, Host, JsonSchema, OperationSpec, TypedOperation } from '../types.ts';
import { adapterOf, operationNamed, toolName } from './tool-names.ts';

/** An operation that a tool stands for. */
export interface ToolTarget {
  readonly adapter: string;
  readonly operation: string;
  readonly spec: OperationSpec;
  /** Undefined for the bytes world. */
  readonly typed: TypedOperation | undefined;
}

/** What fits a page of `tools/list`: a few hundred kilobytes with large schemas. */
export const PAGE_TOOLS_MAX = 100;

/**
 * Of an operation of the bytes world. No `oneOf`: models' interfaces take none at the top of a schema, so that there is one
 * input and not two is said by `maxProperties` and by the description.
 */
export const BYTES_SCHEMA = {
  type: 'object',
  properties: {
    text: { type: 'string', description: 'The input as text; it is sent as UTF-8.' },
    payload: {
      type: 'string',
      contentEncoding: 'base64',
      description: 'The input as bytes, in base64 with padding. Instead of `text`.',
    },
  },
  maxProperties: 1,
  additionalProperties: false,
} as const;

/** All tools in order of name. */
export function listTools(host: Host): Tool[] {
  const tools: Tool[] = [];
  for (const { name } of host.adapters()) {
    const detail = detailOf(host, name);
    if (detail === undefined) continue;
    for (const operation of Object.keys(detail.manifest.operations)) {
      tools.push(describeTool(detail, targetOf(detail, operation)));
    }
  }
  return tools.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The operation behind this tool; undefined where there is none. */
export function findTool(host: Host, name: string): ToolTarget | undefined {
  const detail = detailOf(host, adapterOf(name));
  if (detail === undefined) return undefined;
  const operation = operationNamed(name, detail.name, Object.keys(detail.manifest.operations));
  return operation === undefined ? undefined : targetOf(detail, operation);
}

/** It may be removed between two looks. */
function detailOf(host: Host, name: string): AdapterDetail | undefined {
  return host.adapters().some((adapter) => adapter.name === name) ? host.adapter(name) : undefined;
}

function targetOf(detail: AdapterDetail, operation: string): ToolTarget {
  const spec = detail.manifest.operations[operation] as OperationSpec;
  return {
    adapter: detail.name,
    operation,
    spec,
    typed: detail.typed?.find(({ name }) => name === operation),
  };
}

function describeTool(detail: AdapterDetail, { operation, spec, typed }: ToolTarget): Tool {
  const { capabilities } = detail.manifest;
  const title = `${detail.name} ${operation}`;
  const words = [spec.description ?? typed?.description, detail.description];
  const description = words.filter((text) => text !== undefined && text !== '').join('\n\n');
  // Who has neither reaches nothing outside of its cell, whatever its author says.
  const isPure = capabilities.kv === undefined && capabilities.http === undefined;
  const tool = {
    name: toolName(detail.name, operation),
    title,
    description,
    inputSchema: typed === undefined ? BYTES_SCHEMA : inputSchema(typed),
    ...(typed === undefined || isGivenAsItIs(spec, typed) ? {} : { outputSchema: outputSchema(typed) }),
    annotations: {
      title,
      readOnlyHint: isPure || spec.readOnly,
      idempotentHint: spec.idempotent,
      openWorldHint: capabilities.http !== undefined,
      ...(isPure ? { destructiveHint: false } : {}),
    },
  };
  return tool as Tool;
}

const JSON_TYPE = 'application/json';

/** The result of a typed operation that is bytes or text of a media type of its own: content, and no structure. */
export function isGivenAsItIs(spec: OperationSpec, typed: TypedOperation): boolean {
  return typed.rawResult !== undefined && spec.produces !== JSON_TYPE;
}

function inputSchema({ arguments: schema }: TypedOperation): JsonSchema {
  return { ...forClients(schema), type: 'object' };
}

/** The protocol knows objects only: what is none is the member `result` of one. */
export function isWrapped({ result }: TypedOperation): boolean {
  return result.type !== 'object';
}

function outputSchema(typed: TypedOperation): JsonSchema {
  const schema = forClients(typed.result);
  if (!isWrapped(typed)) return schema;
  // References are written from the root of a schema.
  const { $defs, ...result } = schema;
  return {
    type: 'object',
    properties: { result },
    required: ['result'],
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
  };
}

/**
 * The same schema for validators that know JSON Schema as of draft 7, the SDK's own client among them: those skip `prefixItems` and
 * take `items: false`, which belongs to it, for a refusal of every tuple. Its length is said by two other keywords. Formats that are
 * OpenAPI's (`uint64`) are left out: validators that do not know one print so at each listing, and `pattern`, `minimum` and
 * `contentEncoding` beside them say nearly as much.
 * Which draft it is stays unsaid: 2020-12 is the default of the protocol, and older clients know no other than theirs.
 */
function forClients({ $schema: _draft, ...schema }: JsonSchema): JsonSchema {
  return simplified(schema) as JsonSchema;
}

/** Recursion: schemas are as deep as types. */
function simplified(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(simplified);
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([name, value]) => [name, simplified(value)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  // A property of this name has a schema and not a text.
  if (typeof copy.format === 'string') delete copy.format;
  if (!Array.isArray(copy.prefixItems) || copy.items !== false) return copy;
  const { items: _none, prefixItems, ...others } = copy;
  return { ...others, prefixItems, minItems: prefixItems.length, maxItems: prefixItems.length };
}
