/**
 * What an executor is started with.
 */

import type { Services } from '../capability-types.ts';
import type { Clock } from '../clock.ts';
import type { Executor } from '../types.ts';
import type { HostLink, HostLinkOptions } from './link.ts';

export interface ThreadExecutorOptions {
  readonly id: number;
  readonly clock: Clock;
  /** A running guest past its deadline is left so long before the thread is killed. */
  readonly killGraceMs: number;
  /** Called once when the thread is gone, before pending requests are settled. */
  readonly onEnd: (executor: Executor, end: 'killed' | 'died' | 'stopped') => void;
  /** Memories of dropped cells that the garbage collector has taken. */
  readonly onCollected: (executor: Executor, memories: number) => void;
  /** Longest instantiation in ms, counted from its begin. Default 5,000. */
  readonly createTimeoutMs?: number;
  /** Number before that of the first request; numbers wrap at 2³¹. Default 0. */
  readonly lastSequence?: number;
  /** What guests may ask of the host. */
  readonly services?: Services | undefined;
  /** What the thread runs. Default `thread.ts`. */
  readonly threadUrl?: URL;
  /** Starts what runs the cells. Default: a thread. */
  readonly startLink?: (options: HostLinkOptions) => HostLink;
}
