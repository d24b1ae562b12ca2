/**
 * The binaries that runtimes take, as WebAssembly text around the same work (work.ts): a plain core module, the core of a
 * component of Hotcell's bytes world, the core of a component that answers HTTP, and a plug-in of Extism.
 *
 * Each form does what its interface makes necessary and nothing else: it takes the input into its memory, works, and
 * gives the answer out. None of them is metered or limited here; that is its runtime's business.
 */

import { FREE } from './work.ts';

/** Of WASI, as jco carries it; runtimes serve every 0.2. */
export const WASI_VERSION = '0.2.12';

/** Where results of imports and exports are described. */
const RESULT = FREE;
/** Where the input lies when its place is the guest's own choice. */
export const INPUT = 4_096;
const HANDLER = 'hotcell:adapter/handler@1.0.0';

/** Exports `memory` and `run(length) → length`: the input is put at `INPUT`, the answer taken from there. */
export const coreText = (work: string): string => `(module
  (memory (export "memory") 1)
  ${work}
  (func (export "run") (param $length i32) (result i32) (call $work (i32.const ${INPUT}) (local.get $length))))`;

/** Memory is handed out upwards from `INPUT` and given back all at once. */
const ALLOCATOR = `
  (global $next (mut i32) (i32.const ${INPUT}))
  (func (export "cabi_realloc") (param $old i32) (param $oldBytes i32) (param $align i32) (param $bytes i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
    (global.set $next (i32.add (local.get $at) (local.get $bytes)))
    (if (i32.gt_u (global.get $next) (i32.const 65536)) (then unreachable))
    (local.get $at))`;

/** The core of a component of the world `bytes`, by the names of the Canonical ABI. */
export const bytesText = (work: string): string => `(module
  (memory (export "memory") 1)
  ${ALLOCATOR}
  ${work}
  (func (export "${HANDLER}#invoke") (param $name i32) (param $nameBytes i32) (param $at i32) (param $length i32) (result i32)
    (i32.store8 (i32.const ${RESULT}) (i32.const 0))
    (i32.store (i32.const ${RESULT + 8}) (call $work (local.get $at) (local.get $length)))
    (i32.store (i32.const ${RESULT + 4}) (local.get $at))
    (i32.const ${RESULT}))
  (func (export "${HANDLER}#health") (result i32)
    (i32.store8 (i32.const ${RESULT}) (i32.const 0))
    (i32.const ${RESULT}))
  (func $release (param i32) (global.set $next (i32.const ${INPUT})))
  (export "cabi_post_${HANDLER}#invoke" (func $release))
  (export "cabi_post_${HANDLER}#health" (func $release)))`;

const TYPES = `wasi:http/types@${WASI_VERSION}`;
const STREAMS = `wasi:io/streams@${WASI_VERSION}`;
const LENGTH_NAME = RESULT + 64;
const LENGTH_DIGITS = RESULT + 96;
/** More than one body of any workload. */
const READ_MAX_BYTES = 16_384;

