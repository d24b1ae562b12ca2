/**
 * The interfaces a component may import: which capability opens each, and the exact type of each function.
 *
 * The registry holds a component's imports against it before anything is compiled; `executor/imports.ts` serves them. Always:
 * what is not here cannot be imported, and a function here has an implementation there. It is written as WIT is, each
 * type of a function in full; `waits` before a function says that it may suspend the guest. Functions of WASI that are
 * marked unstable there are left out.
 * Source: WASI 0.2, the WIT of each package; `adapters/wit/capabilities.wit`.
 */

import type { Grants } from './capability-types.ts';

export interface ImportFunctionSpec {
  /** As the registry prints types: `func(len: u64) -> list<u8>`; handles by the name of their resource. */
  readonly type: string;
  /** It may suspend the guest until the host answers. */
  readonly waits: boolean;
}

export interface ImportSpec {
  /** Undefined: harmless, and open to every component. */
  readonly capability: keyof Grants | undefined;
  /** Versions that are served: a patch version up to this one of the same minor version. */
  readonly version: string;
  readonly functions: Readonly<Record<string, ImportFunctionSpec>>;
  readonly resources: readonly string[];
}

/** What a line of an interface is: `waits method read(len: u64) -> t`, `resource input-stream` and so on. */
const LINE = /^(waits )?(resource|func|constructor|method|static) ?([a-z0-9-]*)(?:\((.*?)\)(?: -> (.*))?)?$/;

/** Reads the lines of an interface. Methods, statics and constructors belong to the resource named last before them. */
function face(version: string, capability: keyof Grants | undefined, lines: string): ImportSpec {
  const resources: string[] = [];
  const functions: Record<string, ImportFunctionSpec> = Object.create(null);
  for (const line of lines.split('\n')) {
    if (line.trim() === '') continue;
    const [, waits, kind, name = '', parameters = '', result] = LINE.exec(line.trim()) ?? [];
    if (kind === undefined) throw new Error(`not a line of an interface: ${line}`);
    const resource = resources.at(-1) ?? '';
    if (kind === 'resource') {
      resources.push(name);
      continue;
    }
    const self = kind === 'method' ? `self: borrow<${resource}>${parameters === '' ? '' : ', '}` : '';
    const ends =
      kind === 'constructor' ? ` -> own<${resource}>` : result === undefined ? '' : ` -> ${result}`;
    const full =
      kind === 'func'
        ? name
        : kind === 'constructor'
          ? `[constructor]${resource}`
          : `[${kind}]${resource}.${name}`;
    functions[full] = { type: `func(${self}${parameters})${ends}`, waits: waits !== undefined };
  }
  return { capability, version, functions, resources };
}

const hotcell = (capability: keyof Grants, lines: string): ImportSpec => face('1.0.0', capability, lines);
const wasi = (capability: keyof Grants | undefined, lines: string): ImportSpec =>
  face('0.2.12', capability, lines);

const LEVEL = 'enum{trace, debug, info, warn, error}';
const KV_ERROR = 'variant{quota, invalid(string), unavailable(string)}';
const HTTP_HEADERS = 'list<record{name: string, value: list<u8>}>';
const HTTP_REQUEST = `record{method: string, url: string, headers: ${HTTP_HEADERS}, body: option<list<u8>>, timeout-ms: option<u32>}`;
const HTTP_RESPONSE = `record{status: u16, headers: ${HTTP_HEADERS}, body: list<u8>}`;
const HTTP_LIMITS = 'record{redirects-max: u32, body-max-bytes: u32}';
const HTTP_PAGE = `record{status: u16, headers: ${HTTP_HEADERS}, body: list<u8>, truncated: bool, url: string}`;
const HTTP_FAILURE = 'variant{denied(string), invalid(string), too-large(string), timeout, failed(string)}';

const STREAM_ERROR = 'variant{last-operation-failed(own<error>), closed}';
const DATETIME = 'record{seconds: u64, nanoseconds: u32}';

const FILE_ERROR =
  'enum{access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large, illegal-byte-sequence, ' +
  'in-progress, interrupted, invalid, io, is-directory, loop, too-many-links, message-size, name-too-long, no-device, ' +
  'no-entry, no-lock, insufficient-memory, insufficient-space, not-directory, not-empty, not-recoverable, unsupported, ' +
  'no-tty, no-such-device, overflow, not-permitted, pipe, read-only, invalid-seek, text-file-busy, cross-device}';
const FILE_TYPE =
  'enum{unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket}';
const FILE_STAT =
  `record{type: ${FILE_TYPE}, link-count: u64, size: u64, data-access-timestamp: option<${DATETIME}>, ` +
  `data-modification-timestamp: option<${DATETIME}>, status-change-timestamp: option<${DATETIME}>}`;
const FILE_FLAGS =
  'flags{read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory}';
