/**
 * What cells asked of the host and is not answered yet, by number.
 *
 * Always: a question is settled once, by the answer with its number; a number is not used again before it wraps at 2³¹.
 */

import { decodePlain, encodePlain } from '../plain-data.ts';
import { ServiceFailure, type ServiceFailureCode } from '../service-failure.ts';
import { SERVED_FAILURE, SERVED_OK } from './protocol.ts';

export interface Questions {
  /** `send` gets the number and the bytes of the question. */
  ask(method: string, argument: unknown, send: (number: number, bytes: Uint8Array) => void): Promise<unknown>;
  /**
   * Reads an answer; gives what hands it to whoever asked, undefined when nobody did. The bytes are borrowed.
   * Rejects with ServiceFailure — the guest may be told; Error — the host failed.
   */
  settle(number: number, status: number, bytes: Uint8Array): (() => void) | undefined;
}

export function createQuestions(): Questions {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  return {
    ask(method, argument, send) {
      const bytes = encodePlain({ method, argument });
      last = (last + 1) & 0x7fffffff;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      open.set(last, { resolve, reject });
      send(last, bytes);
      return promise;
    },
    settle(number, status, bytes) {
      const question = open.get(number);
      open.delete(number);
      const value = decodePlain(bytes);
      return (
        question &&
        (() => {
          if (status === SERVED_OK) {
            question.resolve(value);
            return;
          }
          const { code, message } = value as { code: ServiceFailureCode; message: string };
          question.reject(status === SERVED_FAILURE ? new ServiceFailure(code, message) : new Error(message));
        })
      );
    },
  };
}
