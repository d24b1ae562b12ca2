/**
 * The connection of an incoming request, as the executor's thread has it: every piece of a body is asked of the host, or handed
 * to it.
 *
 * Between the objects of `http-server.ts` and the host's side of the exchange. Always: nothing of one call reaches the
 * connection of the next, whatever the guest has kept; at most one piece each way is under way; the host hears of everything before it hears that the call has ended.
 */

import { ServiceFailure } from '../../service-failure.ts';
import type { ExchangeMethod, ExchangeMethods } from '../../service-incoming.ts';
import { type CellContext, GuestTrap } from '../imports-contract.ts';
import type { HttpErrorCode } from './http-errors.ts';
import type { IncomingConnection } from './http-server.ts';

export interface HostConnection extends IncomingConnection {
  /** What the guest answered in the place of a response. */
  readonly guestError: HttpErrorCode | undefined;
  /** The call is over: what is asked from now on fails. */
  end(): void;
}

/** Informational responses have no place in `response-outparam.set`: a client would go on waiting. RFC 9110, section 15.2. */
const STATUS_MIN = 200;

export function createHostConnection(cell: CellContext): HostConnection {
  let isOver = false;
  let guestError: HttpErrorCode | undefined;

  const checkCall = (): void => {
    if (isOver) throw new ServiceFailure('failed', 'the call of this request is over');
  };
  const ask = async <M extends ExchangeMethod>(
    method: M,
    argument: ExchangeMethods[M]['argument'],
  ): Promise<ExchangeMethods[M]['answer']> => {
    checkCall();
    return (await cell.service(method, argument)) as ExchangeMethods[M]['answer'];
  };

  return {
    get guestError() {
      return guestError;
    },
    read: (maxBytes) => ask('request.read', { maxBytes }),
    // The host reads nothing that is not asked for, and throws the rest away when the call ends.
    close: () => {},
    respond(answer) {
      if (answer.kind === 'error') {
        guestError = answer.code;
        return;
      }
      const { status, headers, bodyBytes, hasBody } = answer;
      if (status < STATUS_MIN)
        throw new GuestTrap(`the status of a response is at least ${STATUS_MIN}, not ${status}`);
      // Whoever refuses it refuses the body as well, and says at the end of the call why.
      ask('response.head', { status, headers, bodyBytes, hasBody }).catch(() => undefined);
    },
    write: (bytes) => ask('response.write', { bytes }),
    // Not waited for: the host hears of it before it hears that the call has ended, and what it then refuses it cuts.
    async finish(trailers) {
      checkCall();
      ask('response.finish', { trailers }).catch(() => undefined);
    },
    // The host cuts what is not finished when the call ends.
    abort: () => {},
    end() {
      isOver = true;
    },
  };
}
