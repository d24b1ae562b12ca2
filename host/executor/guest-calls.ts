/**
 * What guests ask of the host while they run, on the host's side: services, and lines for the log.
 *
 * One `ServiceSession` for each call that asks anything, made at its first question and ended with it. Always: every question is
 * answered, also when its call is over; what is not a `ServiceFailure` is an error of the host, told in the log and to
 * the executor as such, which ends the cell.
 */

import type { Caller, ServiceSession, Services } from '../capability-types.ts';
import { guestLogChannel, notice } from '../channels.ts';
import { HostError } from '../errors.ts';
import { decodePlain, encodePlain } from '../plain-data.ts';
import { ServiceFailure } from '../service-failure.ts';
import { type CallExchange, isExchangeMethod } from '../service-incoming.ts';
import type { RunRequest } from '../types.ts';
import { LOG_LEVELS } from './imports-context.ts';
import { SERVED_FAILURE, SERVED_FAULT, SERVED_OK } from './protocol.ts';

/** One call of a guest, as far as it may ask. */
export interface Asker {
  readonly caller: Caller;
  /** Of a call that answers a request. */
  readonly exchange?: CallExchange | undefined;
  session: ServiceSession | undefined;
}

export function askerOf({ caller, deadlineMs, exchange }: RunRequest): Asker | undefined {
  return caller && { caller: { ...caller, deadlineMs }, exchange, session: undefined };
}

/** How a question ended, and the bytes that say it. */
export type Answer = (status: number, bytes: Uint8Array) => void;

export interface GuestCalls {
  /** `asker` is undefined when the call is over. */
  ask(asker: Asker | undefined, question: Uint8Array, answer: Answer): void;
  /** A line of a call that is over is nobody's. */
  log(asker: Asker | undefined, level: number, line: Uint8Array): void;
}

const decoder = new TextDecoder();

export function createGuestCalls(services: Services | undefined): GuestCalls {
  const serve = async (asker: Asker | undefined, question: Uint8Array): Promise<unknown> => {
    const { method, argument } = decodePlain(question) as { method: string; argument: unknown };
    if (!asker) throw new ServiceFailure('unavailable', 'the call is over');
    if (asker.exchange && isExchangeMethod(method)) return await asker.exchange.call(method, argument);
    if (!services) throw new ServiceFailure('unavailable', 'this host has no services');
    asker.session ??= services.open(asker.caller);
    return await asker.session.call(method, argument);
  };
  return {
    ask(asker, question, answer) {
      serve(asker, question).then(
        (value) => answer(SERVED_OK, encodePlain(value)),
        (error: unknown) => {
          if (error instanceof ServiceFailure) {
            answer(SERVED_FAILURE, encodePlain({ code: error.code, message: error.message }));
            return;
          }
          // What came too late for its call is nobody's fault.
          if (!(error instanceof HostError))
            notice({ level: 'error', event: 'service.failed', message: 'a service failed', cause: error });
          answer(SERVED_FAULT, encodePlain({ message: 'a service of the host failed' }));
        },
      );
    },
    log(asker, level, line) {
      if (!asker || !guestLogChannel.hasSubscribers) return;
      const { adapter, tenant, requestId } = asker.caller;
      const message = decoder.decode(line);
      guestLogChannel.publish({ adapter, tenant, requestId, level: LOG_LEVELS[level] ?? 'error', message });
    },
  };
}
