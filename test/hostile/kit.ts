/**
 * Guests that mean harm, from WebAssembly text: the bytes world with everything that can be imported, of which a guest takes what
 * it names.
 *
 * The toolchain that builds adapters links them, shims and all; nothing here is checked in as binary.
 */

import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type CoreParts, coreText, HANDLER } from '../registry/sample-components.ts';

/** The world: only what the core module imports is left in the component. */
const WIT = `package hotcell:adapter@1.0.0;
interface handler {
  variant failure { bad-input(string), not-found(string), internal(string) }
  invoke: func(operation: string, payload: list<u8>) -> result<list<u8>, failure>;
  health: func() -> result<_, string>;
}
world bytes {
  import hotcell:capabilities/log@1.0.0;
  import hotcell:capabilities/clock@1.0.0;
  import hotcell:capabilities/random@1.0.0;
  import hotcell:capabilities/config@1.0.0;
  import hotcell:capabilities/secrets@1.0.0;
  import hotcell:capabilities/kv@1.0.0;
  import hotcell:capabilities/http@1.0.0;
  import wasi:io/poll@0.2.3;
  import wasi:io/streams@0.2.3;
  import wasi:clocks/monotonic-clock@0.2.3;
  import wasi:random/random@0.2.3;
  import wasi:cli/exit@0.2.3;
  import wasi:cli/stdin@0.2.3;
  import wasi:cli/environment@0.2.3;
  import wasi:filesystem/preopens@0.2.3;
  import wasi:cli/stdout@0.2.3;
  import wasi:http/types@0.2.3;
  import wasi:http/outgoing-handler@0.2.3;
  export handler;
}
interface things { resource thing { constructor(); } }
world owner {
  export handler;
  export things;
}
package hotcell:capabilities@1.0.0 {
  interface log { enum level { trace, debug, info, warn, error } write: func(level: level, message: string); }
  interface clock { now: func() -> u64; monotonic: func() -> u64; }
  interface random { bytes: func(length: u32) -> list<u8>; }
  interface config { get: func(name: string) -> option<string>; }
  interface secrets { get: func(name: string) -> option<string>; }
  interface kv {
    variant error { quota, invalid(string), unavailable(string) }
    get: func(key: string) -> result<option<list<u8>>, error>;
    set: func(key: string, value: list<u8>) -> result<_, error>;
  }
  interface http {
    record header { name: string, value: list<u8> }
    record request { method: string, url: string, headers: list<header>, body: option<list<u8>>, timeout-ms: option<u32> }
    record response { status: u16, headers: list<header>, body: list<u8> }
    variant error { denied(string), invalid(string), too-large(string), timeout, failed(string) }
    send: func(request: request) -> result<response, error>;
  }
}
package wasi:io@0.2.3 {
  interface error { resource error { to-debug-string: func() -> string; } }
  interface poll {
    resource pollable { ready: func() -> bool; block: func(); }
    poll: func(in: list<borrow<pollable>>) -> list<u32>;
  }
  interface streams {
    use error.{error};
    use poll.{pollable};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { subscribe: func() -> pollable; }
    resource output-stream {
      check-write: func() -> result<u64, stream-error>;
      write: func(contents: list<u8>) -> result<_, stream-error>;
      subscribe: func() -> pollable;
    }
  }
}
package wasi:clocks@0.2.3 {
  interface monotonic-clock { use wasi:io/poll@0.2.3.{pollable}; subscribe-duration: func(when: u64) -> pollable; }
}
package wasi:random@0.2.3 { interface random { get-random-bytes: func(len: u64) -> list<u8>; } }
package wasi:cli@0.2.3 {
  interface exit { exit: func(status: result); }
  interface environment { get-environment: func() -> list<tuple<string, string>>; }
  interface stdin { use wasi:io/streams@0.2.3.{input-stream}; get-stdin: func() -> input-stream; }
  interface stdout { use wasi:io/streams@0.2.3.{output-stream}; get-stdout: func() -> output-stream; }
}
package wasi:filesystem@0.2.3 {
  interface types { resource descriptor; }
  interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
}
package wasi:http@0.2.3 {
  interface types {
    use wasi:io/poll@0.2.3.{pollable};
    record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
    record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
    record field-size-payload { field-name: option<string>, field-size: option<u32> }
    variant error-code {
      DNS-timeout, DNS-error(DNS-error-payload), destination-not-found, destination-unavailable,
      destination-IP-prohibited, destination-IP-unroutable, connection-refused, connection-terminated,
      connection-timeout, connection-read-timeout, connection-write-timeout, connection-limit-reached,
      TLS-protocol-error, TLS-certificate-error, TLS-alert-received(TLS-alert-received-payload),
      HTTP-request-denied, HTTP-request-length-required, HTTP-request-body-size(option<u64>),
      HTTP-request-method-invalid, HTTP-request-URI-invalid, HTTP-request-URI-too-long,
      HTTP-request-header-section-size(option<u32>), HTTP-request-header-size(option<field-size-payload>),
      HTTP-request-trailer-section-size(option<u32>), HTTP-request-trailer-size(field-size-payload),
      HTTP-response-incomplete, HTTP-response-header-section-size(option<u32>),
      HTTP-response-header-size(field-size-payload), HTTP-response-body-size(option<u64>),
      HTTP-response-trailer-section-size(option<u32>), HTTP-response-trailer-size(field-size-payload),
      HTTP-response-transfer-coding(option<string>), HTTP-response-content-coding(option<string>),
      HTTP-response-timeout, HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error,
      internal-error(option<string>),
    }
    variant scheme { HTTP, HTTPS, other(string) }
    resource fields { constructor(); clone: func() -> fields; }
    resource request-options {}
    resource incoming-response {}
    resource outgoing-request {
      constructor(headers: fields);
      set-path-with-query: func(path-with-query: option<string>) -> result;
      set-scheme: func(scheme: option<scheme>) -> result;
      set-authority: func(authority: option<string>) -> result;
    }
    resource future-incoming-response {
      subscribe: func() -> pollable;
      get: func() -> option<result<result<incoming-response, error-code>>>;
    }
  }
  interface outgoing-handler {
    use types.{outgoing-request, request-options, future-incoming-response, error-code};
    handle: func(request: outgoing-request, options: option<request-options>) -> result<future-incoming-response, error-code>;
  }
}`;

