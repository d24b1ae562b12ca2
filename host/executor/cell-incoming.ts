/**
 * A cell of a component that answers HTTP: it is entered with the head of a request, and its end says whether a response came
 * of it.
 *
 * The bodies pass beside the call, piece by piece (`wasi/http-connection.ts`); the payload of the call is the head as plain data
 * (`service-incoming.ts`), and it has no result. Always: the guest runs on a stack of its own; when `handle` has returned, what
 * the guest has written is handed over before the call ends, within its deadline. It has no health check: it is well as long
 * as it does not crash.
 */

import { decodePlain } from '../plain-data.ts';
import type { IncomingRequestHead } from '../service-incoming.ts';
import type { LinkPlan } from '../types.ts';
import type { CellAbi } from './abi.ts';
import type { Flat } from './abi-codec.ts';
import { CellEntry, type CellParts, findLifted, type Lifted } from './cell-entry.ts';
import { type Bounds, type Cell, type CellEnd, OK, UNBOUNDED } from './cell-face.ts';
import type { GuestContext } from './imports-context.ts';
import { createHostConnection, type HostConnection } from './wasi/http-connection.ts';
import { createIncomingExchange, type IncomingExchange } from './wasi/http-server.ts';

/** A request that the guest was given. */
interface Begun {
  readonly isHead: boolean;
  readonly connection: HostConnection;
  readonly exchange: IncomingExchange;
  readonly inputs: readonly Flat[];
}

export class IncomingCell implements Cell {
  /** It waits for its client. */
  readonly isSuspendable = true;
  readonly #entry: CellEntry;
  readonly #abi: CellAbi;
  readonly #context: GuestContext;
  readonly #handle: Lifted;
  readonly #exportIndex: number;
  readonly #memories: readonly WebAssembly.Memory[];

  /** `exportIndex` is that of `handle`. */
  constructor(
    parts: CellParts & { readonly abi: CellAbi; readonly context: GuestContext },
    plan: LinkPlan,
    exportIndex: number,
  ) {
    const exported = plan.exports[exportIndex];
    if (exported === undefined) throw new Error(`a plan without export ${exportIndex}`);
    this.#entry = new CellEntry(parts);
    this.#abi = parts.abi;
    this.#context = parts.context;
    this.#handle = findLifted(parts.instances, exported.lifted);
    this.#exportIndex = exportIndex;
    this.#memories = memoriesOf(parts.instances);
  }

  get memoryBytes(): number {
    return this.#memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  }

  get fuelUsed(): number | undefined {
    return this.#entry.fuelUsed;
  }

  invoke(): CellEnd {
    throw new Error('a guest that answers HTTP waits: it needs a stack of its own');
  }

  /** The payload is copied before this returns. Resolves when the call has ended, or has given the thread away after `handle`. */
  invokeSuspendably(
    _operation: Uint8Array,
    payload: Uint8Array,
    _outputMaxBytes: number,
    _take: (bytes: Uint8Array) => void,
    onEnd: (end: CellEnd) => void,
    bounds: Bounds = UNBOUNDED,
  ): Promise<void> {
    // Whoever waits for this has to go on before what the guest has written can be taken.
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#entry.enter(bounds);
    this.#run(payload, resolve).then((end) => {
      onEnd(end);
      resolve();
    }, reject);
    return promise;
  }

  health(): CellEnd {
    return OK;
  }

  async healthSuspendably(onEnd: (end: CellEnd) => void): Promise<void> {
    onEnd(OK);
  }

  abandon(): void {
    this.#entry.abandon();
  }

  /** Resolves with the guest having the thread, or being dead. Rejects by an error of the host alone. */
  async #run(payload: Uint8Array, onRest: () => void): Promise<CellEnd> {
    const entry = this.#entry;
    let begun: Begun | undefined;
    try {
      const given = entry.unsuspended(() => this.#begin(payload));
      begun = given;
      await entry.run(this.#handle, given.inputs);
      entry.resume();
      entry.unsuspended(() => this.#endHandle());
      onRest();
      const how = await entry.wait(given.exchange.settled());
      given.connection.end();
      entry.endContext();
      return entry.leave(toEnd(how, given));
    } catch (error) {
      begun?.connection.end();
      return entry.crash(error);
    }
  }

  /** Makes the two handles that the guest owns. */
  #begin(payload: Uint8Array): Begun {
    const head = decodePlain(payload) as IncomingRequestHead;
    const connection = createHostConnection(this.#context);
    const exchange = createIncomingExchange(
      this.#context,
      { ...head, authority: head.authority },
      connection,
    );
    const inputs = this.#abi.lowerArguments(this.#exportIndex, [exchange.request, exchange.responseOut]);
    return { isHead: head.method === 'HEAD', connection, exchange, inputs };
  }

  #endHandle(): void {
    this.#abi.liftResult(this.#exportIndex, undefined);
    const { postReturn } = this.#handle;
    if (postReturn) this.#entry.withoutLeaving(() => postReturn());
  }
}

function toEnd(
  how: Awaited<ReturnType<IncomingExchange['settled']>>,
  { isHead, connection }: Begun,
): CellEnd {
  switch (how) {
    case 'answered':
      return OK;
    case 'failed': {
      const message = `the adapter answered with the error ${connection.guestError?.tag}`;
      return { kind: 'failure', failure: 'internal', message };
    }
    case 'unanswered':
      return {
        kind: 'failure',
        failure: 'no-response',
        message: 'the adapter returned and had set no response',
      };
    case 'cut':
      // The response to HEAD is whole with its head, whatever length it tells.
      if (isHead) return OK;
      return {
        kind: 'failure',
        failure: 'response-cut',
        message: 'the body of the response was dropped before it was finished',
      };
  }
}

/** All that the instances show of them: what is not exported cannot be seen. */
function memoriesOf(instances: readonly WebAssembly.Exports[]): WebAssembly.Memory[] {
  const found = instances
    .flatMap((exports) => Object.values(exports))
    .filter((item) => item instanceof WebAssembly.Memory);
  return [...new Set(found)];
}
