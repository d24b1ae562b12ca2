/**
 * The limits of the HTTP door that are not configuration: each with its unit and the reason for its value.
 *
 * Limits an operator tunes (body size, idempotency store) arrive in `HttpOptions`; limits of one operation come from
 * its manifest. What stands here protects the process from slow, huge or endless requests whatever is configured.
 */

/** A request line and headers fit one packet or two; who needs longer than this is stuck or hostile. */
export const HEADERS_TIMEOUT_MS = 10_000;

/** A body from the headers to its last byte, but for streams: 64 MiB at half a megabyte a second. */
export const BODY_TIMEOUT_MS = 120_000;

/** Longer than the 60 s after which common load balancers drop an idle connection: they must be the first to close. */
export const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** How often connections past the limits above are looked for: they are exact to this. */
export const CONNECTIONS_CHECK_MS = 5_000;

/** One file descriptor and a few kilobytes each; above it the kernel's backlog is the better queue. */
export const CONNECTIONS_MAX = 4_096;

/** A request refused before its body was read is read and thrown away for this long, so that the client sees why. */
export const LINGER_MS = 2_000;

/** A client that takes none of a large reply for this long gives up its connection. */
export const REPLY_STALL_MS = 30_000;

/** Replies up to this fit the socket's send buffer, so that they need no stall timer. */
export const REPLY_STALL_FREE_BYTES = 64 * 1024;

/** After the drain limit calls are ended by the host; their answers have this long to be sent before all is cut. */
export const DRAIN_REPLY_MS = 1_000;

/** How often a drain closes connections that have become idle meanwhile. */
export const DRAIN_SWEEP_MS = 100;

/** Items of one batch: with the default body limit of tens of MiB more would only be overhead. */
export const BATCH_ITEMS_MAX = 1_000;

/** Items of one batch under way or answered and unsent: bounds both the share of a pool and the bytes held. */
export const BATCH_IN_FLIGHT_MAX = 16;

/** Bytes of bodies and replies held at once, over all connections: eight of the largest bodies by default. */
export const HELD_MAX_BYTES = 512 * 1024 * 1024;

/** Up to this a body or a reply is not counted: with every connection taken they are 256 MiB together. */
export const HELD_FREE_BYTES = 64 * 1024;

/** Streams of one tenant at a time: the smallest profile of a vault has ten places for all, and a slow client keeps its own. */
export const VAULT_STREAMS_PER_TENANT_MAX = 5;

/** Streams of records of one tenant at a time: they share the tenant's half of the adapter's permits. */
export const COPYBOOK_STREAMS_PER_TENANT_MAX = 5;

/** What a stream of records counts as held: its pieces in flight and their answers. Sixteen such streams fill the host. */
export const COPYBOOK_STREAM_HELD_BYTES = 32 * 1024 * 1024;

/** Pieces of a stream of records in flight, and the bytes of each: with their rows within what the stream counts as held. */
export const COPYBOOK_PIECES_MAX = 4;
export const COPYBOOK_PIECE_BYTES = 512 * 1024;

/** Parts of a form with a copybook: each of its fields once. */
export const COPYBOOK_PARTS_MAX = 8;

/** Of all fields of such a form but its data: what the codec takes, and room for escapes. */
export const COPYBOOK_FIELDS_MAX_BYTES = 4 * 1024 * 1024;

/** What one request that a guest answers counts as held: a piece each way here, in the socket and on its way to the guest. */
export const EXCHANGE_HELD_BYTES = 256 * 1024;

/** One piece of a body between host and guest; guests ask for less. */
export const EXCHANGE_PIECE_MAX_BYTES = 1024 * 1024;

/** Names and values of a guest's response: eight times what servers commonly take, as much as a guest may make. */
export const RESPONSE_HEADERS_MAX_BYTES = 64 * 1024;

/**
 * Part of what is left of a call in which its guest does not wait for the client, and the most of it: so that a guest is told of
 * a slow client and can end by itself. At its deadline it would be stopped, which costs its cell, at the client's will.
 */
export const CLIENT_WAIT_SPARE_RATIO = 0.1;
export const CLIENT_WAIT_SPARE_MAX_MS = 1_000;

/**
 * A guest whose client left, or whose bodies are over their limits, is told so by its streams and may end by itself, which
 * keeps its cell. After this it is stopped: nobody has anything of its work.
 */
export const GUEST_LEAVE_MS = 1_000;

/** Header bytes of one multipart part; ours use under 200. */
export const PART_HEADER_MAX_BYTES = 8 * 1024;

/** Parts of an adapter upload: `manifest`, `component`, and room for a field a client adds. */
export const UPLOAD_PARTS_MAX = 8;

/** Of a manifest in an upload; the registry accepts no larger one, and parsing JSON takes many times its size. */
export const MANIFEST_PART_MAX_BYTES = 256 * 1024;

/**
 * Opening brackets, colons and commas of a tool call outside of its strings. Parsed, each may become an object of its own: 60 MB of
 * `[],` would stop the host for ten seconds and take gigabytes, so many of them take 2 ms. Longer arguments of a typed
 * operation go to its own route, where the executor's thread reads them.
 */
export const TOOL_CALL_TOKENS_MAX = 10_000;

/** One hour: the longest timeout a caller may ask for. The operation's own limit narrows it. */
export const TIMEOUT_MAX_MS = 3_600_000;

/** Longest path parameter in characters: adapter names have 64 at most, the rest is for operations. */
export const PATH_PARAM_MAX_CHARS = 128;

/** How long an adapter's operations are remembered between looks at the host. */
export const OPERATION_INDEX_TTL_MS = 1_000;

/** Of one POST to /mcp: the default input limit of an operation in base64, with room for what is around it. */
export const MCP_BODY_MAX_BYTES = 16 * 1024 * 1024;

/** Opening brackets, colons and commas outside of strings, as for arguments: so many take 0.1 s and 50 MB to parse. */
export const MCP_TOKENS_MAX = 500_000;

/** Brackets in brackets: ten times what any type has. What reads messages calls itself for each level. */
export const MCP_DEPTH_MAX = 500;

/** Messages of one POST, for the one version of the protocol that has batches. */
export const MCP_BATCH_MAX = 32;

/** Sessions of all tenants: some 20 KB each. */
export const MCP_SESSIONS_MAX = 1_024;

/** Of one tenant; past it the longest unused one ends, and its client begins another when it comes back. */
export const MCP_SESSIONS_PER_TENANT_MAX = 256;

/** A session without a message and without an open stream for so long is forgotten. */
export const MCP_SESSION_IDLE_MS = 30 * 60_000;

/** How often such sessions are looked for. */
export const MCP_SESSION_SWEEP_MS = 60_000;

/** Clients that follow the log of an adapter: for people at a terminal, each a connection that stays. */
export const LOG_STREAMS_MAX = 16;

/** An empty line on a log where nothing happens: shorter than the idle times of proxies, and it finds clients that are gone. */
export const LOG_STREAM_BEAT_MS = 25_000;

/** A comment on an idle stream of events: shorter than the idle times of proxies, and it finds clients that are gone. */
export const MCP_STREAM_BEAT_MS = 25_000;
