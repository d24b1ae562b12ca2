/**
 * POST /v1/copybook/{layout,decode,encode,detect}: a copybook in a form, records or lines in its last part, rows as the reply.
 *
 * Both directions stream with backpressure; nothing of the data is held but what is in flight, which counts as held bytes. The
 * reply's head waits for the first rows, so that a mistake in the copybook, or in the first record, is a problem document.
 * What fails later cuts the connection: a reply that ended cleanly was whole.
 */

import { HostError } from '../errors.ts';
import { type Answer, jsonAnswer, linger } from './answer.ts';
import { readBody } from './body.ts';
import { streamBody } from './body-stream.ts';
import {
  type CopybookForm,
  type CopybookRequest,
  type Format,
  readCopybookForm,
  readCopybookRequest,
} from './copybook-form.ts';
import type { Answerer, Door, Exchange } from './exchange.ts';
import { credentialsOf, requireJson } from './headers.ts';
import * as limits from './limits.ts';
import { createShares } from './shares.ts';
import { requireStreaming, sendStream } from './stream-reply.ts';

/** What this door needs of a codec. */
export interface Codec {
  layout(): Promise<object>;
  detect(source: AsyncIterable<Uint8Array>): Promise<object>;
  decode(
    source: AsyncIterable<Uint8Array>,
    options: { readonly format?: Format; readonly rows?: number },
  ): AsyncIterable<Uint8Array>;
  encode(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface CodecRequest extends Omit<CopybookRequest, 'format' | 'rows'> {
  readonly tenant: string;
  readonly requestId: string;
  readonly piecesMax: number;
  readonly pieceBytes: number;
  readonly unpackedMaxBytes: number;
}

export interface CopybookDoor {
  /** Throws what a specification can be refused for at once. */
  readonly open: (request: CodecRequest) => Codec;
  /** Longest body, and longest that a packed one may become, in bytes. */
  readonly streamMaxBytes: number;
  /** How long a body may stand still while its next byte is waited for. */
  readonly streamIdleMs: number;
}

export const ROW_MEDIA_TYPES: Readonly<Record<Format, string>> = {
  jsonl: 'application/x-ndjson',
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  arrow: 'application/vnd.apache.arrow.stream',
};

/** The routes; decoding and encoding count the streams of a tenant together. */
export function createCopybookAnswerers(
  door: Door,
  options: CopybookDoor | undefined,
): Readonly<Record<'layout' | 'detect' | 'decode' | 'encode', Answerer>> {
  const enter = createShares('COPYBOOK_TENANT_SHARE', limits.COPYBOOK_STREAMS_PER_TENANT_MAX);

  const requireDoor = (): CopybookDoor => {
    if (options !== undefined) return options;
    throw new HostError('REGISTRY_NOT_FOUND', 'this host has no copybook codec');
  };

  const withCodec = async <T>(
    { open, streamMaxBytes }: CopybookDoor,
    { requestId }: Exchange,
    tenant: string,
    { format: _format, rows: _rows, ...request }: CopybookRequest,
    use: (codec: Codec) => Promise<T>,
  ): Promise<T> => {
    const codec = open({
      ...request,
      tenant,
      requestId,
      piecesMax: limits.COPYBOOK_PIECES_MAX,
      pieceBytes: limits.COPYBOOK_PIECE_BYTES,
      unpackedMaxBytes: streamMaxBytes,
    });
    try {
      return await use(codec);
    } finally {
      await codec.close();
    }
  };

  /** A form whose data is read by `use`. */
  const withForm =
    (use: (exchange: Exchange, form: CopybookForm, codec: Codec) => Promise<Answer | 'streamed'>): Answerer =>
    async (exchange) => {
      const { headers, incoming, outgoing } = exchange;
      const { tenant } = door.host.identify(credentialsOf(headers));
      const given = requireDoor();
      requireStreaming(exchange);
      const { streamMaxBytes: maxBytes, streamIdleMs: idleMs } = given;
      const body = streamBody(incoming, { maxBytes, idleMs, clock: door.clock });
      // From here on idleness alone limits it: a large file may take hours.
      door.arrivals.release(incoming);
      let leave = (): void => {};
      try {
        leave = enter(tenant);
        door.arrivals.release(incoming);
        door.held.take(outgoing, tenant, limits.COPYBOOK_STREAM_HELD_BYTES);
        const form = await readCopybookForm(door, exchange, tenant, body);
        // Rows may be there before their source has ended: it is not read for ever.
        outgoing.once('finish', () => linger(incoming, door.clock));
        return await withCodec(given, exchange, tenant, form.request, (codec) => use(exchange, form, codec));
      } finally {
        leave();
        body.discard();
      }
    };

  return {
    async layout(exchange): Promise<Answer> {
      const { tenant } = door.host.identify(credentialsOf(exchange.headers));
      const given = requireDoor();
      requireJson(exchange.headers);
      const body = await readBody(door, exchange, tenant, limits.COPYBOOK_FIELDS_MAX_BYTES);
      let members: unknown;
      try {
        members = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
      } catch (cause) {
        throw new HostError('HTTP_MALFORMED', 'the body is not JSON in UTF-8', { cause });
      }
      const request = readCopybookRequest(members);
      return withCodec(given, exchange, tenant, request, async (codec) =>
        jsonAnswer(200, await codec.layout()),
      );
    },

    detect: withForm(async (_exchange, { data }, codec) => jsonAnswer(200, await codec.detect(data))),

    decode: withForm(async (exchange, { request, data }, codec) => {
      const { format, rows } = request;
      const wanted = format ?? formatOf(request.options?.output);
      const stream = codec.decode(data, { format: wanted, ...(rows === undefined ? {} : { rows }) });
      await sendStream(door, exchange, stream, ROW_MEDIA_TYPES[wanted]);
      return 'streamed';
    }),

    encode: withForm(async (exchange, { data }, codec) => {
      await sendStream(door, exchange, codec.encode(data), 'application/octet-stream');
      return 'streamed';
    }),
  };
}

/** Throws HTTP_MALFORMED — the option names no format. */
function formatOf(output: unknown): Format {
  if (output === undefined) return 'jsonl';
  if (output === 'columns') return 'arrow';
  if (typeof output === 'string' && Object.hasOwn(ROW_MEDIA_TYPES, output)) return output as Format;
  throw new HostError(
    'HTTP_MALFORMED',
    `the option output is one of ${Object.keys(ROW_MEDIA_TYPES).join(', ')}`,
  );
}
