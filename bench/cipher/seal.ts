/**
 * Question: how fast is a message sealed on one thread? One table a cipher and size. The unit is MB/s of plaintext
 * (10⁶ bytes); samples are microseconds a message.
 */

import { type Contestant, type Table, type Target, timeBatches } from '../harness.ts';
import { type CipherName, doorSealer, type Message, openKernels, residentSealer } from './kernels.ts';
import { noble, nodeOneShot, nodeParts, nodeUpdate, type Rival, sodium } from './rivals.ts';

const SIZES = { '1KB': 1_024, '4KB': 4_096, '64KB': 65_536, '1MB': 1_048_576 } as const;
type Size = keyof typeof SIZES;
const AAD_BYTES = 20;
/** A sample seals about so much: enough for the clock, little enough for many samples. */
const SAMPLE_BYTES = 131_072;
/** A round seals so much: enough for garbage to be collected within it. */
const ROUND_BYTES = 16_777_216;
const RATE = 'rate';
const RATE_UNIT = 'MB/s';
const MEAN = 'mean';

const KERNEL = 'kernel, relaxed SIMD';
const PLAIN = 'kernel, plain SIMD';
const DOOR = 'kernel through its door: key, copies, wiping';
const ONE_SHOT = 'node:crypto one-shot';

/** Same bytes in every run, so that an answer can be compared with another machine's. */
function messageOf(lengthBytes: number): Message {
  const bytes = (length: number, step: number): Uint8Array =>
    Uint8Array.from({ length }, (_, index) => (index * step) % 251);
  return { key: bytes(32, 7), nonce: bytes(12, 11), aad: bytes(AAD_BYTES, 13), text: bytes(lengthBytes, 17) };
}

function contestantOf(rival: Rival, lengthBytes: number, targets: readonly Target[]): Contestant {
  if (!('once' in rival)) return { row: rival.row, targets, round: () => ({}) };
  const batch = Math.max(1, Math.ceil(SAMPLE_BYTES / lengthBytes));
  return {
    row: rival.row,
    targets,
    answer: () => rival.answer(),
    round(count) {
      const samples = timeBatches(count, batch, rival.once).map((ms) => ms * 1_000);
      // Over the whole round, not the middle sample: who allocates a result for each message pays for collecting them.
      const totalUs = samples.reduce((sum, us) => sum + us, 0);
      const n = count * batch;
      const rate = { value: (lengthBytes * count) / totalUs, unit: RATE_UNIT, n };
      return { samples, figures: { [MEAN]: { value: totalUs / count, unit: 'µs', n }, [RATE]: rate } };
    },
  };
}

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
    effort: { rounds: 9, samples: ROUND_BYTES / Math.max(lengthBytes, SAMPLE_BYTES), warmUp: 64 },
    quick: { rounds: 2, samples: 3, warmUp: 3 },
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