const PATH_FLAGS = 'flags{symlink-follow}';
const TIMESTAMP = `variant{no-change, now, timestamp(${DATETIME})}`;
const METADATA_HASH = 'record{lower: u64, upper: u64}';

const FIELD_SIZE = 'record{field-name: option<string>, field-size: option<u32>}';
const HTTP_ERROR =
  'variant{DNS-timeout, DNS-error(record{rcode: option<string>, info-code: option<u16>}), destination-not-found, ' +
  'destination-unavailable, destination-IP-prohibited, destination-IP-unroutable, connection-refused, ' +
  'connection-terminated, connection-timeout, connection-read-timeout, connection-write-timeout, ' +
  'connection-limit-reached, TLS-protocol-error, TLS-certificate-error, ' +
  'TLS-alert-received(record{alert-id: option<u8>, alert-message: option<string>}), HTTP-request-denied, ' +
  'HTTP-request-length-required, HTTP-request-body-size(option<u64>), HTTP-request-method-invalid, ' +
  'HTTP-request-URI-invalid, HTTP-request-URI-too-long, HTTP-request-header-section-size(option<u32>), ' +
  `HTTP-request-header-size(option<${FIELD_SIZE}>), HTTP-request-trailer-section-size(option<u32>), ` +
  `HTTP-request-trailer-size(${FIELD_SIZE}), HTTP-response-incomplete, HTTP-response-header-section-size(option<u32>), ` +
  `HTTP-response-header-size(${FIELD_SIZE}), HTTP-response-body-size(option<u64>), ` +
  `HTTP-response-trailer-section-size(option<u32>), HTTP-response-trailer-size(${FIELD_SIZE}), ` +
  'HTTP-response-transfer-coding(option<string>), HTTP-response-content-coding(option<string>), HTTP-response-timeout, ' +
  'HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error, internal-error(option<string>)}';
const METHOD = 'variant{get, head, post, put, delete, connect, options, trace, patch, other(string)}';
const SCHEME = 'variant{HTTP, HTTPS, other(string)}';
const HEADER_ERROR = 'variant{invalid-syntax, forbidden, immutable}';
const DONE = 'result<_, _>';

