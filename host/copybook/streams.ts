/**
 * A conversion as a stream for its reader: nothing happens before it is read, it ends once, and however it ends its source
 * is told and its calls are left.
 */

import { ReadableStream } from 'node:stream/web';
import { type ErrorCode, HostError, toHostError } from '../errors.ts';
import { closedError } from './calls.ts';

export interface StreamEnd {
  readonly outcome: 'ok' | 'cancelled' | ErrorCode;
  readonly outputBytes: number;
}

export interface CodecStream {
  readonly readable: ReadableStream<Uint8Array>;
  /** Ends it with COPYBOOK_CLOSED wherever it stands. */
  close(): void;
}

/** `begin` is called with the first read; its signal is aborted at every end. `onEnd` comes once. */
export function createCodecStream(options: {
  readonly begin: (signal: AbortSignal) => AsyncIterator<Uint8Array>;
  /** Of the caller. */
  readonly signal: AbortSignal | undefined;
  readonly onEnd: (end: StreamEnd) => void;
}): CodecStream {
  const { begin, signal, onEnd } = options;
  const ending = new AbortController();
  let output: AsyncIterator<Uint8Array> | undefined;
  let outputBytes = 0;
  let fail: (error: unknown) => void = () => {};

  const end = (outcome: StreamEnd['outcome'], reason?: unknown): void => {
    if (ending.signal.aborted) return;
    signal?.removeEventListener('abort', onAbort);
    // Also after the last byte: whoever still waits for anything of this stream waits in vain.
    ending.abort(reason ?? closedError());
    onEnd({ outcome, outputBytes });
  };
  const endWith = (outcome: StreamEnd['outcome'], error: unknown): void => {
    if (ending.signal.aborted) return;
    fail(error);
    end(outcome, error);
  };
  const onAbort = (): void => endWith('cancelled', signal?.reason);

  const readable = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        fail = (error) => controller.error(error);
      },
      async pull(controller) {
        try {
          output ??= begin(ending.signal);
          const next = await output.next();
          if (ending.signal.aborted) return;
          if (next.done === true) {
            end('ok');
            controller.close();
          } else {
            outputBytes += next.value.length;
            controller.enqueue(next.value);
          }
        } catch (error) {
          // After the end by the caller this is its echo, and nobody reads it.
          if (ending.signal.aborted) return;
          const known = error instanceof HostError ? error : undefined;
          endWith(known?.code ?? toHostError(error).code, error);
        }
      },
      cancel: (reason) => end('cancelled', reason),
    },
    { highWaterMark: 0 },
  );
  // A turn later: the end of a stream is never told before its maker has it.
  if (signal?.aborted === true) queueMicrotask(onAbort);
  else signal?.addEventListener('abort', onAbort, { once: true });
  return { readable, close: () => endWith('COPYBOOK_CLOSED', closedError()) };
}