const HOTCELL = 'hotcell:capabilities/';

/** Imports as a core module writes them, by the name the text calls them by. */
const IMPORTS = {
  log: `"${HOTCELL}log@1.0.0" "write" (func $log (param i32 i32 i32))`,
  now: `"${HOTCELL}clock@1.0.0" "now" (func $now (result i64))`,
  random: `"${HOTCELL}random@1.0.0" "bytes" (func $random (param i32 i32))`,
  config: `"${HOTCELL}config@1.0.0" "get" (func $config (param i32 i32 i32))`,
  secret: `"${HOTCELL}secrets@1.0.0" "get" (func $secret (param i32 i32 i32))`,
  kvGet: `"${HOTCELL}kv@1.0.0" "get" (func $kvGet (param i32 i32 i32))`,
  kvSet: `"${HOTCELL}kv@1.0.0" "set" (func $kvSet (param i32 i32 i32 i32 i32))`,
  send: `"${HOTCELL}http@1.0.0" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32))`,
  poll: '"wasi:io/poll@0.2.3" "poll" (func $poll (param i32 i32 i32))',
  ready: '"wasi:io/poll@0.2.3" "[method]pollable.ready" (func $ready (param i32) (result i32))',
  block: '"wasi:io/poll@0.2.3" "[method]pollable.block" (func $block (param i32))',
  dropPollable: '"wasi:io/poll@0.2.3" "[resource-drop]pollable" (func $dropPollable (param i32))',
  sleep: '"wasi:clocks/monotonic-clock@0.2.3" "subscribe-duration" (func $sleep (param i64) (result i32))',
  bytes: '"wasi:random/random@0.2.3" "get-random-bytes" (func $bytes (param i64 i32))',
  exit: '"wasi:cli/exit@0.2.3" "exit" (func $exit (param i32))',
  environment: '"wasi:cli/environment@0.2.3" "get-environment" (func $environment (param i32))',
  directories: '"wasi:filesystem/preopens@0.2.3" "get-directories" (func $directories (param i32))',
  stdin: '"wasi:cli/stdin@0.2.3" "get-stdin" (func $stdin (result i32))',
  stdout: '"wasi:cli/stdout@0.2.3" "get-stdout" (func $stdout (result i32))',
  checkWrite:
    '"wasi:io/streams@0.2.3" "[method]output-stream.check-write" (func $checkWrite (param i32 i32))',
  write: '"wasi:io/streams@0.2.3" "[method]output-stream.write" (func $write (param i32 i32 i32 i32))',
  fields: '"wasi:http/types@0.2.3" "[constructor]fields" (func $fields (result i32))',
  clone: '"wasi:http/types@0.2.3" "[method]fields.clone" (func $clone (param i32) (result i32))',
  dropFields: '"wasi:http/types@0.2.3" "[resource-drop]fields" (func $dropFields (param i32))',
  request: '"wasi:http/types@0.2.3" "[constructor]outgoing-request" (func $request (param i32) (result i32))',
  setScheme:
    '"wasi:http/types@0.2.3" "[method]outgoing-request.set-scheme" (func $setScheme (param i32 i32 i32 i32 i32) (result i32))',
  setAuthority:
    '"wasi:http/types@0.2.3" "[method]outgoing-request.set-authority" (func $setAuthority (param i32 i32 i32 i32) (result i32))',
  subscribe:
    '"wasi:http/types@0.2.3" "[method]future-incoming-response.subscribe" (func $subscribe (param i32) (result i32))',
  get: '"wasi:http/types@0.2.3" "[method]future-incoming-response.get" (func $get (param i32 i32))',
  handle: '"wasi:http/outgoing-handler@0.2.3" "handle" (func $handle (param i32 i32 i32 i32))',
  setPath:
    '"wasi:http/types@0.2.3" "[method]outgoing-request.set-path-with-query" (func $setPath (param i32 i32 i32 i32) (result i32))',
} as const;

