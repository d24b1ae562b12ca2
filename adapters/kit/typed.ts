/**
 * What an adapter of a world of its own is written with: arguments and results in the Canonical ABI, by hand.
 *
 * A function takes the flat form of its arguments: a number for a number, an enum or a character, address and length in bytes for a
 * string or a `list<u8>`, one more number before an option (0: none). At most 16 numbers; more arrive as one address. What is more
 * than one number is returned as the address of where it stands. All memory of a call is given back when the host has read its
 * result; of what is made during a call nothing may be kept.
 * Source: Canonical ABI, Flattening and Storing.
 */

/** Memory for a result: `sizeBytes` of zeros, aligned to 16. */
export function room(sizeBytes: i32): usize {
  return changetype<usize>(new ArrayBuffer(sizeBytes));
}

/** A string argument as text. */
export function textAt(address: usize, lengthBytes: i32): string {
  return String.UTF8.decodeUnsafe(address, lengthBytes);
}

/** A string or `list<u8>` argument as the bytes that it is, not copied. */
export function bytesAt(address: usize, lengthBytes: i32): Uint8Array {
  // An empty list need not have been allocated: its address says nothing.
  if (lengthBytes == 0) return new Uint8Array(0);
  return Uint8Array.wrap(changetype<ArrayBuffer>(address), 0, lengthBytes);
}

/** Writes a string where a result has one: 8 bytes, its address and its length. */
export function putText(at: usize, text: string): void {
  const encoded = String.UTF8.encode(text);
  putBytes(at, changetype<usize>(encoded), encoded.byteLength);
}

/** The same for bytes that lie in memory already, in UTF-8 where the type is a string. */
export function putBytes(at: usize, address: usize, lengthBytes: i32): void {
  store<u32>(at, <u32>address);
  store<u32>(at, lengthBytes, 4);
}

/** Bytes that are written piece by piece, for a result whose length is not known before. They belong to the call. */
@final
export class Text {
  private buffer: ArrayBuffer;
  length: i32 = 0;

  /** Room for so many bytes at first: a call gives nothing back before its end, so growing has its price. */
  constructor(roomBytes: i32 = 64) {
    this.buffer = new ArrayBuffer(roomBytes);
  }

  get address(): usize {
    return changetype<usize>(this.buffer);
  }

  put(at: usize, lengthBytes: i32): void {
    this.reserve(lengthBytes);
    memory.copy(this.address + this.length, at, lengthBytes);
    this.length += lengthBytes;
  }

  putByte(byte: u8): void {
    this.reserve(1);
    store<u8>(this.address + this.length++, byte);
  }

  private reserve(lengthBytes: i32): void {
    const needed = this.length + lengthBytes;
    if (needed <= this.buffer.byteLength) return;
    const larger = new ArrayBuffer(2 * needed);
    memory.copy(changetype<usize>(larger), this.address, this.length);
    this.buffer = larger;
  }

  say(words: string): void {
    const encoded = String.UTF8.encode(words);
    this.put(changetype<usize>(encoded), encoded.byteLength);
  }
}
