/**
 * The path of an adapter that answers HTTP, for the OpenAPI document: what stands behind it is known to the adapter alone.
 */

import type { AdapterDetail, OperationSpec } from '../types.ts';
import type { Json } from './openapi-components.ts';

/** Routes of guests by method. CONNECT is for proxies, and TRACE gives a request's headers away. */
export const INCOMING_METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** `shared`: parameters and error responses that every call has. */
export function incomingPath(
  adapter: AdapterDetail,
  spec: OperationSpec,
  shared: { readonly parameters: readonly Json[]; readonly errors: Json },
): [string, Json] {
  const bytes = (maxBytes: number): Json => ({
    '*/*': { schema: { description: `at most ${maxBytes} bytes` } },
  });
  const one = (method: string): Json => ({
    tags: [adapter.name],
    operationId: `${adapter.name}.http.${method}`,
    summary: spec.description ?? `${adapter.name}: any path, answered by the adapter`,
    parameters: [
      {
        name: 'path',
        in: 'path',
        required: true,
        schema: { type: 'string' },
        description: 'may have slashes',
      },
      ...shared.parameters,
    ],
    ...(['get', 'head', 'options', 'delete'].includes(method)
      ? {}
      : { requestBody: { content: bytes(spec.inputMaxBytes) } }),
    responses: {
      ...shared.errors,
      default: {
        description: 'whatever the adapter answers; cut when it fails after its head',
        content: bytes(spec.outputMaxBytes),
      },
    },
    'x-hotcell-limits': {
      timeoutMs: spec.timeoutMs,
      inputMaxBytes: spec.inputMaxBytes,
      outputMaxBytes: spec.outputMaxBytes,
    },
  });
  const methods = INCOMING_METHODS.map((method) => method.toLowerCase());
  return [
    `/v1/adapters/${encodeURIComponent(adapter.name)}/http/{path}`,
    Object.fromEntries(methods.map((method) => [method, one(method)])),
  ];
}
