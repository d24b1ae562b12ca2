/**
 * Reads HTTP/1.1 responses off a byte stream, only as much as a load generator needs: the status and where the
 * response ends. Responses must carry a Content-Length (or be 204/304); others are unreadable.
 */

/** Longer heads are unreadable: no server measured here sends one. */
const HEAD_MAX_BYTES = 16_384;
const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH_NAME = Buffer.from('content-length:');
const NOTHING = Buffer.alloc(0);

export interface ResponseReader {
  /** Takes the next bytes, which it does not keep. False: unreadable, nothing after it can be trusted. */
  read(chunk: Buffer): boolean;
}

/** `answered` is called with the status when the last byte of a response has come. */
export function createResponseReader(answered: (status: number) => void): ResponseReader {
  /** Beginning of a head that came in pieces. */
  let head = NOTHING;
  let status = 0;
  let bodyLeft = 0;
  return {
    read(chunk) {
      let bytes = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
      head = NOTHING;
      while (bytes.length > 0) {
        if (bodyLeft === 0) {
          const end = bytes.indexOf(HEAD_END);
          if (end > HEAD_MAX_BYTES || (end < 0 && bytes.length > HEAD_MAX_BYTES)) return false;
          if (end < 0) {
            head = Buffer.from(bytes);
            return true;
          }
          status = readStatus(bytes);
          bodyLeft = status === 204 || status === 304 ? 0 : readLength(bytes, end);
          if (!(status >= 200) || !(bodyLeft >= 0)) return false;
          bytes = bytes.subarray(end + HEAD_END.length);
        }
        const taken = Math.min(bodyLeft, bytes.length);
        bodyLeft -= taken;
        bytes = bytes.subarray(taken);
        if (bodyLeft === 0) answered(status);
      }
      return true;
    },
  };
}

/** Digits at `HTTP/1.1 200`; NaN where the line is another. */
function readStatus(bytes: Buffer): number {
  if (bytes.toString('latin1', 0, 7) !== 'HTTP/1.') return Number.NaN;
  return Number(bytes.toString('latin1', 9, 12));
}

/** Value of Content-Length in a head that ends at `end`; NaN without one. Compares bytes: no string per response. */
function readLength(bytes: Buffer, end: number): number {
  for (let lineStart = bytes.indexOf(10) + 1; lineStart > 0 && lineStart < end; ) {
    let at = 0;
    // 0x20 makes capital letters small and leaves '-' and ':' as they are.
    while (at < LENGTH_NAME.length && ((bytes[lineStart + at] ?? 0) | 0x20) === LENGTH_NAME[at]) at++;
    if (at === LENGTH_NAME.length) return readDigits(bytes, lineStart + at, end);
    lineStart = bytes.indexOf(10, lineStart) + 1;
  }
  return Number.NaN;
}

function readDigits(bytes: Buffer, from: number, end: number): number {
  let value = Number.NaN;
  for (let at = from; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 13) break;
    if (byte === 32) continue;
    if (byte < 48 || byte > 57) return Number.NaN;
    value = (Number.isNaN(value) ? 0 : value * 10) + (byte - 48);
  }
  return value;
}
