/**
 * Everything that implements the hash face, for suites that are functions over an implementation: the reference, both
 * builds of the kernel, and node:crypto, which has no BLAKE3.
 */

import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../../crypto-wasm/build.ts';
import { nativePrimitives } from '../../../crypto-wasm/formats/native.ts';
import {
  type Blake3Face,
  checkHkdf,
  checkWholeDigest,
  DIGEST_BYTES,
  type Hasher,
  type HasherSpec,
  type HashKernel,
  type Sha2Face,
} from '../../../crypto-wasm/hash/face.ts';
import { createHashKernel } from '../../../crypto-wasm/hash/hash.ts';
import { createReferenceHash } from '../../../crypto-wasm/hash/reference.ts';

export type Sha2Spec = Exclude<HasherSpec, { kind: `blake3${string}` }>;

export interface Sha2Implementation extends Sha2Face {
  createHasher(spec: Sha2Spec): Hasher;
}

export interface Blake3Implementation extends Blake3Face {
  createHasher(spec: HasherSpec): Hasher;
}

export interface Named<T> {
  readonly name: string;
  readonly face: T;
  /** The reference is hundreds of times slower: it gets fewer and shorter messages. */
  readonly isSlow: boolean;
}

const builds = [
  ['kernel, relaxed SIMD', RELAXED_FEATURES],
  ['kernel, plain SIMD', PLAIN_FEATURES],
] as const;

/** Both builds, as modules. An engine without relaxed SIMD has one of them only, and that is said. */
export async function kernelModules(): Promise<
  { readonly name: string; readonly module: WebAssembly.Module }[]
> {
  const modules: { name: string; module: WebAssembly.Module }[] = [];
  for (const [name, features] of builds) {
    const bytes = await buildKernel('hash', features);
    if (WebAssembly.validate(bytes)) modules.push({ name, module: new WebAssembly.Module(bytes) });
    else console.warn(`this engine does not run the ${name}: its tests DO NOT RUN`);
  }
  return modules;
}

export async function kernels(): Promise<Named<HashKernel>[]> {
  const modules = await kernelModules();
  return modules.map(({ name, module }) => ({ name, face: createHashKernel(module), isSlow: false }));
}

export const reference: Named<HashKernel> = { name: 'reference', face: createReferenceHash(), isSlow: true };

/** SHA-2 by the engine's own library. */
export const node: Named<Sha2Implementation> = {
  name: 'node:crypto',
  isSlow: false,
  face: {
    sha256: (message) => createHash('sha256').update(message).digest(),
    sha512: (message) => createHash('sha512').update(message).digest(),
    hmac: (hash, key, message) => createHmac(hash, key).update(message).digest(),
    hkdf(hash, material, salt, info, lengthBytes) {
      checkHkdf(hash, info, lengthBytes);
      // It refuses info above 1,024 bytes and empty output, which RFC 5869 does not: then the same from its HMAC.
      if (info.length > 1_024 || lengthBytes === 0) {
        return expand(hash, createHmac(hash, salt).update(material).digest(), info, lengthBytes);
      }
      return new Uint8Array(hkdfSync(hash, material, salt, info, lengthBytes));
    },
    hkdfExpand: expand,
    createHasher(spec) {
      const bytes = DIGEST_BYTES[spec.kind === 'hmac' ? spec.hash : spec.kind];
      // Its HMAC cannot give a digest and go on, so the pieces are kept.
      const pieces: Uint8Array[] = [];
      return {
        update: (piece) => void pieces.push(piece.slice()),
        digest(lengthBytes = bytes, offsetBytes = 0) {
          checkWholeDigest(bytes, lengthBytes, offsetBytes);
          const hash = spec.kind === 'hmac' ? createHmac(spec.hash, spec.key) : createHash(spec.kind);
          for (const piece of pieces) hash.update(piece);
          return hash.digest();
        },
        close: () => void pieces.splice(0),
      };
    },
  },
};

function expand(
  hash: 'sha256' | 'sha512',
  key: Uint8Array,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  checkHkdf(hash, info, lengthBytes);
  if (hash === 'sha512') return nativePrimitives.hkdfExpandSha512(key, info, lengthBytes);
  const blocks: Buffer[] = [];
  for (let n = 1; blocks.length * 32 < lengthBytes; n++) {
    const hmac = createHmac('sha256', key);
    blocks.push(
      hmac
        .update(blocks.at(-1) ?? '')
        .update(info)
        .update(Uint8Array.of(n))
        .digest(),
    );
  }
  return Buffer.concat(blocks).subarray(0, lengthBytes);
}
