/** Code points of UTF-8 that the host has checked: a string argument is always well-formed. */

/** Bytes of the character that begins with this one. */
// @ts-ignore: decorator
@inline
export function widthOf(first: u8): i32 {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

export function codePointAt(at: usize): u32 {
  const first = load<u8>(at);
  if (first < 0x80) return first;
  if (first < 0xe0) return ((<u32>first & 0x1f) << 6) | rest(at, 1);
  if (first < 0xf0) return ((<u32>first & 0x0f) << 12) | (rest(at, 1) << 6) | rest(at, 2);
  return ((<u32>first & 0x07) << 18) | (rest(at, 1) << 12) | (rest(at, 2) << 6) | rest(at, 3);
}

// @ts-ignore: decorator
@inline
function rest(at: usize, index: usize): u32 {
  return <u32>load<u8>(at + index) & 0x3f;
}
