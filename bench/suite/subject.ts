/**
 * A subject: one way of running a guest, ours or a peer's, in one configuration. Its calls run in a process of its own
 * (subject-process.ts), its server is another; it does one workload there. What it cannot do it says, and its row says so.
 *
 * Guests of one workload do the same work on the same bytes, whatever binary a subject needs: answers are compared first.
 */

/**
 * `echo-64B`: the input back. `transform-4KiB`: every byte XOR 0x5a. `cpu-1ms`: a fixed number of rounds of SHA-256 over 64
 * bytes that takes about a millisecond, its digest back. `javascript-64B`: the input back from a guest written in JavaScript.
 */
export const WORKLOADS = ['echo-64B', 'transform-4KiB', 'cpu-1ms', 'javascript-64B'] as const;
export type Workload = (typeof WORKLOADS)[number];

/**
 * `warm`: a call on an instance that was there before. `cold`: an instance that nobody used before, in a process, thread and
 * engine that are warm; one call; given up.
 */
export type Way = 'warm' | 'cold';

/** Ready for calls within this process. */
export interface Standing {
  call(input: Uint8Array): Uint8Array | Promise<Uint8Array>;
  close(): void | Promise<void>;
}

/** A program that answers `POST` on loopback. Starting it several times is allowed; each start is a process (server.ts). */
export interface Service {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it prints, on either stream, when it takes requests. Its first group is the port. */
  readonly listens: RegExp;
  /** Where the input is posted; the answer comes back. */
  readonly path: string;
  /** Removes what was written for it. After the last process has ended. */
  close(): void | Promise<void>;
}

export interface Refusal {
  /** Why it cannot: shown in its row. */
  readonly reason: string;
}

export interface Subject {
  /** For command lines: what is told to the process that is to open it. */
  readonly name: string;
  /** Product, version and mode: what its rows are called. */
  readonly row: string;
  /** Without it a table means nothing: where it does not open, the table breaks. */
  readonly isRequired?: boolean;
  /** The package of bench/peers/package.json without which it cannot be opened. */
  readonly peer?: string;
  /** A product that ours is held against. */
  readonly isRival?: boolean;
  /** Has rows among calls within a process only, or among servers only. */
  readonly only?: 'calls' | 'http';
  /** Of Node, for processes in which `open` is called. */
  readonly nodeFlags?: readonly string[];
  /** How it is configured, and where its documentation advises so. One or two sentences. */
  readonly note: string;
  /** Calls within a process. Left out: it is a server only. */
  open?(workload: Workload, way: Way): Promise<Standing | Refusal>;
  /** A server of its own. Left out: its calls are put behind bare Fastify (fastify-server.ts). */
  serve?(workload: Workload, way: Way): Promise<Service | Refusal>;
}
