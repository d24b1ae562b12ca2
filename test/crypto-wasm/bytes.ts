/** Bytes as tests write and read them. */

export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function fromText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A message that repeats mod 251, so that blocks, chunks and lanes that are swapped show. */
export function patterned(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => i % 251);
}
