/**
 * What an executor is started with.
 */

import type { Services } from '../capability-types.ts';
import type { Clock } from '../clock.ts';
import type { Executor } from '../types.ts';
import type { HostLink, HostLinkOptions } from './link.ts';

/** How often the running request is compared with its deadline while anything is in flight. */
export const SWEEP_MS = 5;

/** An instantiation that takes longer than this hangs (a `start` function that loops). */
export const CREATE_TIMEOUT_MS = 5_000;

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
