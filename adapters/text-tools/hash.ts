/** Hashes by the number of their case in `algorithm`: SHA-256, SHA-512 and BLAKE3 of `crypto-wasm`, CRC-32 here. */

import { BLAKE3_CONTEXT_BYTES, blake3Init, blake3Output, blake3Update } from '../../crypto-wasm/hash/kernel/blake3';
import { SHA2_CONTEXT_BYTES, sha2Finish, sha2Init, sha2Update } from '../../crypto-wasm/hash/kernel/sha2';

const SHA_256: i32 = 0;
const SHA_512: i32 = 1;
const BLAKE3: i32 = 2;

/** In lower-case hexadecimal digits. */
export function hashOf(at: usize, lengthBytes: i32, algorithm: i32): string {
  const out = changetype<usize>(new ArrayBuffer(64));
  if (algorithm == SHA_256 || algorithm == SHA_512) {
    const context = changetype<usize>(new ArrayBuffer(<i32>SHA2_CONTEXT_BYTES));
    sha2Init(context, algorithm == SHA_256 ? 256 : 512);
    sha2Update(context, at, lengthBytes);
    sha2Finish(context, out);
    return hex(out, algorithm == SHA_256 ? 32 : 64);
  }
  if (algorithm == BLAKE3) {
    const context = changetype<usize>(new ArrayBuffer(<i32>BLAKE3_CONTEXT_BYTES));
    blake3Init(context);
    blake3Update(context, at, lengthBytes);
    blake3Output(context, 0, out, 32);
    return hex(out, 32);
  }
  store<u32>(out, bswap(crc32(at, lengthBytes)));
  return hex(out, 4);
}

function hex(at: usize, lengthBytes: i32): string {
  const digits = '0123456789abcdef';
  let text = '';
  for (let index = 0; index < lengthBytes; index++) {
    const byte = load<u8>(at + index);
    text += digits.charAt(byte >> 4) + digits.charAt(byte & 15);
  }
  return text;
}

/** Made while the module starts, so that it stays. */
const TABLE: usize = memory.data(1024, 16);
for (let index: u32 = 0; index < 256; index++) {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  store<u32>(TABLE + index * 4, value);
}

/** The CRC-32 of ISO/IEC 13239 (gzip, PNG, Ethernet): reflected polynomial 0xedb88320. */
function crc32(at: usize, lengthBytes: i32): u32 {
  let sum: u32 = 0xffffffff;
  for (let index = 0; index < lengthBytes; index++) {
    sum = (sum >>> 8) ^ load<u32>(TABLE + ((sum ^ load<u8>(at + index)) & 0xff) * 4);
  }
  return ~sum;
}
