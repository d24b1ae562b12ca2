/**
 * What guests of these tables do: real adapters, and small guests of our own whose loops are as tight as loops get. Each is a
 * module, or several, before any rewriting; `open` makes one instance of it and gives a function that does the work once.
 */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { payloadOf as payloadOfCopybook, pieceHeader } from '../../crypto-wasm/copybook/copybook.ts';
import { createCell } from '../../host/executor/cell.ts';
import { Guest } from '../../host/executor/guest.ts';
import { mixedSample } from '../copybook/samples.ts';
import { callDirectly, makeImage, payloadOf } from '../host/cells.ts';
import { readBuilt } from '../host/packages.ts';

export type Rewriter = (module: Uint8Array) => Uint8Array;

export interface Workload {
  readonly name: string;
  /** Most that metering may cost, as a ratio of p50; undefined where it is only stated. */
  readonly ratioMax?: number;
  /** Times the work is done for one sample: the clock is too coarse for less. */
  readonly batch: number;
  open(rewrite: Rewriter): Promise<() => Uint8Array>;
}

const SEAL_BYTES = 65_536;
const encoder = new TextEncoder();

/** An operation of a built adapter on one payload. */
function ofAdapter(adapter: string, operation: string, payload: Uint8Array) {
  return async (rewrite: Rewriter): Promise<() => Uint8Array> => {
    const { modules, plan } = makeImage(await readBuilt(adapter), rewrite);
    const cell = createCell(modules, plan);
    const name = encoder.encode(operation);
    return () => callDirectly(cell, payload, name);
  };
}

/** The export `run` of a module in text, which gives one number. */
function ofText(text: string) {
  return async (rewrite: Rewriter): Promise<() => Uint8Array> => {
    const module = new WebAssembly.Module(rewrite(Uint8Array.from(await parse(text))));
    const { exports } = new WebAssembly.Instance(module);
    const guest = new Guest();
    guest.add(exports);
    const run = exports.run as WebAssembly.CoreFunction;
    return () => {
      guest.enter({ deadlineMs: Number.POSITIVE_INFINITY, fuelMax: Number.POSITIVE_INFINITY });
      return Uint8Array.from(new Uint8Array(Int32Array.of(run()).buffer));
    };
  };
}

/** Primes below 200,000: a byte a number. */
const SIEVE = `(module (memory 4) (func (export "run") (result i32) (local $i i32) (local $j i32) (local $count i32)
  (memory.fill (i32.const 0) (i32.const 1) (i32.const 200000))
  (local.set $i (i32.const 2))
  (loop $numbers
    (if (i32.load8_u (local.get $i)) (then
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (local.set $j (i32.shl (local.get $i) (i32.const 1)))
      (block $done (loop $multiples
        (br_if $done (i32.ge_u (local.get $j) (i32.const 200000)))
        (i32.store8 (local.get $j) (i32.const 0))
        (local.set $j (i32.add (local.get $j) (local.get $i)))
        (br $multiples)))))
    (br_if $numbers (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200000))))
  (local.get $count)))`;

const cell = (base: number, row: string, column: string): string =>
  `(i32.add (i32.const ${base}) (i32.shl (i32.add (i32.shl (local.get ${row}) (i32.const 6)) (local.get ${column})) (i32.const 3)))`;
const next = (name: string, label: string): string =>
  `(br_if ${label} (i32.lt_u (local.tee ${name} (i32.add (local.get ${name}) (i32.const 1))) (i32.const 64)))`;

/** 64 × 64 doubles, as the textbook has it. */
const MATRIX = `(module (memory 2) (func (export "run") (result i32)
  (local $i i32) (local $j i32) (local $k i32) (local $sum f64)
  (loop $fill (f64.store (i32.shl (local.get $i) (i32.const 3)) (f64.convert_i32_u (i32.and (local.get $i) (i32.const 7))))
    (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 8192))))
  (local.set $i (i32.const 0))
  (loop $rows (local.set $j (i32.const 0))
    (loop $columns (local.set $k (i32.const 0)) (local.set $sum (f64.const 0))
      (loop $terms
        (local.set $sum (f64.add (local.get $sum) (f64.mul (f64.load ${cell(0, '$i', '$k')}) (f64.load ${cell(32768, '$k', '$j')}))))
        ${next('$k', '$terms')})
      (f64.store ${cell(65536, '$i', '$j')} (local.get $sum))
      ${next('$j', '$columns')})
    ${next('$i', '$rows')})
  (i32.trunc_f64_u (f64.load (i32.const 65544)))))`;

/** Calls and nothing else: what metering costs at its worst. */
const RECURSION = `(module (func $fib (param i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2)) (then (local.get 0)) (else
    (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "run") (result i32) (call $fib (i32.const 22))))`;

const NAMES = JSON.stringify({
  name: 'x'.repeat(400),
  list: Array.from({ length: 100 }, (_, id) => ({
    id,
    text: `name ${id}`,
    numbers: [1, 2.5, id],
    nested: { yes: true, no: null },
  })),
});

/** u8 algorithm · 32 key · u8 length of nonce · nonce · u32 length of AAD · plaintext. */
const SEAL = Uint8Array.from([
  1,
  ...payloadOf(32),
  12,
  ...payloadOf(12),
  0,
  0,
  0,
  0,
  ...payloadOf(SEAL_BYTES),
]);
const SHA_256 = Uint8Array.from([2, ...payloadOf(SEAL_BYTES)]);

/** Records of mixed fields, a quarter of the bench's own megabyte: to JSON lines. */
function decodePayload(): Uint8Array {
  const { copybook, records, recordBytes } = mixedSample();
  const input = records.subarray(0, Math.floor(262_144 / recordBytes) * recordBytes);
  return payloadOfCopybook({ copybook, options: {} }, pieceHeader(0), input);
}

export const WORKLOADS: readonly Workload[] = [
  { name: 'echo', batch: 200, open: ofAdapter('echo', 'echo', payloadOf(64)) },
  { name: 'json', ratioMax: 1.25, batch: 1, open: ofAdapter('hello-js', 'hello', encoder.encode(NAMES)) },
  { name: 'sieve', batch: 1, open: ofText(SIEVE) },
  { name: 'matrix', batch: 2, open: ofText(MATRIX) },
  { name: 'sha256', batch: 4, open: ofAdapter('cipher', 'hash', SHA_256) },
  { name: 'cipher', ratioMax: 1.05, batch: 10, open: ofAdapter('cipher', 'aead-seal', SEAL) },
  { name: 'copybook', ratioMax: 1.05, batch: 2, open: ofAdapter('copybook', 'decode', decodePayload()) },
];

export const WORST: Workload = { name: 'recursion', batch: 4, open: ofText(RECURSION) };
