/**
 * Reads RESP 2: bytes as they arrive → whole replies.
 *
 * Everything is bounded, because a store is another machine: lengths, elements, depth, and what is held of a reply that is not whole yet.
 * Throws on anything else; the connection is then over.
 * Source: Redis serialization protocol specification, version 2.
 */

/** Bulk strings are bytes, statuses too. */
export type RedisReply = Uint8Array | number | null | readonly RedisReply[];

export type Reply =
  | { readonly kind: 'value'; readonly value: RedisReply }
  | { readonly kind: 'error'; readonly text: string };

/** A value of 1 MiB, or a list of 1,000 keys of 512 bytes, with room. */
const REPLY_MAX_BYTES = 2 * 1024 * 1024;
const LIST_MAX_COUNT = 4096;
const LINE_MAX_BYTES = 64 * 1024;

export interface ReplyReader {
  /** The replies that are whole with this piece. */
  take(chunk: Uint8Array): Reply[];
}

export function createReplyReader(): ReplyReader {
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Bytes below which the reply under way cannot be whole: a large one is not read again with each piece. */
  let neededBytes = 1;

  return {
    take(chunk) {
      held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      heldBytes += chunk.byteLength;
      if (heldBytes < neededBytes) return [];
      const bytes = held.length === 1 ? (held[0] as Buffer) : Buffer.concat(held);
      const replies: Reply[] = [];
      let offset = 0;
      neededBytes = 1;
      while (offset < bytes.length) {
        const read = readReply(bytes, offset, 0);
        if ('missing' in read) {
          neededBytes = read.missing - offset;
          break;
        }
        replies.push(read.reply);
        offset = read.end;
      }
      const rest = bytes.subarray(offset);
      if (rest.length > REPLY_MAX_BYTES || neededBytes > REPLY_MAX_BYTES)
        throw new Error('a reply is too long');
      held = rest.length === 0 ? [] : [rest];
      heldBytes = rest.length;
      return replies;
    },
  };
}

type Read = { readonly reply: Reply; readonly end: number } | { readonly missing: number };

function readReply(bytes: Buffer, start: number, depth: number): Read {
  const lineEnd = bytes.indexOf('\r\n', start, 'latin1');
  if (lineEnd < 0) {
    if (bytes.length - start > LINE_MAX_BYTES) throw new Error('a line is too long');
    return { missing: bytes.length + 1 };
  }
  const line = bytes.toString('latin1', start + 1, lineEnd);
  const next = lineEnd + 2;
  switch (bytes[start]) {
    case 0x2b: // +
      return { reply: { kind: 'value', value: Buffer.from(line, 'latin1') }, end: next };
    case 0x2d: // -
      return { reply: { kind: 'error', text: line.slice(0, 200) }, end: next };
    case 0x3a: // :
      return { reply: { kind: 'value', value: numberOf(line, Number.MAX_SAFE_INTEGER) }, end: next };
    case 0x24: {
      // $
      const length = numberOf(line, REPLY_MAX_BYTES);
      if (length < 0) return { reply: { kind: 'value', value: null }, end: next };
      const end = next + length + 2;
      if (bytes.length < end) return { missing: end };
      if (bytes[end - 2] !== 0x0d || bytes[end - 1] !== 0x0a) throw new Error('a string has another length');
      // Its own bytes: a view would keep everything that arrived with it.
      const value = new Uint8Array(bytes.subarray(next, end - 2));
      return { reply: { kind: 'value', value }, end };
    }
    case 0x2a: // *
      return readList(bytes, next, numberOf(line, LIST_MAX_COUNT), depth);
    default:
      throw new Error('a reply of an unknown kind');
  }
}

function readList(bytes: Buffer, start: number, count: number, depth: number): Read {
  if (count < 0) return { reply: { kind: 'value', value: null }, end: start };
  if (depth > 0) throw new Error('a list within a list');
  const items: RedisReply[] = [];
  let offset = start;
  while (items.length < count) {
    const read = readReply(bytes, offset, depth + 1);
    if ('missing' in read) return read;
    if (read.reply.kind === 'error') throw new Error('an error within a list');
    items.push(read.reply.value);
    offset = read.end;
  }
  return { reply: { kind: 'value', value: items }, end: offset };
}

function numberOf(line: string, max: number): number {
  if (!/^-?\d{1,16}$/.test(line) || Number(line) > max)
    throw new Error('a number that is none, or too large');
  return Number(line);
}
