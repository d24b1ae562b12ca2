/**
 * One request with its reply: its end is the reply, or a `HotcellError` that says why there is none.
 *
 * Always: it ends by its time or by the caller's signal; a reply is never read past its limit; what could not be sent at
 * all did not run.
 */

import { failureOf, HotcellError } from './failure.ts';
import type { ClientTime } from './time.ts';

export interface ExchangeRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | undefined;
  /** Until when the whole reply must be there, in ms from now. Infinity for a stream. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface ExchangeWorld {
  readonly fetch: typeof fetch;
  readonly time: ClientTime;
}

/** What a host is given beyond its own limit, so that its error comes before the client gives up. */
export const GRACE_MS = 500;

/** Errors of a connection that was never there. Source: Node's and undici's codes. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Gives a reply of success to `read`; resolves to what that gives. Throws HotcellError. */
export async function exchange<T>(
  world: ExchangeWorld,
  request: ExchangeRequest,
  read: (response: Response) => Promise<T>,
): Promise<T> {
  const { method, url, headers, body, timeoutMs, signal } = request;
  const ending = new AbortController();
  let isLate = false;
  const stopTimer =
    timeoutMs === Number.POSITIVE_INFINITY
      ? () => {}
      : world.time.after(timeoutMs + GRACE_MS, () => {
          isLate = true;
          ending.abort();
        });
  const leave = (): void => ending.abort();
  signal?.addEventListener('abort', leave, { once: true });
  if (signal?.aborted) leave();
  try {
    const init = { method, headers, signal: ending.signal, redirect: 'error' as const };
    const response = await world.fetch(url, body === undefined ? init : { ...init, body, ...half(body) });
    if (!response.ok) throw failureOf(response.status, response.headers, await failureText(response));
    return await read(response);
  } catch (error) {
    if (error instanceof HotcellError) throw error;
    if (signal?.aborted) throw new HotcellError('CLIENT_ABORTED', 'the call was given up', { cause: error });
    if (isLate) {
      throw new HotcellError('CLIENT_TIMEOUT', `no reply within ${timeoutMs} ms`, { cause: error });
    }
    throw unreachable(error);
  } finally {
    stopTimer();
    // A stream goes on behind this, and ends by the signal.
    if (timeoutMs !== Number.POSITIVE_INFINITY) signal?.removeEventListener('abort', leave);
  }
}

/** A stream can only be sent while the reply is not read yet. Source: Fetch Standard, `RequestDuplex`. */
const half = (body: unknown): object => (body instanceof ReadableStream ? { duplex: 'half' } : {});

function unreachable(error: unknown): HotcellError {
  const cause = (error as { cause?: { code?: unknown } } | undefined)?.cause;
  const mayHaveRun = !NEVER_SENT.has(String(cause?.code));
  const detail = mayHaveRun ? 'the connection ended before the reply' : 'no connection to the host';
  return new HotcellError('CLIENT_UNREACHABLE', detail, { retryable: true, mayHaveRun, cause: error });
}

/** A problem document has a few hundred bytes, and a thousand problems some ten thousand. */
const FAILURE_MAX_BYTES = 1024 * 1024;

async function failureText(response: Response): Promise<string> {
  return new TextDecoder().decode(await readBytes(response, FAILURE_MAX_BYTES));
}

/** The whole body. Throws CLIENT_BAD_REPLY — longer than that; what ends the connection. */
export async function readBytes(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  // Not by `for await`: not every browser can do that.
  const reader = response.body?.getReader();
  for (let next = await reader?.read(); next?.value !== undefined; next = await reader?.read()) {
    const chunk = next.value;
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) {
      // Ends the connection.
      await reader?.cancel();
      throw new HotcellError('CLIENT_BAD_REPLY', `the reply is longer than ${maxBytes} bytes`, {
        status: response.status,
        requestId: response.headers.get('x-request-id') ?? undefined,
      });
    }
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const bytes = new Uint8Array(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
