/** UTF-8 that is written piece by piece. */

/** Bytes that grow; they belong to the call. */
@final
export class Text {
  private buffer: ArrayBuffer = new ArrayBuffer(4096);
  length: i32 = 0;

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
