/**
 * The log: JSON lines through pino, written asynchronously and many at once, so that a line costs the serving thread microseconds.
 *
 * One line per call, one per request that was refused before it became a call, and one per notice. No line ever holds a payload, a result, or the text a guest answered with:
 * all three are the tenant's. Everything else passes `redact`. Buffered lines are written when the log is closed, when
 * the process exits, and when it dies of an error; a reader that is too slow or gone costs lines, which are counted,
 * and never the host.
 */

import { type DestinationStream, destination as openDestination, pino } from 'pino';
import type { HttpRefusedEvent, InvokeEvent, NoticeEvent } from '../channels.ts';
import type { Clock, Timer } from '../clock.ts';
import { isOwnTenant } from '../option-values.ts';
import { REDACTED, redact, redactText } from './redact.ts';

type Level = NoticeEvent['level'];
type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export interface LogOptions {
  /** A pino level: trace, debug, info, warn, error, fatal or silent. */
  readonly level: string;
  /** A file descriptor, 1 for stdout, or a stream that takes lines. */
  readonly destination: 1 | 2 | DestinationStream;
  readonly clock: Clock;
}

export interface LogWriter extends Log {
  onInvoke(event: InvokeEvent): void;
  onHttpRefused(event: HttpRefusedEvent): void;
  onNotice(event: NoticeEvent): void;
  /** Lines dropped because the reader was too slow, and writes that failed. */
  linesLost(): number;
  /** Writes what is buffered. Idempotent. */
  close(): Promise<void>;
}

/** What may wait for a slow reader: about 40,000 lines. */
const BUFFER_MAX_BYTES = 16 * 1024 * 1024;
/** Lines are written together, about 40 at once: a write for each line was an eighth of a call's cost on the serving thread. */
const WRITE_BYTES = 16_000;
/** No line waits longer for others: what a reader who follows the log does not notice. */
const WRITE_DELAY_MS = 100;
/** Names that callers make up are cut; W3C trace context has 55 characters, tracers may add some. */
const NAME_MAX_CHARS = 128;

export function createLog(options: LogOptions): LogWriter {
  let lost = 0;
  const opened =
    typeof options.destination === 'number'
      ? openDestination({
          dest: options.destination,
          sync: false,
          minLength: WRITE_BYTES,
          maxLength: BUFFER_MAX_BYTES,
        })
      : undefined;
  const logger = pino(
    {
      level: options.level,
      base: { pid: process.pid },
      timestamp: createTimestamp(options.clock),
      formatters: { level: (label) => ({ level: label }) },
    },
    opened ?? (options.destination as DestinationStream),
  );

  // A closed pipe must not end the host: lines are lost and counted.
  opened?.on('error', () => {
    lost++;
    isWriting = false;
  });
  opened?.on('drop', () => void lost++);

  let delay: Timer | undefined;
  let isWriting = false;
  /** A line was logged: it is written before long, whether or not others follow. */
  function logged(): void {
    if (opened !== undefined) delay ??= options.clock.after(WRITE_DELAY_MS, () => writeOut(opened));
  }
  function writeOut(stream: NonNullable<typeof opened>): void {
    delay = undefined;
    if (isWriting) {
      logged();
      return;
    }
    isWriting = true;
    stream.flush();
  }
  // A stream that was full and began to write by itself leaves behind it what came meanwhile.
  opened?.on('drain', () => {
    if (isWriting) opened.flush();
    isWriting = false;
  });

  function flush(): void {
    try {
      opened?.flushSync();
    } catch {
      // The reader is gone, and so is the only place to say it.
      lost++;
    }
  }
  const onFatal = (error: unknown): void => {
    logger.fatal({ cause: redact(error) }, 'the process ends: an error nobody caught');
    flush();
  };
  // A stream that was handed in buffers nothing here; whoever made it flushes it.
  if (opened !== undefined) {
    process.on('exit', flush);
    process.on('uncaughtExceptionMonitor', onFatal);
  }

  function write(level: Level, message: string, fields: Fields | undefined): void {
    if (!logger.isLevelEnabled(level)) return;
    logger[level](redact(fields ?? {}), redactText(message));
    logged();
  }

  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),

    onInvoke(event) {
      const level = levelOf(event);
      if (!logger.isLevelEnabled(level)) return;
      logger[level](invokeFields(event), 'invoke');
      logged();
    },

    onHttpRefused({ requestId, method, route, status, code }) {
      if (!logger.isLevelEnabled('info')) return;
      logger.info({ requestId: name(requestId), method, route, status, code }, 'refused');
      logged();
    },

    onNotice({ level, event, message, fields, cause }) {
      write(level, message, { event, ...fields, ...(cause === undefined ? {} : { cause }) });
    },

    linesLost: () => lost,

    async close() {
      process.off('exit', flush);
      process.off('uncaughtExceptionMonitor', onFatal);
      delay?.cancel();
      flush();
    },
  };
}

/** ISO 8601, made once a millisecond: many calls end in the same one. */
function createTimestamp(clock: Clock): () => string {
  let madeMs = Number.NaN;
  let made = '';
  return () => {
    const nowMs = Math.trunc(clock.now());
    if (nowMs !== madeMs) made = `,"time":"${new Date(nowMs).toISOString()}"`;
    madeMs = nowMs;
    return made;
  };
}

/**
 * The host's own mistakes and failures are for somebody to look at; what a caller did wrong is not. A call that the host
 * made for itself is a detail of something else: the vault makes one for every 64 KiB of a stream.
 */
function levelOf({ receipt, error }: InvokeEvent): Level {
  if (error === undefined && isOwnTenant(receipt.tenant)) return 'debug';
  if (error === undefined || error.status < 500) return 'info';
  return error.code === 'HOST_INTERNAL' ? 'error' : 'warn';
}

function invokeFields({ receipt, error, traceparent }: InvokeEvent): Record<string, unknown> {
  const { usage } = receipt;
  const fields: Record<string, unknown> = {
    requestId: name(receipt.requestId),
    adapter: name(receipt.adapter),
    version: name(receipt.version),
    operation: name(receipt.operation),
    tenant: name(receipt.tenant),
    outcome: receipt.outcome,
    queueMs: rounded(usage.queueMs),
    runMs: rounded(usage.runMs),
    attempts: usage.attempts,
    inputBytes: usage.inputBytes,
    outputBytes: usage.outputBytes,
  };
  if (usage.fuel !== undefined) fields.fuel = usage.fuel;
  if (traceparent !== undefined) fields.traceparent = name(traceparent);
  if (error !== undefined) {
    // What an ADAPTER_ error says is the guest's, and it may say back what it was sent.
    const isGuestText = error.code.startsWith('ADAPTER_');
    fields.detail = isGuestText ? REDACTED : redactText(error.detail);
    if (error.cause !== undefined && !isGuestText) fields.cause = redact(error.cause);
  }
  return fields;
}

const name = (text: string): string =>
  text.length > NAME_MAX_CHARS ? `${text.slice(0, NAME_MAX_CHARS)}…` : text;
/** Microseconds are enough, and sixteen digits are not. */
const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
