/**
 * SHA-256 and SHA-512: one suite over the reference, both builds of the kernel and node:crypto.
 */

import { describe, expect, test } from 'vitest';
import { fromHex, fromText, patterned, toHex } from '../bytes.ts';
import { kernels, type Named, node, reference, type Sha2Implementation } from './implementations.ts';
import { hasVectors, readResponses } from './vector-files.ts';

/** FIPS 180-4's examples, as NIST publishes them. */
const EXAMPLES = {
  sha256: [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ],
  sha512: [
    [
      'abc',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
    [
      'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu',
      '8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909',
    ],
  ],
} as const;

/** Around every place where padding or a block begins or ends. */
const EDGES = [55, 56, 63, 64, 111, 112, 119, 120, 127, 128, 192, 255, 256, 1_024, 4_096, 65_536].flatMap(
  (edge) => [edge - 1, edge, edge + 1],
);

function sha2Conformance({ name, face, isSlow }: Named<Sha2Implementation>): void {
  describe(name, () => {
    test.each(['sha256', 'sha512'] as const)('%s gives the published digests', (hash) => {
      for (const [text, digest] of EXAMPLES[hash]) expect(toHex(face[hash](fromText(text)))).toBe(digest);
    });

    test.each(['sha256', 'sha512'] as const)('%s is right at every edge of a block, ±1', (hash) => {
      const lengths = [...Array(isSlow ? 20 : 300).keys(), ...EDGES].filter(
        (length) => !isSlow || length < 5_000,
      );
      for (const length of lengths) {
        const message = patterned(length);
        expect(toHex(face[hash](message)), `${length} bytes`).toBe(toHex(node.face[hash](message)));
      }
    });

    test.runIf(hasVectors() || console.warn('sha2: no CAVP vectors'))(
      'agrees with NIST CAVP, short and long',
      () => {
        const cases = ['Short', 'Long'].flatMap((kind) => readResponses(`nist-cavp/SHA256${kind}Msg.rsp`));
        const taken = cases.filter(({ Len }) => !isSlow || Number(Len) < 40_000);
        for (const { Len, Msg = '', MD } of taken) {
          const message = fromHex(Msg).subarray(0, Number(Len) / 8);
          expect(toHex(face.sha256(message)), `${Len} bits`).toBe(MD);
        }
        expect(taken.length).toBeGreaterThan(65);
        console.log(`${name}: SHA-256 CAVP short and long ${taken.length} of ${cases.length}`);
      },
    );

    test.runIf(hasVectors() || console.warn('sha2: no CAVP vectors'))(
      'agrees with NIST CAVP, Monte Carlo',
      () => {
        const [{ Seed = '' } = {}, ...cases] = readResponses('nist-cavp/SHA256Monte.rsp');
        expect(cases).toHaveLength(100);
        const taken = cases.slice(0, isSlow ? 1 : undefined);
        let seed = fromHex(Seed);
        for (const { COUNT, MD } of taken) {
          // SHAVS §6.4: a thousand digests, each of the three before it.
          const last = [seed, seed, seed];
          for (let i = 0; i < 1_000; i++)
            last.push(face.sha256(Buffer.concat(last.splice(0, 1).concat(last))));
          seed = last[2] as Uint8Array<ArrayBuffer>;
          expect(toHex(seed), `count ${COUNT}`).toBe(MD);
        }
        console.log(`${name}: SHA-256 CAVP Monte Carlo ${taken.length} of ${cases.length} thousand`);
      },
    );
  });
}

for (const implementation of [reference, ...(await kernels()), node]) sha2Conformance(implementation);
