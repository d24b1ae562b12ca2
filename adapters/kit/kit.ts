/**
 * What an adapter in AssemblyScript is written with: the reply of one call. `abi.ts` turns it into what the host reads.
 *
 * A reply only says where its bytes lie; nothing is copied. All memory that a call takes is given back when the host
 * has read the reply, so no object made during a call may be kept: state between calls lives in numbers and in what
 * was made while the module started.
 */

/** 0 is success; the others are the cases of the WIT variant `failure` in order, counted from 1. */
const OK: i32 = 0;
const BAD_INPUT: i32 = 1;
const NOT_FOUND: i32 = 2;
const INTERNAL: i32 = 3;

/** The end of one call. Made with `ok`, `okAt`, `okText`, `badInput`, `notFound` or `internal`. */
@final
export class Reply {
  constructor(
    readonly kind: i32,
    /** Address of the first byte: of the result, or of the failure's text in UTF-8. */
    readonly address: usize,
    readonly lengthBytes: i32,
  ) {}
}

/** Success, with these bytes. A view into a larger buffer is fine, and so is the payload itself. */
export function ok(bytes: Uint8Array): Reply {
  return new Reply(OK, bytes.dataStart, bytes.byteLength);
}

/** Success, with the bytes that lie at an address: for kernels that manage their own memory. */
export function okAt(address: usize, lengthBytes: i32): Reply {
  return new Reply(OK, address, lengthBytes);
}

/** Success, with a text in UTF-8. */
export function okText(text: string): Reply {
  return textReply(OK, text);
}

/** The payload is not what the operation accepts; the text says what is wrong with it. */
export function badInput(message: string): Reply {
  return textReply(BAD_INPUT, message);
}

/** The operation, or something that the payload names, does not exist. */
export function notFound(message: string): Reply {
  return textReply(NOT_FOUND, message);
}

/** An error of the adapter itself that it could still report. */
export function internal(message: string): Reply {
  return textReply(INTERNAL, message);
}

/** The payload as text; it must be valid UTF-8. */
export function textOf(payload: Uint8Array): string {
  return String.UTF8.decodeUnsafe(payload.dataStart, payload.byteLength);
}

function textReply(kind: i32, text: string): Reply {
  const encoded = String.UTF8.encode(text);
  return new Reply(kind, changetype<usize>(encoded), encoded.byteLength);
}
