/**
 * The key of records, as XAES-256-GCM derives one for each nonce: AES in counter mode as CMAC. Source: C2SP,
 * XAES-256-GCM.md. Like the kernel of that name, but the derived key is given out: the record's commitment is made of it.
 *
 * Constant time, as the AES it stands on.
 */

import { enterState, finishRounds, SCHEDULE_BYTES } from '../../crypto-wasm/cipher/kernel/aes';
import { expandKey } from '../../crypto-wasm/cipher/kernel/aes-key';

const SUBKEY: usize = SCHEDULE_BYTES;
/** Key schedule and CMAC subkey. */
export const RECORD_KEY_BYTES: usize = SUBKEY + 16;

const BLOCKS: usize = memory.data(32, 16);

/** 32 bytes at `key`, which may be wiped afterwards. */
export function takeRecordKey(context: usize, key: usize): void {
  expandKey(context, key, 32);
  memory.fill(BLOCKS, 0, 32);
  encrypt(context);
  // K1 = L × x in GF(2¹²⁸). NIST SP 800-38B, section 6.1.
  const high = bswap(load<u64>(BLOCKS));
  const low = bswap(load<u64>(BLOCKS, 8));
  const carry = (<u64>0 - (high >> 63)) & 0x87;
  store<u64>(context, bswap((high << 1) | (low >> 63)), SUBKEY);
  store<u64>(context, bswap((low << 1) ^ carry), SUBKEY + 8);
  memory.fill(BLOCKS, 0, 32);
}

/** Writes the 32 bytes of the key for a nonce of 24: AES(K, M1 + K1) ‖ AES(K, M2 + K1), Mn = 00 0n 58 00 ‖ nonce[0…12]. */
export function deriveForNonce(context: usize, nonce: usize, out: usize): void {
  const subkey = v128.load(context, SUBKEY);
  for (let n: u32 = 1; n <= 2; n++) {
    const at = BLOCKS + 16 * (n - 1);
    store<u32>(at, 0x00580000 | (n << 8));
    store<u64>(at, load<u64>(nonce), 4);
    store<u32>(at, load<u32>(nonce, 8), 12);
    v128.store(at, v128.xor(v128.load(at), subkey));
  }
  encrypt(context);
  memory.copy(out, BLOCKS, 32);
  memory.fill(BLOCKS, 0, 32);
}

function encrypt(context: usize): void {
  enterState(context, BLOCKS, BLOCKS + 32);
  finishRounds(context, BLOCKS, BLOCKS + 32, 1);
}
