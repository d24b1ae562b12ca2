/**
 * Published vectors as cases: NIST CAVP response files and Wycheproof's JSON, read to one shape.
 */

import { expect } from 'vitest';
import type { Open, Seal } from '../../../crypto-wasm/cipher/aead.ts';
import { readVectors } from '../../vectors.ts';

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
export const toHex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && Buffer.from(bytes).toString('hex');

export interface PublishedCase {
  /** Where it stands: file and number. */
  readonly id: string;
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
  readonly ciphertext: Uint8Array;
  /** As long as the vector has it: NIST truncates tags down to 4 bytes. */
  readonly tag: Uint8Array;
  /** Undefined where the message is not genuine and the vector does not say what was sealed. */
  readonly plaintext: Uint8Array | undefined;
  readonly genuine: boolean;
}

/** NIST CAVP, CAVS 14.0: `gcmEncryptExtIV*.rsp`, `gcmDecrypt*.rsp`. */
export function* cavpCases(folder: string, file: string): Generator<PublishedCase> {
  const text = readVectors(folder, `crypto/nist-cavp/${file}`);
  for (const part of text.split(/\r?\n\r?\n/)) {
    const fields = new Map<string, string>();
    let failed = false;
    for (const line of part.split(/\r?\n/)) {
      const [, name, value = ''] = /^(\w+) = ?(\S*)/.exec(line) ?? [];
      if (name !== undefined) fields.set(name, value);
      failed ||= line === 'FAIL';
    }
    const bytes = (name: string): Uint8Array => hex(fields.get(name) ?? '');
    if (!fields.has('Count')) continue;
    yield {
      id: `${file} key ${fields.get('Key')} count ${fields.get('Count')}`,
      key: bytes('Key'),
      nonce: bytes('IV'),
      aad: bytes('AAD'),
      ciphertext: bytes('CT'),
      tag: bytes('Tag'),
      plaintext: failed ? undefined : bytes('PT'),
      genuine: !failed,
    };
  }
}

/** C2SP Wycheproof, testvectors_v1. `acceptable` does not occur in these files. */
export function* wycheproofCases(folder: string, file: string): Generator<PublishedCase> {
  const { testGroups } = JSON.parse(readVectors(folder, `crypto/wycheproof/${file}`));
  for (const group of testGroups) {
    for (const test of group.tests) {
      yield {
        id: `${file} tcId ${test.tcId} (${test.comment})`,
        key: hex(test.key),
        nonce: hex(test.iv),
        aad: hex(test.aad),
        ciphertext: hex(test.ct),
        tag: hex(test.tag),
        plaintext: test.result === 'valid' ? hex(test.msg) : undefined,
        genuine: test.result === 'valid',
      };
    }
  }
}

/**
 * Holds every Wycheproof case against what it says; gives how many were run. A case is also kept when an
 * implementation does not take its nonce at all: `refusedLength`, which only invalid cases may be.
 */
export function runWycheproof(
  seal: Seal,
  open: Open,
  cases: Iterable<PublishedCase>,
): Record<string, number> {
  const counts = { valid: 0, invalid: 0, refusedLength: 0 };
  for (const { id, key, nonce, aad, ciphertext, tag, plaintext, genuine } of cases) {
    const sealed = Buffer.concat([ciphertext, tag]);
    let opened: Uint8Array | undefined;
    try {
      opened = open(key, nonce, aad, sealed);
    } catch (error) {
      expect(error, id).toBeInstanceOf(RangeError);
      expect(genuine, id).toBe(false);
      counts.refusedLength++;
      continue;
    }
    expect(toHex(opened), id).toBe(toHex(plaintext));
    if (plaintext !== undefined) expect(toHex(seal(key, nonce, aad, plaintext)), id).toBe(toHex(sealed));
    counts[genuine ? 'valid' : 'invalid']++;
  }
  return counts;
}