/** By name without version: `wasi:random/random`. */
export const IMPORTS: Readonly<Record<string, ImportSpec>> = {
  'hotcell:capabilities/log': hotcell('log', `func write(level: ${LEVEL}, message: string)`),
  'hotcell:capabilities/clock': hotcell('clock', 'func now() -> u64\nfunc monotonic() -> u64'),
  'hotcell:capabilities/random': hotcell('random', 'func bytes(length: u32) -> list<u8>'),
  'hotcell:capabilities/config': hotcell('config', 'func get(name: string) -> option<string>'),
  'hotcell:capabilities/secrets': hotcell('secrets', 'func get(name: string) -> option<string>'),
  'hotcell:capabilities/kv': hotcell(
    'kv',
    `
    waits func get(key: string) -> result<option<list<u8>>, ${KV_ERROR}>
    waits func set(key: string, value: list<u8>) -> result<_, ${KV_ERROR}>
    waits func delete(key: string) -> result<bool, ${KV_ERROR}>
    waits func list(prefix: string, after: option<string>) -> result<list<string>, ${KV_ERROR}>
    waits func increment(key: string, by: s64) -> result<s64, ${KV_ERROR}>`,
  ),
  'hotcell:capabilities/http': hotcell(
    'http',
    `
    waits func send(request: ${HTTP_REQUEST}) -> result<${HTTP_RESPONSE}, ${HTTP_FAILURE}>
    waits func fetch(request: ${HTTP_REQUEST}, limits: ${HTTP_LIMITS}) -> result<${HTTP_PAGE}, ${HTTP_FAILURE}>`,
  ),

  'wasi:clocks/wall-clock': wasi('clock', `func now() -> ${DATETIME}\nfunc resolution() -> ${DATETIME}`),
  'wasi:clocks/monotonic-clock': wasi(
    'clock',
    `
    func now() -> u64
    func resolution() -> u64
    func subscribe-instant(when: u64) -> own<pollable>
    func subscribe-duration(when: u64) -> own<pollable>`,
  ),
  'wasi:random/random': wasi(
    'random',
    'func get-random-bytes(len: u64) -> list<u8>\nfunc get-random-u64() -> u64',
  ),
  'wasi:random/insecure': wasi(
    undefined,
    'func get-insecure-random-bytes(len: u64) -> list<u8>\nfunc get-insecure-random-u64() -> u64',
  ),
  'wasi:random/insecure-seed': wasi(undefined, 'func insecure-seed() -> tuple<u64, u64>'),

  'wasi:cli/environment': wasi(
    undefined,
    `
    func get-environment() -> list<tuple<string, string>>
    func get-arguments() -> list<string>
    func initial-cwd() -> option<string>`,
  ),
  'wasi:cli/exit': wasi(undefined, `func exit(status: ${DONE})\nfunc exit-with-code(status-code: u8)`),
  'wasi:cli/stdin': wasi(undefined, 'func get-stdin() -> own<input-stream>'),
  'wasi:cli/stdout': wasi(undefined, 'func get-stdout() -> own<output-stream>'),
  'wasi:cli/stderr': wasi(undefined, 'func get-stderr() -> own<output-stream>'),
  'wasi:cli/terminal-input': wasi(undefined, 'resource terminal-input'),
  'wasi:cli/terminal-output': wasi(undefined, 'resource terminal-output'),
  'wasi:cli/terminal-stdin': wasi(undefined, 'func get-terminal-stdin() -> option<own<terminal-input>>'),
  'wasi:cli/terminal-stdout': wasi(undefined, 'func get-terminal-stdout() -> option<own<terminal-output>>'),
  'wasi:cli/terminal-stderr': wasi(undefined, 'func get-terminal-stderr() -> option<own<terminal-output>>'),

  'wasi:io/error': wasi(undefined, 'resource error\nmethod to-debug-string() -> string'),
  'wasi:io/poll': wasi(
    undefined,
    `
    resource pollable
    method ready() -> bool
    waits method block()
    waits func poll(in: list<borrow<pollable>>) -> list<u32>`,
  ),
  'wasi:io/streams': wasi(
    undefined,
    `
    resource input-stream
    method read(len: u64) -> result<list<u8>, ${STREAM_ERROR}>
    waits method blocking-read(len: u64) -> result<list<u8>, ${STREAM_ERROR}>
    method skip(len: u64) -> result<u64, ${STREAM_ERROR}>
    waits method blocking-skip(len: u64) -> result<u64, ${STREAM_ERROR}>
    method subscribe() -> own<pollable>
    resource output-stream
    method check-write() -> result<u64, ${STREAM_ERROR}>
    method write(contents: list<u8>) -> result<_, ${STREAM_ERROR}>
    waits method blocking-write-and-flush(contents: list<u8>) -> result<_, ${STREAM_ERROR}>
    method flush() -> result<_, ${STREAM_ERROR}>
    waits method blocking-flush() -> result<_, ${STREAM_ERROR}>
    method subscribe() -> own<pollable>
    method write-zeroes(len: u64) -> result<_, ${STREAM_ERROR}>
    waits method blocking-write-zeroes-and-flush(len: u64) -> result<_, ${STREAM_ERROR}>
    method splice(src: borrow<input-stream>, len: u64) -> result<u64, ${STREAM_ERROR}>
    waits method blocking-splice(src: borrow<input-stream>, len: u64) -> result<u64, ${STREAM_ERROR}>`,
  ),

  'wasi:filesystem/preopens': wasi(
    undefined,
    'func get-directories() -> list<tuple<own<descriptor>, string>>',
  ),
  'wasi:filesystem/types': wasi(
    undefined,
    `
    resource descriptor
    method read-via-stream(offset: u64) -> result<own<input-stream>, ${FILE_ERROR}>
    method write-via-stream(offset: u64) -> result<own<output-stream>, ${FILE_ERROR}>
    method append-via-stream() -> result<own<output-stream>, ${FILE_ERROR}>
    method advise(offset: u64, length: u64, advice: enum{normal, sequential, random, will-need, dont-need, no-reuse}) -> result<_, ${FILE_ERROR}>
    method sync-data() -> result<_, ${FILE_ERROR}>
    method get-flags() -> result<${FILE_FLAGS}, ${FILE_ERROR}>
    method get-type() -> result<${FILE_TYPE}, ${FILE_ERROR}>
    method set-size(size: u64) -> result<_, ${FILE_ERROR}>
    method set-times(data-access-timestamp: ${TIMESTAMP}, data-modification-timestamp: ${TIMESTAMP}) -> result<_, ${FILE_ERROR}>
    method read(length: u64, offset: u64) -> result<tuple<list<u8>, bool>, ${FILE_ERROR}>
    method write(buffer: list<u8>, offset: u64) -> result<u64, ${FILE_ERROR}>
    method read-directory() -> result<own<directory-entry-stream>, ${FILE_ERROR}>
    method sync() -> result<_, ${FILE_ERROR}>
    method create-directory-at(path: string) -> result<_, ${FILE_ERROR}>
    method stat() -> result<${FILE_STAT}, ${FILE_ERROR}>
    method stat-at(path-flags: ${PATH_FLAGS}, path: string) -> result<${FILE_STAT}, ${FILE_ERROR}>
    method set-times-at(path-flags: ${PATH_FLAGS}, path: string, data-access-timestamp: ${TIMESTAMP}, data-modification-timestamp: ${TIMESTAMP}) -> result<_, ${FILE_ERROR}>
    method link-at(old-path-flags: ${PATH_FLAGS}, old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, ${FILE_ERROR}>
    method open-at(path-flags: ${PATH_FLAGS}, path: string, open-flags: flags{create, directory, exclusive, truncate}, flags: ${FILE_FLAGS}) -> result<own<descriptor>, ${FILE_ERROR}>
    method readlink-at(path: string) -> result<string, ${FILE_ERROR}>
    method remove-directory-at(path: string) -> result<_, ${FILE_ERROR}>
    method rename-at(old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, ${FILE_ERROR}>
    method symlink-at(old-path: string, new-path: string) -> result<_, ${FILE_ERROR}>
    method unlink-file-at(path: string) -> result<_, ${FILE_ERROR}>
    method is-same-object(other: borrow<descriptor>) -> bool
    method metadata-hash() -> result<${METADATA_HASH}, ${FILE_ERROR}>
    method metadata-hash-at(path-flags: ${PATH_FLAGS}, path: string) -> result<${METADATA_HASH}, ${FILE_ERROR}>
    resource directory-entry-stream
    method read-directory-entry() -> result<option<record{type: ${FILE_TYPE}, name: string}>, ${FILE_ERROR}>
    func filesystem-error-code(err: borrow<error>) -> option<${FILE_ERROR}>`,
  ),

  'wasi:http/outgoing-handler': wasi(
    'http',
    `func handle(request: own<outgoing-request>, options: option<own<request-options>>) -> result<own<future-incoming-response>, ${HTTP_ERROR}>`,
  ),
  // Open to all: a component that answers requests needs these types and sends none by them.
  'wasi:http/types': wasi(
    undefined,
    `
    resource fields
    constructor()
    static from-list(entries: list<tuple<string, list<u8>>>) -> result<own<fields>, ${HEADER_ERROR}>
    method get(name: string) -> list<list<u8>>
    method has(name: string) -> bool
    method set(name: string, value: list<list<u8>>) -> result<_, ${HEADER_ERROR}>
    method delete(name: string) -> result<_, ${HEADER_ERROR}>
    method append(name: string, value: list<u8>) -> result<_, ${HEADER_ERROR}>
    method entries() -> list<tuple<string, list<u8>>>
    method clone() -> own<fields>
    resource incoming-request
    method method() -> ${METHOD}
    method path-with-query() -> option<string>
    method scheme() -> option<${SCHEME}>
    method authority() -> option<string>
    method headers() -> own<fields>
    method consume() -> result<own<incoming-body>, _>
    resource outgoing-request
    constructor(headers: own<fields>)
    method body() -> result<own<outgoing-body>, _>
    method method() -> ${METHOD}
    method set-method(method: ${METHOD}) -> ${DONE}
    method path-with-query() -> option<string>
    method set-path-with-query(path-with-query: option<string>) -> ${DONE}
    method scheme() -> option<${SCHEME}>
    method set-scheme(scheme: option<${SCHEME}>) -> ${DONE}
    method authority() -> option<string>
    method set-authority(authority: option<string>) -> ${DONE}
    method headers() -> own<fields>
    resource request-options
    constructor()
    method connect-timeout() -> option<u64>
    method set-connect-timeout(duration: option<u64>) -> ${DONE}
    method first-byte-timeout() -> option<u64>
    method set-first-byte-timeout(duration: option<u64>) -> ${DONE}
    method between-bytes-timeout() -> option<u64>
    method set-between-bytes-timeout(duration: option<u64>) -> ${DONE}
    resource response-outparam
    static set(param: own<response-outparam>, response: result<own<outgoing-response>, ${HTTP_ERROR}>)
    resource incoming-response
    method status() -> u16
    method headers() -> own<fields>
    method consume() -> result<own<incoming-body>, _>
    resource incoming-body
    method stream() -> result<own<input-stream>, _>
    static finish(this: own<incoming-body>) -> own<future-trailers>
    resource future-trailers
    method subscribe() -> own<pollable>
    method get() -> option<result<result<option<own<fields>>, ${HTTP_ERROR}>, _>>
    resource outgoing-response
    constructor(headers: own<fields>)
    method status-code() -> u16
    method set-status-code(status-code: u16) -> ${DONE}
    method headers() -> own<fields>
    method body() -> result<own<outgoing-body>, _>
    resource outgoing-body
    method write() -> result<own<output-stream>, _>
    static finish(this: own<outgoing-body>, trailers: option<own<fields>>) -> result<_, ${HTTP_ERROR}>
    resource future-incoming-response
    method subscribe() -> own<pollable>
    method get() -> option<result<result<own<incoming-response>, ${HTTP_ERROR}>, _>>
    func http-error-code(err: borrow<error>) -> option<${HTTP_ERROR}>`,
  ),
};
