/** The operation `hash`: one byte that names the hash, then the message. */

import { badInput, okAt, Reply } from 'hotcell/kit';
import { BLAKE3_CONTEXT_BYTES, blake3Init, blake3Output, blake3Update, blake3Wipe } from '../../crypto-wasm/hash/kernel/blake3';
import { SHA2_CONTEXT_BYTES, sha2Finish, sha2Init, sha2Update, sha2Wipe } from '../../crypto-wasm/hash/kernel/sha2';

const BLAKE3: u8 = 1;
const SHA_256: u8 = 2;
const SHA_512: u8 = 3;

export function digest(at: usize, end: usize): Reply {
  const name: u8 = at < end ? load<u8>(at) : 0;
  const message = at + 1;
  const out = changetype<usize>(new ArrayBuffer(64));
  if (name == BLAKE3) {
    const hasher = changetype<usize>(new ArrayBuffer(<i32>BLAKE3_CONTEXT_BYTES));
    blake3Init(hasher);
    blake3Update(hasher, message, end - message);
    blake3Output(hasher, 0, out, 32);
    blake3Wipe(hasher);
    return okAt(out, 32);
  }
  if (name != SHA_256 && name != SHA_512) {
    return badInput('malformed: the first byte names the hash: 1 BLAKE3, 2 SHA-256, 3 SHA-512');
  }
  const hasher = changetype<usize>(new ArrayBuffer(<i32>SHA2_CONTEXT_BYTES));
  sha2Init(hasher, name == SHA_256 ? 256 : 512);
  sha2Update(hasher, message, end - message);
  sha2Finish(hasher, out);
  sha2Wipe(hasher);
  return okAt(out, name == SHA_256 ? 32 : 64);
}
