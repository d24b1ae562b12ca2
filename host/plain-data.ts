/**
 * Plain data as bytes: what structured clone would carry between host and executor, readable without trusting whoever
 * wrote it.
 *
 * JSON for the shape, with `Uint8Array` and `bigint` beside what JSON has; `undefined` members are left out. Why not the
 * serialisation of the engine: it is not made for bytes from a process that has run a guest. Layout: length of the JSON as
 * u32 little-endian, the JSON, then the byte arrays one behind the other.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** In the JSON: `{"$bytes": length}`, in the order in which they follow; `{"$bigint": "…"}`; own `$` names are doubled. */
const BYTES = '$bytes';
const BIGINT = '$bigint';

/** Encodes one value. Throws TypeError — a function, a symbol or a cycle. */
export function encodePlain(value: unknown): Uint8Array<ArrayBuffer> {
  const blobs: Uint8Array[] = [];
  let blobBytes = 0;
  const plain = (part: unknown): unknown => {
    if (typeof part === 'bigint') return { [BIGINT]: String(part) };
    if (part instanceof Uint8Array) {
      blobs.push(part);
      blobBytes += part.length;
      return { [BYTES]: part.length };
    }
    if (typeof part === 'function' || typeof part === 'symbol') throw new TypeError('not plain data');
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map(plain);
    return Object.fromEntries(
      Object.entries(part).map(([name, member]) => [name.startsWith('$') ? `$${name}` : name, plain(member)]),
    );
  };
  const json = encoder.encode(JSON.stringify(plain(value) ?? null));
  const bytes = new Uint8Array(4 + json.length + blobBytes);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  let at = 4 + json.length;
  for (const blob of blobs) {
    bytes.set(blob, at);
    at += blob.length;
  }
  return bytes;
}

/** Decodes one value; its byte arrays are copies. `undefined` at the top comes back as null. Throws Error — it is no such value. */
export function decodePlain(bytes: Uint8Array): unknown {
  if (bytes.length < 4) throw new Error('plain data without a length');
  const jsonLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  let at = 4 + jsonLength;
  if (at > bytes.length) throw new Error('plain data is cut off');
  const real = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part;
    if (Array.isArray(part)) return part.map(real);
    if (Object.hasOwn(part, BIGINT)) return BigInt((part as { [BIGINT]: string })[BIGINT]);
    if (Object.hasOwn(part, BYTES)) {
      const length = (part as { [BYTES]: number })[BYTES];
      if (!Number.isInteger(length) || length < 0 || at + length > bytes.length)
        throw new Error('plain data is cut off');
      at += length;
      return bytes.slice(at - length, at);
    }
    return Object.fromEntries(
      Object.entries(part).map(([name, member]) => [
        name.startsWith('$$') ? name.slice(1) : name,
        real(member),
      ]),
    );
  };
  return real(JSON.parse(decoder.decode(bytes.subarray(4, 4 + jsonLength))));
}
