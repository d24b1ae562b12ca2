/**
 * Capabilities: what a manifest asks for, what an operator permits, and what a cell then has.
 *
 * Shapes only. All three have the same form, so that the grant is the narrower of the first two, field by field
 * (`capabilities/grants.ts`). Always: a capability that is not there is not granted; whatever does not work without leaving
 * the thread is a `Services` call, answered by the host.
 */

/** `log` and, for WASI, standard output and error. */
export interface LogGrant {
  /** Least level that is kept. */
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error';
  /** Bytes of text a call may write; the rest is counted, not kept. */
  readonly callMaxBytes: number;
}

export interface ClockGrant {
  /** Times are rounded down to multiples of it. */
  readonly resolutionMs: number;
}

export interface HttpGrant {
  /** `api.example.org`, `*.example.org`, `api.example.org:8443`; addresses and `localhost` only when written out. */
  readonly hosts: readonly string[];
  /** Upper-case methods. */
  readonly methods: readonly string[];
  /** Without TLS as well. */
  readonly plain: boolean;
  /** CIDR ranges that are not public and may be reached nevertheless. */
  readonly privateRanges: readonly string[];
  readonly requestMaxBytes: number;
  readonly responseMaxBytes: number;
  /** Requests in one call, redirects included. */
  readonly callMaxRequests: number;
  readonly timeoutMs: number;
}

export interface KvGrant {
  /** Keys and values together, per adapter and tenant. */
  readonly maxBytes: number;
}

export interface FilesGrant {
  /** A directory in the memory of the cell, as `/`; the guest's own, gone with the cell. */
  readonly maxBytes: number;
}

/** What a cell has. Absent: not granted. Plain data; goes to the thread with the image. */
export interface Grants {
  readonly log?: LogGrant;
  readonly clock?: ClockGrant;
  readonly random?: Readonly<Record<string, never>>;
  /** Name → value; for WASI, environment variables. */
  readonly config?: Readonly<Record<string, string>>;
  /** Name → value. Never logged, printed, or part of a snapshot. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly kv?: KvGrant;
  readonly http?: HttpGrant;
  readonly files?: FilesGrant;
}

/** On whose behalf a guest calls out. Known by the host, never said by the guest. */
export interface Caller {
  readonly adapter: string;
  readonly tenant: string;
  readonly requestId: string;
  /** Absolute, in ms of `Clock.now()`: nothing outlives it. */
  readonly deadlineMs: number;
  readonly traceparent: string | undefined;
  readonly grants: Grants;
}

/**
 * What the host does for guests: key-value store and outbound HTTP. A method is `kv.get` and the like; argument and
 * answer are plain data (structured clone). `service-methods.ts` lists them.
 */
export interface Services {
  /** What belongs to one call of a guest. */
  open(caller: Caller): ServiceSession;
}

export interface ServiceSession {
  /**
   * Throws ServiceFailure for what the guest is told; anything else is an error of the host, which ends the cell. A session that
   * was ended rejects what is under way.
   */
  call(method: string, argument: unknown): Promise<unknown>;
  /** Lets go of everything that the call left open: responses, timers, sockets. Idempotent. */
  end(): void;
}

/** What a manifest asks for. What it leaves out of a capability has the default of `capabilities/grants.ts`. */
export interface ManifestCapabilities {
  readonly log?: Partial<LogGrant>;
  readonly clock?: Partial<ClockGrant>;
  readonly random?: Readonly<Record<string, never>>;
  /** Name → value unless the operator says another. */
  readonly config?: Readonly<Record<string, string>>;
  /** Names. */
  readonly secrets?: readonly string[];
  readonly kv?: Partial<KvGrant>;
  readonly http?: Partial<HttpGrant> & Pick<HttpGrant, 'hosts'>;
  readonly files?: Partial<FilesGrant>;
}

/** Where a secret is read from when an adapter is activated. */
export type SecretSource = { readonly env: string } | { readonly file: string };

/**
 * What an operator says of one adapter, or of all (`*`). A capability that is left out is as it would be otherwise; `false`
 * denies it; of a field that is left out the bound is that of `capability-bounds.ts`.
 */
export interface PolicyCapabilities {
  readonly log?: Partial<LogGrant> | false;
  readonly clock?: Partial<ClockGrant> | false;
  readonly random?: Readonly<Record<string, never>> | false;
  /** Values for names that the manifest has; other names have no effect. */
  readonly config?: Readonly<Record<string, string>> | false;
  /** Name → where its value is. */
  readonly secrets?: Readonly<Record<string, SecretSource>> | false;
  readonly kv?: Partial<KvGrant> | false;
  readonly http?: (Partial<HttpGrant> & Pick<HttpGrant, 'hosts'>) | false;
  readonly files?: Partial<FilesGrant> | false;
}

/** By the name of the adapter, or `*` for every one; what is said of an adapter by name stands before `*`, capability by capability. */
export type CapabilityPolicy = Readonly<Record<string, PolicyCapabilities>>;
