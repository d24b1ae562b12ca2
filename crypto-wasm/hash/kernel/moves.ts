/**
 * Moves of sizes that are known: a few vector instructions, where the bulk instructions are each a call into the engine.
 */

// @ts-ignore: decorator
@inline
export function copy32(to: usize, from: usize): void {
  const a = v128.load(from), b = v128.load(from, 16);
  v128.store(to, a);
  v128.store(to, b, 16);
}

// @ts-ignore: decorator
@inline
export function copy64(to: usize, from: usize): void {
  const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48);
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}

// @ts-ignore: decorator
@inline
export function clear64(at: usize): void {
  const zero = i64x2.splat(0);
  v128.store(at, zero);
  v128.store(at, zero, 16);
  v128.store(at, zero, 32);
  v128.store(at, zero, 48);
}
