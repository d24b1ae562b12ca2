/** Writes pieces of the WebAssembly binary format: numbers, vectors, sections. The counterpart of `binary.ts`. */

/** Unsigned LEB128 of a number below 2⁵³. Source: WebAssembly core, 5.2.2. */
export function leb128(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** Signed LEB128 of a number of at most 32 bits. */
export function signedLeb128(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    if ((rest >> 6 === 0 && (low & 0x40) === 0) || (rest >> 6 === -1 && (low & 0x40) !== 0))
      return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** A section: its id, the size of what is in it, and that. */
export function section(id: number, pieces: readonly Uint8Array[]): Uint8Array {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return Buffer.concat([Uint8Array.from([id, ...leb128(length)]), ...pieces]);
}

/** A name: its length in bytes, then UTF-8. */
export function name(text: string): number[] {
  const bytes = Buffer.from(text);
  return [...leb128(bytes.length), ...bytes];
}
