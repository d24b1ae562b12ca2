/**
 * Question: how fast is a message sealed on one thread? One table a cipher and size. The unit is MB/s of plaintext
 * (10⁶ bytes); samples are microseconds a message.
 */

import type { Table, Target } from '../harness.ts';
import { type CipherName, doorSealer, openKernels, residentSealer } from './kernels.ts';
import { contestantOf, effortOf, MEAN, messageOf, RATE } from './rates.ts';
import { noble, nodeOneShot, nodeParts, nodeUpdate, type Rival, sodium } from './rivals.ts';

const SIZES = { '1KB': 1_024, '4KB': 4_096, '64KB': 65_536, '1MB': 1_048_576 } as const;
type Size = keyof typeof SIZES;

const KERNEL = 'kernel, relaxed SIMD';
const PLAIN = 'kernel, plain SIMD';
const DOOR = 'kernel through its door: key, copies, wiping';
const ONE_SHOT = 'node:crypto one-shot';

/** What the kernel must reach; the plain build and the door are stated, not judged. */
function targetOf(
  cipher: CipherName,
  size: Size,
  rows: { noble: string; sodium: string },
): readonly Target[] {
  const atLeast = (value: number, against: string): Target => ({ metric: RATE, test: '>=', value, against });
  if (cipher === 'chacha') return size === '64KB' ? [atLeast(1.8, rows.sodium)] : [];
  if (size === '1KB') return [atLeast(1, ONE_SHOT)];
  if (size !== '64KB') return [];
  // A fifth of the rate is five times the mean; a metric has one target.
  return [atLeast(7, rows.noble), { metric: MEAN, test: '<=', value: 5, against: ONE_SHOT }];
}

function sealTable(cipher: CipherName, size: Size): Table {
  const lengthBytes = SIZES[size];
  const name = cipher === 'aes-gcm' ? 'AES-256-GCM' : 'ChaCha20-Poly1305';
  return {
    name: `${cipher}-${size}`,
    question: `${name}: messages of ${size} sealed on one thread (µs a message, MB/s of plaintext)`,
    unit: 'µs',
    baseline: ONE_SHOT,
    headline: RATE,
    ...effortOf(lengthBytes),
    async open() {
      const message = messageOf(lengthBytes);
      const { relaxed, plain } = await openKernels();
      const byNoble = await noble(cipher, message);
      const bySodium = cipher === 'chacha' ? await sodium(message) : undefined;
      const rows = { noble: byNoble.row, sodium: bySodium?.row ?? '' };
      const rivals: Rival[] = [
        nodeOneShot(cipher, message),
        nodeParts(cipher, message),
        nodeUpdate(cipher, message),
        byNoble,
        ...(bySodium === undefined ? [] : [bySodium]),
        // The door first: what is reserved later lies above the memory it uses.
        doorSealer(DOOR, relaxed, cipher, message),
        residentSealer(PLAIN, plain, cipher, message),
      ];
      const resident = (await openKernels()).relaxed;
      return {
        contestants: [
          ...rivals.map((rival) => contestantOf(rival, lengthBytes, [])),
          contestantOf(
            residentSealer(KERNEL, resident, cipher, message),
            lengthBytes,
            targetOf(cipher, size, rows),
          ),
        ],
        close: () => {},
      };
    },
  };
}

const sizes = Object.keys(SIZES) as Size[];
export const sealTables: readonly Table[] = [
  ...sizes.map((size) => sealTable('aes-gcm', size)),
  ...sizes.map((size) => sealTable('chacha', size)),
];
