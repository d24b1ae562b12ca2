/** Whether bytes are EBCDIC or ASCII, by which of the two has letters, digits and spaces in them. */

/** Of the bytes looked at last. */
let ebcdicCount: i32 = 0;
let asciiCount: i32 = 0;
let bytesCount: i32 = 0;

export function guessText(from: usize, to: usize): void {
  ebcdicCount = 0;
  asciiCount = 0;
  bytesCount = <i32>(to - from);
  for (let at = from; at < to; at++) {
    const byte = load<u8>(at);
    if (isEbcdic(byte)) ebcdicCount++;
    if (isAscii(byte)) asciiCount++;
  }
}

export function seemsAscii(): bool {
  return asciiCount > ebcdicCount;
}

/** A code page: the one that the options have, where it is of the right kind. */
export function textGuess(given: string): string {
  const isAsciiPage = given == 'ascii' || given == 'latin1';
  if (bytesCount == 0 || seemsAscii() == isAsciiPage) return given;
  return isAsciiPage ? 'cp037' : 'ascii';
}

export function textWhy(): string {
  const text = shareText(ebcdicCount, bytesCount) + ' of the bytes are letters, digits or spaces of EBCDIC, ';
  return text + shareText(asciiCount, bytesCount) + ' of ASCII';
}

/** Share of bytes that can be printed, those apart that end lines. */
export function printableShare(from: usize, to: usize, one: u8, other: u8, isAsciiText: bool): f64 {
  let count = 0;
  for (let at = from; at < to; at++) {
    const byte = load<u8>(at);
    if (byte == one || byte == other || byte == 0x0d || isPrintable(byte, isAsciiText)) count++;
  }
  return to == from ? 0 : <f64>count / <f64>(to - from);
}

export function isPrintable(byte: u8, isAsciiText: bool): bool {
  if (isAsciiText) return (byte >= 0x20 && byte < 0x7f) || byte >= 0xa0;
  return byte >= 0x40 && byte != 0xff;
}

function isEbcdic(byte: u8): bool {
  const low = byte & 15;
  const high = byte >> 4;
  if (byte == 0x40) return true;
  if (high == 0x0f) return low <= 9;
  if (high == 8 || high == 9 || high == 12 || high == 13) return low >= 1 && low <= 9;
  return (high == 10 || high == 14) && low >= 2 && low <= 9;
}

function isAscii(byte: u8): bool {
  const letter = byte | 0x20;
  return byte == 0x20 || (byte >= 0x30 && byte <= 0x39) || (letter >= 0x61 && letter <= 0x7a);
}

/** Whole per cent. */
export function shareText(count: i32, whole: i32): string {
  return (whole == 0 ? 0 : <i32>(<i64>count * 100 / whole)).toString() + ' %';
}
