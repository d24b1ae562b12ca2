/**
 * A subject: one way of running a guest, ours or a peer's, in one configuration. It runs in a process of its own
 * (subject-process.ts) and does one workload there; what it cannot do it says, and its row then says so.
 *
 * Guests of one workload do the same work on the same bytes, whatever binary a subject needs: answers are compared first.
 */

/**
 * `echo-64B`: the input back. `transform-4KiB`: every byte XOR 0x5a. `cpu-1ms`: a fixed number of rounds of a hash over 64 bytes that takes about a
 * millisecond here, its digest back. `javascript-64B`: the input back from a guest written in JavaScript.
 */
export const WORKLOADS = ['echo-64B', 'transform-4KiB', 'cpu-1ms', 'javascript-64B'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** What a subject does once it stands. A way that is left out is one it has not. */
export interface Standing {
  /** A call on an instance that was there before. */
  warm?(input: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** An instance that nobody used before, in a process, thread and engine that are warm; one call; given up. */
  cold?(input: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** `POST` the input here, the answer comes back. Loopback. */
  readonly url?: string;
  close(): void | Promise<void>;
}

export interface Refusal {
  /** Why it cannot: shown in its row. */
  readonly reason: string;
}

export interface Subject {
  /** Product, version and mode: what its rows are called. */
  readonly row: string;
  /** How it is configured, and where its documentation advises so. One or two sentences. */
  readonly note: string;
  open(workload: Workload): Promise<Standing | Refusal>;
}
