/**
 * What every cipher does with bytes besides computing: wiping them, comparing tags, adding a key stream.
 *
 * Lengths may steer these functions, contents never do.
 */

/** Zeros; `lengthBytes` is a multiple of 16. Stores to linear memory are never optimised away. */
export function clear(address: usize, lengthBytes: usize): void {
  const zero = i64x2.splat(0);
  for (const end = address + lengthBytes; address < end; address += 16) v128.store(address, zero);
}

/** Whether two blocks of sixteen bytes are equal. Looks at all of them, in the same time whatever they hold. */
export function equalTags(a: usize, b: usize): bool {
  const difference = v128.xor(v128.load(a), v128.load(b));
  const folded = i64x2.extract_lane(difference, 0) | i64x2.extract_lane(difference, 1);
  // Zero minus a non-zero word, or the word itself, has its top bit set; zero has not.
  return <bool>(1 ^ <i32>((folded | (0 - folded)) >>> 63));
}

/** target = source + stream, byte by byte. The three may be the same memory, but not overlap otherwise. */
export function addStream(target: usize, source: usize, stream: usize, lengthBytes: usize): void {
  for (; lengthBytes >= 16; lengthBytes -= 16) {
    v128.store(target, v128.xor(v128.load(source), v128.load(stream)));
    target += 16;
    source += 16;
    stream += 16;
  }
  for (const end = target + lengthBytes; target < end; target++) {
    store<u8>(target, load<u8>(source++) ^ load<u8>(stream++));
  }
}
