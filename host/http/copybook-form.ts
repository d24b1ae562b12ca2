/**
 * What a request says of a copybook: a form of small fields, and its data as the last part, which is streamed.
 *
 *   copybook        text                    or  specification   {"copybook", "copies", "options", "format", "rows", …}
 *   options, copies JSON
 *   format, rows, gzip, fileHeaderBytes, fileFooterBytes
 *   data            bytes, last
 *
 * A field beats the member of that name in `specification`. Only the form is checked here; what options mean is the codec's.
 */

import { HostError } from '../errors.ts';
import type { Door, Exchange } from './exchange.ts';
import { requireMultipart } from './headers.ts';
import { COPYBOOK_FIELDS_MAX_BYTES, COPYBOOK_PARTS_MAX, HELD_FREE_BYTES } from './limits.ts';
import { fieldName } from './multipart.ts';
import { createPartReader, type PartReader, type StreamedPart } from './multipart-stream.ts';

export type Format = 'jsonl' | 'json' | 'csv' | 'arrow';

export interface CopybookRequest {
  readonly copybook: string;
  readonly copies?: Readonly<Record<string, string>>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly format?: Format;
  readonly rows?: number;
  readonly gzip?: 'auto' | 'always' | 'never';
  readonly fileHeaderBytes?: number;
  readonly fileFooterBytes?: number;
}

type Members = Record<string, unknown>;

const NOTHING = new Uint8Array();

const isText = (value: unknown): boolean => typeof value === 'string';
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isOneOf =
  (...choices: readonly string[]) =>
  (value: unknown): boolean =>
    choices.includes(value as string);

/** What a member must be, and how a field of the form gives it. */
const MEMBERS: Readonly<
  Record<
    keyof CopybookRequest,
    { readonly isValid: (value: unknown) => boolean; readonly must: string; readonly kind: 'text' | 'json' }
  >
> = {
  copybook: { isValid: isText, must: 'a text', kind: 'text' },
  copies: {
    isValid: (value) => isObject(value) && Object.values(value as object).every(isText),
    must: 'an object of texts',
    kind: 'json',
  },
  options: { isValid: isObject, must: 'an object', kind: 'json' },
  format: {
    isValid: isOneOf('jsonl', 'json', 'csv', 'arrow'),
    must: 'jsonl, json, csv or arrow',
    kind: 'text',
  },
  rows: { isValid: (value) => isCount(value) && value !== 0, must: 'a whole number from 1', kind: 'json' },
  gzip: { isValid: isOneOf('auto', 'always', 'never'), must: 'auto, always or never', kind: 'text' },
  fileHeaderBytes: { isValid: isCount, must: 'a whole number', kind: 'json' },
  fileFooterBytes: { isValid: isCount, must: 'a whole number', kind: 'json' },
};

/** The members as a request. Throws HTTP_MALFORMED — with all problems. */
export function readCopybookRequest(members: unknown): CopybookRequest {
  if (!isObject(members)) throw new HostError('HTTP_MALFORMED', 'a specification is a JSON object');
  const given = members as Members;
  const problems = Object.keys(given)
    .filter((name) => !Object.hasOwn(MEMBERS, name))
    .map((name) => ({ at: `/${name.slice(0, 64)}`, message: 'is unknown' }));
  for (const [name, { isValid, must }] of Object.entries(MEMBERS)) {
    const value = given[name];
    if (value === undefined ? name === 'copybook' : !isValid(value)) {
      problems.push({ at: `/${name}`, message: `must be ${must}` });
    }
  }
  if (problems.length > 0)
    throw new HostError('HTTP_MALFORMED', 'the specification is not valid', { problems });
  return given as unknown as CopybookRequest;
}

export interface CopybookForm {
  readonly request: CopybookRequest;
  /** Read while it comes. Throws HTTP_MALFORMED — the body ends within it, or another part follows. */
  readonly data: AsyncIterable<Uint8Array>;
}

/**
 * The form as far as its data. Fields are held, and count so. Throws HTTP_MALFORMED, HTTP_UNSUPPORTED_TYPE, HTTP_BODY_TOO_LARGE,
 * HTTP_BYTES_FULL.
 */
export async function readCopybookForm(
  door: Pick<Door, 'held'>,
  { headers, outgoing }: Pick<Exchange, 'headers' | 'outgoing'>,
  tenant: string,
  body: AsyncIterable<Uint8Array>,
): Promise<CopybookForm> {
  const parts = createPartReader(body, requireMultipart(headers, 'multipart/form-data'));
  const fields = new Map<string, Buffer>();
  let leftBytes = COPYBOOK_FIELDS_MAX_BYTES;
  for (let count = 0; count <= COPYBOOK_PARTS_MAX; count++) {
    const part = await parts.next();
    if (part === undefined)
      throw new HostError('HTTP_MALFORMED', 'the form must have a part named data, as its last');
    const name = fieldName({ headers: part.headers, bytes: NOTHING });
    if (name === 'data') return { request: requestOf(fields), data: lastPart(part, parts) };
    if (name === undefined || fields.has(name)) {
      throw new HostError('HTTP_MALFORMED', 'each part of the form must have a name of its own');
    }
    const bytes = await readField(part, leftBytes);
    leftBytes -= bytes.length;
    if (bytes.length > HELD_FREE_BYTES) door.held.take(outgoing, tenant, bytes.length);
    fields.set(name, bytes);
  }
  throw new HostError(
    'HTTP_BODY_TOO_LARGE',
    `the form may have at most ${COPYBOOK_PARTS_MAX} parts before its data`,
  );
}

async function readField({ body }: StreamedPart, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let readBytes = 0;
  for await (const chunk of body) {
    readBytes += chunk.length;
    if (readBytes > maxBytes) {
      const detail = `the parts before the data may have at most ${COPYBOOK_FIELDS_MAX_BYTES} bytes`;
      throw new HostError('HTTP_BODY_TOO_LARGE', detail);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A part behind the data would be read too late to matter, and would be ignored silently. */
async function* lastPart({ body }: StreamedPart, parts: PartReader): AsyncGenerator<Uint8Array> {
  yield* body;
  if ((await parts.next()) === undefined) return;
  throw new HostError('HTTP_MALFORMED', 'the part data must be the last of the form');
}

function requestOf(fields: ReadonlyMap<string, Buffer>): CopybookRequest {
  const specification = fields.get('specification');
  const members: Members = specification === undefined ? {} : { ...parseObject(specification) };
  for (const [name, bytes] of fields) {
    if (name === 'specification') continue;
    const isText = Object.hasOwn(MEMBERS, name) && MEMBERS[name as keyof CopybookRequest].kind === 'text';
    members[name] = isText ? textOf(bytes, name) : parseJson(bytes, name);
  }
  return readCopybookRequest(members);
}

function parseObject(bytes: Buffer): object {
  const value = parseJson(bytes, 'specification');
  if (isObject(value)) return value as object;
  throw new HostError('HTTP_MALFORMED', 'the part specification is no JSON object');
}

function parseJson(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(textOf(bytes, name));
  } catch (cause) {
    if (cause instanceof HostError) throw cause;
    throw new HostError('HTTP_MALFORMED', `the part ${name} is not JSON`, { cause });
  }
}

function textOf(bytes: Buffer, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HostError('HTTP_MALFORMED', `the part ${name} is not UTF-8`, { cause });
  }
}
