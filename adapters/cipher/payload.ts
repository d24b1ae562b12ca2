/**
 * The payload of one call, read from front to back. Numbers are little-endian.
 *
 * A field that does not fit into what is left marks the payload short and gives zeros and empty fields from then on, so
 * an operation reads all of its fields and asks `isShort()` once, before it uses any.
 */

class Cursor {
  at: usize = 0;
  end: usize = 0;
  isShort: bool = false;
}
const cursor = new Cursor();

/** Begins with the bytes from `at` to before `end`. */
export function read(at: usize, end: usize): void {
  cursor.at = at;
  cursor.end = end;
  cursor.isShort = false;
}

export function isShort(): bool {
  return cursor.isShort;
}

/** Where the next field begins. */
export function position(): usize {
  return cursor.at;
}

/** Bytes that were not read yet. */
export function left(): usize {
  return cursor.end - cursor.at;
}

/** The address of a field of so many bytes. */
export function take(bytes: usize): usize {
  const at = cursor.at;
  if (bytes > cursor.end - at) {
    cursor.isShort = true;
    cursor.at = cursor.end;
    return ZEROS;
  }
  cursor.at = at + bytes;
  return at;
}

export function takeU8(): u32 {
  return load<u8>(take(1));
}

export function takeU32(): u32 {
  return load<u32>(take(4));
}

export function takeU64(): u64 {
  return load<u64>(take(8));
}

/** What a number is read from when there is none. */
const ZEROS: usize = memory.data(16, 16);
