/**
 * The program behind the table `stream-memory`: `stream-memory-entry.ts <row> <mebibytes>` passes one stream and prints
 * the round as JSON. RSS is read at every piece that comes out and every 5 ms.
 */

import type { Vault } from '../../host/vault/face.ts';
import { collectGarbage, type Round } from '../harness.ts';
import { BINDING, makeVault, type OpenedVault, openCellVault, pieces } from './vaults.ts';

const MIB = 1_048_576;
const MB = 1e6;
const SAMPLE_MS = 5;
const CHOICE = { nonces: { isFixed: false } };

const passes = {
  native: (vault: Vault, lengthBytes: number) => vault.sealStream(pieces(lengthBytes), BINDING),
  cells: (vault: Vault, lengthBytes: number) => vault.sealStream(pieces(lengthBytes), BINDING),
  'there-and-back': (vault: Vault, lengthBytes: number) =>
    vault.openStream(vault.sealStream(pieces(lengthBytes), BINDING), BINDING),
};

export type StreamMemoryRow = keyof typeof passes;

const [, , row, count] = process.argv;
console.log(JSON.stringify(await measure(row as StreamMemoryRow, Number(count))));

async function measure(name: StreamMemoryRow, mebibytes: number): Promise<Round> {
  const { vault, close } = name === 'native' ? await openNative() : await openCellVault(CHOICE, 0);
  await collectGarbage();
  const before = process.memoryUsage.rss();
  let most = before;
  let readings = 0;
  const look = (): void => {
    most = Math.max(most, process.memoryUsage.rss());
    readings++;
  };
  const timer = setInterval(look, SAMPLE_MS);
  const lengthBytes = mebibytes * MIB;
  let bytes = 0;
  for await (const part of passes[name](vault, lengthBytes)) {
    bytes += part.length;
    look();
  }
  clearInterval(timer);
  if (bytes < lengthBytes) throw new Error(`${bytes} bytes came out of ${lengthBytes}`);
  await collectGarbage();
  const after = process.memoryUsage.rss();
  await close();
  const figure = (value: number, over: 'max' | 'median', n: number) => ({
    value: value / MB,
    unit: 'MB',
    n,
    over,
  });
  return {
    figures: {
      'RSS growth': figure(most - before, 'max', readings),
      'left after it': figure(after - before, 'median', 1),
      'RSS before': figure(before, 'median', 1),
    },
  };
}

async function openNative(): Promise<OpenedVault> {
  const vault = await makeVault(CHOICE, { backend: 'native' });
  return { vault, close: () => vault.close() };
}
