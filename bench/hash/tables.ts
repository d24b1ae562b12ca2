/**
 * Question: how many bytes a second, for one message of a size, from a Uint8Array to a digest?
 */

import { createHash } from 'node:crypto';
import { buildKernel, PLAIN_FEATURES, RELAXED_FEATURES } from '../../crypto-wasm/build.ts';
import type { HashKernel } from '../../crypto-wasm/hash/face.ts';
import { createHashKernel } from '../../crypto-wasm/hash/hash.ts';
import { type Contestant, type Table, type Target, timeBatches } from '../harness.ts';
import { loadPeer } from '../peers.ts';
import { median } from '../statistics.ts';

const BASELINE = 'hash-wasm';
const RELAXED = 'kernel, relaxed SIMD';
const PLAIN = 'kernel, plain SIMD';
const NOBLE = '@noble/hashes';

/** Required of BLAKE3 at 64 KB, of the build that an engine with relaxed SIMD takes. */
const RATIO_MIN = 2.5;
const TARGET_BYTES = 65_536;
/** Bytes a sample hashes: some tenths of a millisecond, well above the clock's grain. */
const SAMPLE_BYTES = 262_144;
const US_PER_MS = 1_000;
const BYTES_PER_MS_TO_MB_PER_S = 1e-3;

/** What is used of hash-wasm. */
interface HashWasm {
  createBLAKE3(): Promise<IncrementalHash>;
  createSHA256(): Promise<IncrementalHash>;
}

interface IncrementalHash {
  init(): IncrementalHash;
  update(bytes: Uint8Array): IncrementalHash;
  digest(as: 'binary'): Uint8Array;
}

type Digest = (message: Uint8Array) => Uint8Array;

export function blake3Table(bytes: number, label: string): Table {
  return table('blake3', 'BLAKE3', bytes, label, async () => {
    const noble = await present<{ blake3: Digest }>('@noble/hashes', '@noble/hashes/blake3.js');
    const peer = await (await present<HashWasm>('hash-wasm', 'hash-wasm')).createBLAKE3();
    return {
      [BASELINE]: (message) => peer.init().update(message).digest('binary'),
      [NOBLE]: noble.blake3,
      ...(await ofKernels((kernel) => (message) => kernel.blake3(message))),
    };
  });
}

export function sha256Table(bytes: number, label: string): Table {
  return table('sha256', 'SHA-256', bytes, label, async () => {
    const noble = await present<{ sha256: Digest }>('@noble/hashes', '@noble/hashes/sha2.js');
    const peer = await (await present<HashWasm>('hash-wasm', 'hash-wasm')).createSHA256();
    return {
      [BASELINE]: (message) => peer.init().update(message).digest('binary'),
      [NOBLE]: noble.sha256,
      'node:crypto': (message) => createHash('sha256').update(message).digest(),
      ...(await ofKernels((kernel) => (message) => kernel.sha256(message))),
    };
  });
}

/** A peer. Throws an Error that says why it is not there: a table without its baseline says nothing. */
async function present<Module>(name: string, path: string): Promise<Module> {
  const { row, module } = await loadPeer<Module>(name, path);
  if (module === undefined) throw new Error(row);
  return module;
}

/** Both builds; an engine without relaxed SIMD breaks the table, for it cannot show what it is asked for. */
async function ofKernels(digestOf: (kernel: HashKernel) => Digest): Promise<Record<string, Digest>> {
  const open = async (features: readonly string[]): Promise<Digest> =>
    digestOf(createHashKernel(new WebAssembly.Module(await buildKernel('hash', features))));
  return { [RELAXED]: await open(RELAXED_FEATURES), [PLAIN]: await open(PLAIN_FEATURES) };
}

function table(
  name: string,
  title: string,
  bytes: number,
  label: string,
  open: () => Promise<Record<string, Digest>>,
): Table {
  const message = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
  const batch = Math.max(1, SAMPLE_BYTES / bytes);
  const isTarget = name === 'blake3' && bytes === TARGET_BYTES;
  const target: Target = { metric: 'throughput', test: '>=', value: RATIO_MIN, against: BASELINE };
  return {
    name: `${name}-${label}`,
    question: `${title} of ${label}, from a Uint8Array to a new digest (µs a message, MB/s of 10⁶ bytes)`,
    unit: 'µs',
    baseline: BASELINE,
    headline: 'throughput',
    effort: { rounds: 8, samples: 25, warmUp: 100 },
    quick: { rounds: 2, samples: 3, warmUp: 5 },
    async open() {
      const contestants = Object.entries(await open()).map(
        ([row, digest]): Contestant => ({
          row,
          answer: () => digest(message),
          round(count) {
            const samples = timeBatches(count, batch, () => void digest(message));
            const throughput = (bytes / median([...samples])) * BYTES_PER_MS_TO_MB_PER_S;
            return {
              samples: samples.map((ms) => ms * US_PER_MS),
              figures: { throughput: { value: throughput, unit: 'MB/s', n: count * batch } },
            };
          },
          ...(isTarget && row === RELAXED ? { targets: [target] } : {}),
        }),
      );
      return { contestants, close: () => {} };
    },
  };
}
