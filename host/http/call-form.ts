/**
 * In which form a call brings its input and wants its result: JSON or bytes as they are.
 *
 * Bytes in, bytes out for an adapter of the bytes world. An operation of a typed world takes JSON; one whose only argument
 * is `list<u8>` takes any other content type as that argument. Its result is JSON; one that is `list<u8>` or `string` is given
 * as it is where `Accept` asks for that, or where the manifest says which media type it produces.
 */

import type { IncomingHttpHeaders } from 'node:http';
import type { Call } from '../types.ts';
import { mediaTypeOf, requireJson } from './headers.ts';
import type { KnownOperation } from './operation-index.ts';

export type CallForm = Pick<Call, 'isRawInput' | 'isRawOutput'>;

const JSON_TYPE = 'application/json';
const RAW_TYPES = { bytes: 'application/octet-stream', text: 'text/plain; charset=utf-8' } as const;
/** Of the bytes world, too. */
const PLAIN_FORM: CallForm = {};
const EMPTY_OBJECT = Buffer.from('{}');

/** Throws HTTP_UNSUPPORTED_TYPE — the operation takes JSON, and this is something else. */
export function formOf({ typed, spec }: KnownOperation, headers: IncomingHttpHeaders): CallForm {
  if (typed === undefined) return PLAIN_FORM;
  const isRawInput = typed.isRawArgument && mediaTypeOf(headers) !== JSON_TYPE;
  if (!isRawInput && hasBody(headers)) requireJson(headers);
  const isRawOutput =
    typed.rawResult !== undefined && wantsRaw(headers.accept, spec.produces, typed.rawResult);
  return isRawInput || isRawOutput ? { isRawInput, isRawOutput } : PLAIN_FORM;
}

const hasBody = (headers: IncomingHttpHeaders): boolean =>
  Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined;

/** Media ranges without their weights: whoever names JSON gets JSON. */
function wantsRaw(accept: string | undefined, produces: string, raw: 'bytes' | 'text'): boolean {
  const ranges = (accept ?? '').split(',').map((range) => mediaTypeIn(range));
  if (ranges.includes(JSON_TYPE)) return false;
  return produces !== JSON_TYPE || ranges.includes(mediaTypeIn(RAW_TYPES[raw]));
}

const mediaTypeIn = (text: string): string => (text.split(';', 1)[0] ?? '').trim().toLowerCase();

/** A call of an operation without parameters needs no body. */
export function payloadOf({ typed }: KnownOperation, form: CallForm, body: Uint8Array): Uint8Array {
  return typed !== undefined && !form.isRawInput && body.byteLength === 0 ? EMPTY_OBJECT : body;
}

/** The media type of a result in this form. */
export function resultType({ typed, spec }: Pick<KnownOperation, 'typed' | 'spec'>, form: CallForm): string {
  if (typed === undefined) return spec.produces;
  if (!form.isRawOutput || typed.rawResult === undefined) return JSON_TYPE;
  return spec.produces === JSON_TYPE ? RAW_TYPES[typed.rawResult] : spec.produces;
}
