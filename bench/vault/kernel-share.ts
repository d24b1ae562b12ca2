/**
 * Question: how much of the bare kernel's throughput is left when messages go through the host's pool and an executor,
 * 8 calls in flight, one executor? The kernel runs in this thread on a message that lies in its memory under a key
 * that is ready: nothing that seals can be faster. The adapter's `aead-seal` seals the same message to the same bytes.
 *
 * The same call in a cell in this thread stands between the two: what it loses is the guest's and the copies', what is
 * lost beyond it the thread's. `vault.seal` makes a record (XAES-256-GCM, key commitment, header), so its bytes are
 * others: they are checked by opening them on node:crypto, and its rate is stated without a target.
 */

import { createCell } from '../../host/executor/cell.ts';
import { doorSealer, openKernels, residentSealer, type Sealer } from '../cipher/kernels.ts';
import type { Contestant, Table } from '../harness.ts';
import { callDirectly, makeImage } from '../host/cells.ts';
import { readBuilt } from '../host/packages.ts';
import {
  BINDING,
  CIPHER,
  makeVault,
  measureRate,
  openCipherHost,
  patterned,
  timeInFlight,
} from './vaults.ts';

const IN_FLIGHT = 8;
const RATE = 'rate';
const KERNEL = 'bare kernel, message in its memory';
/** The adapter's number of AES-256-GCM. */
const AES_256_GCM = 1;
const AEAD_SEAL = new TextEncoder().encode('aead-seal');

/** A round seals so much, and at least a few messages for each call in flight. */
const ROUND_BYTES = 67_108_864;

function kernelShare(label: string, textBytes: number, shareMin: number): Table {
  const messages = ROUND_BYTES / textBytes;
  return {
    name: `kernel-share-${label}`,
    question: `Sealing ${label} through pool and one executor, ${IN_FLIGHT} calls in flight (MB/s of plaintext)`,
    unit: 'ms',
    baseline: KERNEL,
    headline: RATE,
    effort: { rounds: 9, samples: messages, warmUp: messages },
    quick: { rounds: 2, samples: 2 * IN_FLIGHT, warmUp: IN_FLIGHT },
    async open() {
      const message = {
        key: patterned(32),
        nonce: patterned(12),
        aad: patterned(20),
        text: patterned(textBytes),
      };
      const { relaxed } = await openKernels();
      const ofDoor = (await openKernels()).relaxed;
      const { modules, plan } = makeImage(await readBuilt(CIPHER));
      const cell = createCell(modules, plan);
      const { host, close } = await openCipherHost(1);
      const nonces = { isFixed: false };
      const vault = await makeVault({ nonces }, { host });
      const payload = aeadPayload(message);
      const sealPlain = async (): Promise<Uint8Array> => {
        const call = {
          adapter: CIPHER,
          operation: 'aead-seal',
          payload,
          tenant: 'bench',
          requestId: 'bench',
        };
        const { outcome } = await host.invoke(call);
        if (outcome.kind === 'error') throw outcome.error;
        return outcome.bytes;
      };
      const sealRecord = (): Promise<Uint8Array> => vault.seal(message.text, BINDING);
      await checkRecord(await sealRecord(), message.text);

      const inFlight = (count: number, call: () => Promise<unknown>) =>
        measureRate(count * textBytes, count, () => timeInFlight(count, IN_FLIGHT, call));
      const inCell = (): Uint8Array => callDirectly(cell, payload, AEAD_SEAL);
      const inThread = (sealer: Sealer): Contestant => ({
        row: sealer.row,
        answer: () => sealer.answer(),
        round: (count) =>
          measureRate(count * textBytes, count, () => {
            for (let index = 0; index < count; index++) sealer.once();
          }),
      });
      return {
        contestants: [
          inThread(residentSealer(KERNEL, relaxed, 'aes-gcm', message)),
          inThread(doorSealer('kernel through its door: key, copies, wiping', ofDoor, 'aes-gcm', message)),
          inThread({ row: 'aead-seal in a cell in this thread', answer: inCell, once: () => void inCell() }),
          {
            row: 'aead-seal through pool and executor',
            answer: sealPlain,
            round: (count) => inFlight(count, sealPlain),
            targets: [{ metric: RATE, test: '>=', value: shareMin, against: KERNEL }],
          },
          { row: 'vault.seal: records', round: (count) => inFlight(count, sealRecord) },
        ],
        async close() {
          await vault.close();
          await close();
        },
      };
    },
  };
}

/** u8 algorithm · key · u8 length of nonce · nonce · u32 length of AAD · AAD · plaintext, as the adapter's README has it. */
function aeadPayload(message: Record<'key' | 'nonce' | 'aad' | 'text', Uint8Array>): Uint8Array {
  const { key, nonce, aad, text } = message;
  const aadBytes = Buffer.alloc(4);
  aadBytes.writeUInt32LE(aad.length);
  return Buffer.concat([[AES_256_GCM], key, [nonce.length], nonce, aadBytes, aad, text].map(Buffer.from));
}

async function checkRecord(record: Uint8Array, text: Uint8Array): Promise<void> {
  await using native = await makeVault({ nonces: { isFixed: false } }, { backend: 'native' });
  if (Buffer.compare(await native.open(record, BINDING), text) === 0) return;
  throw new Error('a record sealed in a cell does not open natively to what was sealed: nothing was timed');
}

export const kernelShareTables: readonly Table[] = [
  kernelShare('64KB', 65_536, 0.85),
  kernelShare('1MB', 1_048_576, 0.92),
];
