/** Bytes to text: the engine has no TextDecoder. Both hand pieces of some thousand characters to it, as one call takes so many. */

const PIECE_CHARACTERS = 4_096;

/** One character a byte. */
export function decodeLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE_CHARACTERS) {
    text += String.fromCharCode(...bytes.subarray(at, at + PIECE_CHARACTERS));
  }
  return text;
}

/**
 * Strict UTF-8, a byte order mark at the beginning left out; undefined where the bytes are none. With `isCut` a character that the end
 * cuts off is left out.
 * Source: the Unicode Standard, table 3-7, Well-Formed UTF-8 Byte Sequences.
 */
export function decodeUtf8(bytes: Uint8Array, isCut: boolean): string | undefined {
  let text = '';
  let units: number[] = [];
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let at = start; at < bytes.length; ) {
    const first = bytes[at] as number;
    const width = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
    if (width === 0) return undefined;
    let point = width === 1 ? first : first & (0x7f >> width);
    for (let index = 1; index < width; index++) {
      const next = bytes[at + index];
      if (next === undefined) return isCut ? text + String.fromCharCode(...units) : undefined;
      if ((next & 0xc0) !== 0x80) return undefined;
      point = (point << 6) | (next & 0x3f);
    }
    // Longer than needed, half of a pair, or beyond Unicode.
    if ((width === 3 && point < 0x800) || (width === 4 && point < 0x10000)) return undefined;
    if ((point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return undefined;
    if (point < 0x10000) units.push(point);
    else units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
    if (units.length >= PIECE_CHARACTERS) {
      text += String.fromCharCode(...units);
      units = [];
    }
    at += width;
  }
  return text + String.fromCharCode(...units);
}
