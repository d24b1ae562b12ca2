/**
 * The few small modules through which the host stands in a guest's way, as bytes.
 *
 * Why WebAssembly at all: tables take exported functions only, and what ends a guest must be a trap of WebAssembly, because
 * an exception of JavaScript could be caught by it. Each says below what it would be as text.
 * Source: WebAssembly core specification, Binary Format.
 */

import type { FlatType } from '../flat-types.ts';

const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const TYPE_CODES: Readonly<Record<FlatType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
const I32 = TYPE_CODES.i32;

/** A section: id, size, content. No section here is longer than 127 bytes times 128. */
const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...u32(content.length),
  ...content,
];
const u32 = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...u32(value >>> 7)];
const name = (text: string): number[] => [text.length, ...Array.from(text, (char) => char.charCodeAt(0))];
const signature = (parameters: readonly number[], results: readonly number[]): number[] => [
  0x60,
  ...u32(parameters.length),
  ...parameters,
  results.length,
  ...results,
];
const importFunction = (field: string, type: number): number[] => [...name('h'), ...name(field), 0x00, type];
const UNREACHABLE_IF = [0x04, 0x40, 0x00, 0x0b];

/** `(func (export "t") unreachable)`. */
export const TRAP_MODULE = new Uint8Array([
  ...HEAD,
  ...section(1, [1, ...signature([], [])]),
  ...section(3, [1, 0]),
  ...section(7, [1, ...name('t'), 0, 0]),
  ...section(10, [1, 3, 0, 0x00, 0x0b]),
]);

/**
 * ```
 * (func (export "r") (local i32)
 *   (br_if 0 (i32.eqz (local.tee 0 (call $c))))        ;; go on
 *   (if (i32.eq (local.get 0) (i32.const 1)) (then unreachable))
 *   (if (call $r (call $y)) (then unreachable)))       ;; suspended, then stopped
 * ```
 */
export const REFILL_MODULE = new Uint8Array([
  ...HEAD,
  ...section(1, [3, ...signature([], [I32]), ...signature([I32], [I32]), ...signature([], [])]),
  ...section(2, [3, ...importFunction('c', 0), ...importFunction('y', 0), ...importFunction('r', 1)]),
  ...section(3, [1, 2]),
  ...section(7, [1, ...name('r'), 0, 3]),
  ...section(10, [
    1,
    ...body(
      [1, 1, I32],
      [
        ...[0x10, 0, 0x22, 0, 0x45, 0x0d, 0],
        ...[0x20, 0, 0x41, 1, 0x46, ...UNREACHABLE_IF],
        ...[0x10, 1, 0x10, 2, ...UNREACHABLE_IF],
      ],
    ),
  ]),
]);

function body(locals: readonly number[], code: readonly number[]): number[] {
  const content = [...locals, ...code, 0x0b];
  return [...u32(content.length), ...content];
}

/**
 * ```
 * (func (export "f") (param …) (result …) (local $token i32)
 *   (if (i32.eqz (local.tee $token (call $b))) (then unreachable))   ;; it may not wait here
 *   (call $w (local.get …) …)                                        ;; leaves its result on the stack
 *   (if (call $r (local.get $token)) (then unreachable)))            ;; it may not go on
 * ```
 */
export function buildWaitModule(
  parameters: readonly FlatType[],
  result: FlatType | undefined,
): Uint8Array<ArrayBuffer> {
  const inputs = parameters.map((type) => TYPE_CODES[type]);
  const results = result === undefined ? [] : [TYPE_CODES[result]];
  const token = u32(inputs.length);
  return new Uint8Array([
    ...HEAD,
    ...section(1, [3, ...signature([], [I32]), ...signature(inputs, results), ...signature([I32], [I32])]),
    ...section(2, [3, ...importFunction('b', 0), ...importFunction('w', 1), ...importFunction('r', 2)]),
    ...section(3, [1, 1]),
    ...section(7, [1, ...name('f'), 0, 3]),
    ...section(10, [
      1,
      ...body(
        [1, 1, I32],
        [
          ...[0x10, 0, 0x22, ...token, 0x45, ...UNREACHABLE_IF],
          ...inputs.flatMap((_, index) => [0x20, ...u32(index)]),
          ...[0x10, 1],
          ...[0x20, ...token, 0x10, 2, ...UNREACHABLE_IF],
        ],
      ),
    ]),
  ]);
}