export interface HostileParts extends CoreParts {
  readonly imports?: readonly (keyof typeof IMPORTS)[];
}

const importLines = (names: readonly (keyof typeof IMPORTS)[]): string =>
  names.map((name) => `(import ${IMPORTS[name]})`).join('\n');

/** A component of this core module text. */
async function linked(core: string, world: 'bytes' | 'owner' = 'bytes'): Promise<Uint8Array> {
  const embedded = await componentEmbed({ binary: await parse(core), witSource: WIT, world });
  return await componentNew(embedded, []);
}

/** A component whose invoke is `parts.invoke`; by default it returns its payload. */
export const hostile = ({ imports = [], fields = '', ...parts }: HostileParts): Promise<Uint8Array> =>
  linked(coreText({ ...parts, fields: `${importLines(imports)} ${fields}` }));

/** One that exports functions of the host as the parts of its handler: an allocator, a cleanup, a health check. */
export const borrowing = (): Promise<Uint8Array> =>
  linked(`(module ${importLines(['setPath', 'dropFields', 'stdin'])}
    (memory (export "memory") 1)
    (func (export "${HANDLER}#invoke") (param i32 i32 i32 i32) (result i32) (i32.const 16))
    (export "cabi_realloc" (func $setPath)) (export "cabi_post_${HANDLER}#invoke" (func $dropFields))
    (export "${HANDLER}#health" (func $stdin)))`);

/** One with a resource of its own, whose destructor is this; `$new` and `$drop` are its builtins. */
export const owning = (destructor: string, invoke: string): Promise<Uint8Array> =>
  linked(
    coreText({
      fields: `(import "[export]hotcell:adapter/things@1.0.0" "[resource-new]thing" (func $new (param i32) (result i32)))
        (import "[export]hotcell:adapter/things@1.0.0" "[resource-drop]thing" (func $drop (param i32)))
        (func (export "hotcell:adapter/things@1.0.0#[constructor]thing") (result i32) unreachable)
        (func $destroy (export "hotcell:adapter/things@1.0.0#[dtor]thing") (param i32) ${destructor})`,
      invoke,
    }),
    'owner',
  );

/** Leaves the result `ok` with `length` bytes at `at`; both are text of the language. */
export const answer = (at: string, length: string): string => `
  (i32.store8 (i32.const 16) (i32.const 0))
  (i32.store (i32.const 20) ${at})
  (i32.store (i32.const 24) ${length})
  (i32.const 16)`;

/** Returns its payload. */
export const ECHO = answer('(local.get $in)', '(local.get $inlen)');

const OPERATION = '(i32.load8_u (local.get $op))';

/** `body` runs when the operation begins with this letter. */
export const on = (letter: string, body: string): string =>
  `(if (i32.eq ${OPERATION} (i32.const ${letter.charCodeAt(0)})) (then ${body}))`;

/** For ever. */
export const LOOP = '(loop $forever (br $forever))';