/** The core of a component for `wasi:http/proxy`: reads the whole body, and answers with a Content-Length. */
export const httpText = (work: string): string => `(module
  (import "${TYPES}" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "${TYPES}" "[method]incoming-body.stream" (func $incoming-stream (param i32 i32)))
  (import "${TYPES}" "[constructor]fields" (func $fields (result i32)))
  (import "${TYPES}" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "${TYPES}" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "${TYPES}" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "${TYPES}" "[method]outgoing-body.write" (func $outgoing-stream (param i32 i32)))
  (import "${TYPES}" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "${TYPES}" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "${STREAMS}" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "${STREAMS}" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "${STREAMS}" "[resource-drop]input-stream" (func $drop-input-stream (param i32)))
  (import "${STREAMS}" "[resource-drop]output-stream" (func $drop-output-stream (param i32)))
  (import "${TYPES}" "[resource-drop]incoming-body" (func $drop-incoming-body (param i32)))
  (import "${TYPES}" "[resource-drop]incoming-request" (func $drop-incoming-request (param i32)))
  (memory (export "memory") 1)
  (data (i32.const ${LENGTH_NAME}) "content-length")
  ${ALLOCATOR}
  ${work}
  ;; Writes a number in decimal so that it ends at ${LENGTH_DIGITS + 16}; gives where it begins.
  (func $decimal (param $number i32) (result i32) (local $at i32)
    (local.set $at (i32.const ${LENGTH_DIGITS + 16}))
    (loop $digits
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (br_if $digits (local.tee $number (i32.div_u (local.get $number) (i32.const 10)))))
    (local.get $at))
  (func (export "wasi:http/incoming-handler@${WASI_VERSION}#handle") (param $request i32) (param $outparam i32)
    (local $incoming i32) (local $from i32) (local $to i32) (local $length i32) (local $piece i32)
    (local $headers i32) (local $reply i32) (local $outgoing i32) (local $digits i32)
    (call $consume (local.get $request) (i32.const ${RESULT}))
    (local.set $incoming (i32.load (i32.const ${RESULT + 4})))
    (call $incoming-stream (local.get $incoming) (i32.const ${RESULT}))
    (local.set $from (i32.load (i32.const ${RESULT + 4})))
    (block $end (loop $pieces
      ;; Pieces are put where the last ended, so that the body becomes one.
      (global.set $next (i32.const ${INPUT + READ_MAX_BYTES}))
      (call $read (local.get $from) (i64.const ${READ_MAX_BYTES}) (i32.const ${RESULT}))
      (br_if $end (i32.load8_u (i32.const ${RESULT})))
      (local.set $piece (i32.load (i32.const ${RESULT + 8})))
      (memory.copy (i32.add (i32.const ${INPUT}) (local.get $length)) (i32.load (i32.const ${RESULT + 4})) (local.get $piece))
      (local.set $length (i32.add (local.get $length) (local.get $piece)))
      (if (i32.gt_u (local.get $length) (i32.const ${READ_MAX_BYTES})) (then unreachable))
      (br $pieces)))
    (call $drop-input-stream (local.get $from))
    (call $drop-incoming-body (local.get $incoming))
    (call $drop-incoming-request (local.get $request))
    (local.set $length (call $work (i32.const ${INPUT}) (local.get $length)))
    (local.set $headers (call $fields))
    (local.set $digits (call $decimal (local.get $length)))
    (call $append (local.get $headers) (i32.const ${LENGTH_NAME}) (i32.const 14)
      (local.get $digits) (i32.sub (i32.const ${LENGTH_DIGITS + 16}) (local.get $digits)) (i32.const ${RESULT}))
    (local.set $reply (call $response (local.get $headers)))
    (call $body (local.get $reply) (i32.const ${RESULT}))
    (local.set $outgoing (i32.load (i32.const ${RESULT + 4})))
    (call $outgoing-stream (local.get $outgoing) (i32.const ${RESULT}))
    (local.set $to (i32.load (i32.const ${RESULT + 4})))
    (call $set (local.get $outparam) (i32.const 0) (local.get $reply)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write (local.get $to) (i32.const ${INPUT}) (local.get $length) (i32.const ${RESULT}))
    (call $drop-output-stream (local.get $to))
    (call $finish (local.get $outgoing) (i32.const 0) (i32.const 0) (i32.const ${RESULT}))))`;

/**
 * A plug-in with an export `run`. Input and output lie in memory of the host, read and written eight bytes at a call and the
 * rest one at a call, as the development kits of Extism do. Source: Extism, "Runtime APIs" (extism:host/env).
 */
export const extismText = (work: string): string => `(module
  (import "extism:host/env" "input_length" (func $input-length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $input-u8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $input-u64 (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store-u8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $store-u64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (memory (export "memory") 1)
  ${work}
  (func (export "run") (result i32) (local $length i32) (local $p i32) (local $block i64)
    (local.set $length (i32.wrap_i64 (call $input-length)))
    (if (i32.gt_u (local.get $length) (i32.const ${READ_MAX_BYTES})) (then unreachable))
    (block $long (loop $next
      (br_if $long (i32.gt_u (i32.add (local.get $p) (i32.const 8)) (local.get $length)))
      (i64.store offset=${INPUT} (local.get $p) (call $input-u64 (i64.extend_i32_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br $next)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $p) (local.get $length)))
      (i32.store8 offset=${INPUT} (local.get $p) (call $input-u8 (i64.extend_i32_u (local.get $p))))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $next)))
    (local.set $length (call $work (i32.const ${INPUT}) (local.get $length)))
    (local.set $block (call $alloc (i64.extend_i32_u (local.get $length))))
    (local.set $p (i32.const 0))
    (block $long (loop $next
      (br_if $long (i32.gt_u (i32.add (local.get $p) (i32.const 8)) (local.get $length)))
      (call $store-u64 (i64.add (local.get $block) (i64.extend_i32_u (local.get $p))) (i64.load offset=${INPUT} (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 8)))
      (br $next)))
    (block $done (loop $next
      (br_if $done (i32.ge_u (local.get $p) (local.get $length)))
      (call $store-u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $p))) (i32.load8_u offset=${INPUT} (local.get $p)))
      (local.set $p (i32.add (local.get $p) (i32.const 1)))
      (br $next)))
    (call $output (local.get $block) (i64.extend_i32_u (local.get $length)))
    (i32.const 0)))`;
