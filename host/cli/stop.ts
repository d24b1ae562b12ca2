/** A signal as the end of a command that streams: who waits for anything else waits for this too. */

import { type ErrorCode, HostError } from '../errors.ts';
import type { World } from './world.ts';

export interface Stop {
  readonly isAsked: boolean;
  /** Rejects with the first signal. */
  readonly asked: Promise<never>;
  close(): void;
}

/** `code`: of the error that the first signal becomes. */
export function listenForStop(world: World, code: ErrorCode): Stop {
  const { promise: asked, reject } = Promise.withResolvers<never>();
  // It may come when nobody waits for it any more.
  asked.catch(() => {});
  let isAsked = false;
  const close = world.signals((signal) => {
    isAsked = true;
    reject(new HostError(code, `${signal}: ended before the whole was done`));
  });
  return {
    get isAsked() {
      return isAsked;
    },
    asked,
    close,
  };
}
