/**
 * What the imports of one cell may use: its grants, the log and the services of the host, within the limits of the call.
 *
 * Runs in the executor's thread, one for each cell. Always: what was asked for one call is not answered to the next; a
 * log beyond its bytes is counted and not kept; a guest has so many questions open at once and no more.
 */

import type { Grants, LogGrant } from '../capability-types.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ServiceFailure } from '../service-failure.ts';
import type { Guest } from './guest.ts';
import type { CellContext } from './imports-contract.ts';

export type LogLevel = LogGrant['level'];

export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error'];

/** Where a cell's questions and lines go. */
export interface HostPort {
  /** Throws ServiceFailure — what the guest may be told. */
  service(method: string, argument: unknown): Promise<unknown>;
  log(level: LogLevel, message: string): void;
}

/** Questions that a call may have open: a guest waits for one at a time, or polls a few. */
const OPEN_MAX = 64;

/** What a line costs at least, in bytes of what a call may log: the log of the host has its own words about each, and short ones add up. */
const LINE_MIN_BYTES = 64;

/**
 * A question to the host, in bytes, beside the body of a granted request: the largest value of the store, with names and headers. The
 * host reads questions in the loop that serves everybody, so what it would refuse anyhow does not get there.
 */
const QUESTION_MAX_BYTES = 1024 * 1024 + 256 * 1024;
/** What each part of a question counts beside its bytes: it is written and read as text. */
const PART_BYTES = 32;

const encoder = new TextEncoder();

/** For cells that nobody listens to: what they log is gone, and no service answers. */
const NOBODY: HostPort = {
  service: () => Promise.reject(new ServiceFailure('unavailable', 'no service is there')),
  log: () => {},
};

export class GuestContext implements CellContext {
  readonly grants: Grants;
  readonly clock: Clock = systemClock;
  readonly #guest: Guest;
  readonly #host: HostPort;
  readonly #states = new Map<symbol, unknown>();
  #logBytesLeft = 0;
  #lostLines = 0;
  /** Questions of the call under way: a count of its own, as those of the calls before may still be answered. */
  #open = { count: 0 };

  constructor(guest: Guest, grants: Grants = {}, host: HostPort = NOBODY) {
    this.#guest = guest;
    this.grants = grants;
    this.#host = host;
    this.begin();
  }

  get deadlineMs(): number {
    return this.#guest.deadlineMs;
  }

  /** A call begins, or the cell. */
  begin(): void {
    this.#logBytesLeft = this.grants.log?.callMaxBytes ?? 0;
    this.#lostLines = 0;
    this.#open = { count: 0 };
  }

  /** The call has ended: says what its log lost. */
  end(): void {
    if (this.#lostLines === 0) return;
    const lost = this.#lostLines === 1 ? 'one line' : `${this.#lostLines} lines`;
    this.#host.log(
      'warn',
      `${lost} more than the ${this.grants.log?.callMaxBytes} bytes that a call may log`,
    );
    this.#lostLines = 0;
  }

  log(level: LogLevel, message: string): void {
    const grant = this.grants.log;
    if (!grant || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(grant.level)) return;
    if (this.#logBytesLeft <= 0) {
      this.#lostLines++;
      return;
    }
    const bytes = encoder.encode(message).length;
    // A character has at most three times as many bytes as units: cut by the share, never in the middle of a pair.
    const kept =
      bytes <= this.#logBytesLeft
        ? message
        : message.slice(0, Math.floor(this.#logBytesLeft / 3)).toWellFormed();
    this.#logBytesLeft -= Math.max(bytes, LINE_MIN_BYTES);
    this.#host.log(level, kept);
  }

  async service(method: string, argument: unknown): Promise<unknown> {
    const maxBytes = QUESTION_MAX_BYTES + (this.grants.http?.requestMaxBytes ?? 0);
    if (bytesOf(argument) > maxBytes)
      throw new ServiceFailure('too-large', `a request to the host has at most ${maxBytes} bytes`);
    const open = this.#open;
    if (open.count >= OPEN_MAX)
      throw new ServiceFailure(
        'quota',
        `${OPEN_MAX} requests to the host are open, the most a call may have`,
      );
    open.count++;
    try {
      return await this.#host.service(method, argument);
    } finally {
      open.count--;
    }
  }

  state<T>(key: symbol, make: () => T): T {
    if (!this.#states.has(key)) this.#states.set(key, make());
    return this.#states.get(key) as T;
  }
}

/** About as many bytes as it has when it is sent. */
function bytesOf(part: unknown): number {
  if (typeof part === 'string') return PART_BYTES + part.length;
  if (part instanceof Uint8Array) return PART_BYTES + part.length;
  if (typeof part !== 'object' || part === null) return PART_BYTES;
  let bytes = PART_BYTES;
  for (const member of Object.values(part)) bytes += bytesOf(member);
  return bytes;
}
