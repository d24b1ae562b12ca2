/**
 * GET by the capability `http`: what is said of a request becomes one, its answer becomes text or bytes.
 *
 * Which hosts may be asked is the operator's to say and the host's to hold; nothing here decides about it. Keeps nothing between
 * calls. Whatever goes wrong is thrown as a case of the WIT variant `failure`.
 */

import { fetch, type Limits, type Page, type Request } from 'hotcell:capabilities/http@1.0.0';
import { decodeLatin1, decodeUtf8 } from './decode.ts';

interface Header {
  readonly name: string;
  readonly value: string;
}

type Body =
  | { readonly tag: 'text'; readonly val: string }
  | { readonly tag: 'bytes'; readonly val: Uint8Array };

interface Response {
  readonly status: number;
  readonly headers: readonly Header[];
  readonly contentType: string | undefined;
  readonly body: Body;
  readonly truncated: boolean;
  readonly url: string;
}

/** What a model can read; a page of the web is seldom longer. */
const BODY_DEFAULT_BYTES = 256 * 1024;
/** The result lies in memory several times: as bytes, as text, and as it is written. */
const BODY_MAX_BYTES = 4 * 1024 * 1024;
/** As many as the capability follows. */
const REDIRECTS_MAX_COUNT = 5;
const TIMEOUT_DEFAULT_MS = 10_000;

export const requests = { get };

function get(
  url: string,
  headers: readonly Header[] | null,
  followRedirects: boolean | null,
  bytes: number | null,
  whole: boolean | null,
  timeoutMs: number | null,
): Response {
  if (!/^https?:\/\/[^/?#]/i.test(url)) throw { tag: 'bad-url', val: 'a URL begins with https:// or http:// and a host' };
  const maxBytes = Math.min(bytes ?? BODY_DEFAULT_BYTES, BODY_MAX_BYTES);
  const request = {
    method: 'GET',
    url,
    headers: (headers ?? []).map(({ name, value }) => ({ name, value: latin1(name, value) })),
    body: null,
    timeoutMs: timeoutMs ?? TIMEOUT_DEFAULT_MS,
  };
  const limits = { redirectsMax: followRedirects ? REDIRECTS_MAX_COUNT : 0, bodyMaxBytes: maxBytes };
  const page = send(request, limits);
  if (page.truncated && whole) throw { tag: 'too-large', val: `the body has more than ${maxBytes} bytes` };
  const received = page.headers.map(({ name, value }) => ({ name, value: decodeLatin1(value) }));
  const contentType = received.find(({ name }) => name === 'content-type')?.value;
  const { status, truncated } = page;
  return { status, headers: received, contentType, body: bodyOf(page, contentType ?? ''), truncated, url: page.url };
}

function send(request: Request, limits: Limits): Page {
  try {
    return fetch(request, limits);
  } catch (error) {
    throw failureOf(error as Parameters<typeof failureOf>[0]);
  }
}

/** The import throws the case of its own error. */
function failureOf(error: { tag?: string; val?: string; payload?: { tag: string; val?: string } }): object {
  const { tag, val = '' } = error.payload ?? error;
  switch (tag) {
    case 'timeout':
      return { tag: 'timeout' };
    case 'denied':
      return { tag: 'not-allowed', val };
    case 'too-large':
      return { tag: 'too-large', val };
    case 'invalid':
      return { tag: /\b(?:URL|path|authority)\b/.test(val) ? 'bad-url' : 'bad-header', val };
    default:
      return { tag: 'failed', val: val || String(error) };
  }
}

function latin1(name: string, value: string): Uint8Array {
  return Uint8Array.from([...value], (character) => {
    const byte = character.codePointAt(0) ?? 0;
    if (byte > 0xff) throw { tag: 'bad-header', val: `the value of ${name} has a character beyond ISO 8859-1` };
    return byte;
  });
}

const TEXT = /^(?:text\/|application\/(?:json|xml|javascript|ecmascript|yaml|toml|x-ndjson|graphql|x-www-form-urlencoded)\b|[^;]*\+(?:json|xml|yaml)\b)/i;

/** As text where the media type says so, the charset is one that can be read here, and the bytes are in it. */
function bodyOf({ body, truncated }: Page, contentType: string): Body {
  if (!TEXT.test(contentType)) return { tag: 'bytes', val: body };
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset === 'iso-8859-1' || charset === 'latin1') return { tag: 'text', val: decodeLatin1(body) };
  const text = charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii' ? decodeUtf8(body, truncated) : undefined;
  return text === undefined ? { tag: 'bytes', val: body } : { tag: 'text', val: text };
}
