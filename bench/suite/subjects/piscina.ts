/**
 * Piscina: plain WebAssembly in a pool of worker threads, which is what one has before one has a host.
 *
 * A task is one call; its input and answer are copied between threads. A task that does not end takes its thread with it.
 */

import { fileURLToPath } from 'node:url';
import { makeScratchFolder } from '../../host/packages.ts';
import { importPeer, peerVersion } from '../../peers.ts';
import type { Refusal, Standing, Subject, Way, Workload } from '../subject.ts';
import { writeGuest } from './places.ts';

const PACKAGE = 'piscina';
const WORKER = fileURLToPath(new URL('./piscina-worker.ts', import.meta.url));

interface Pool {
  run(input: Uint8Array): Promise<Uint8Array>;
  destroy(): Promise<void>;
}

interface Piscina {
  readonly default: new (options: {
    readonly filename: string;
    readonly name: Way;
    readonly argv: readonly string[];
  }) => Pool;
}

async function open(workload: Workload, way: Way): Promise<Standing | Refusal> {
  if (workload === 'javascript-64B')
    return { reason: 'a guest in JavaScript would run in its threads without any wall' };
  const { default: Piscina } = await importPeer<Piscina>(PACKAGE);
  const scratch = await makeScratchFolder();
  const pool = new Piscina({
    filename: WORKER,
    name: way,
    argv: [await writeGuest(scratch.path, 'core', workload)],
  });
  return {
    call: (input) => pool.run(input),
    async close() {
      await pool.destroy();
      await scratch.remove();
    },
  };
}

export function piscinaSubject(): Subject {
  return {
    name: 'piscina',
    row: [PACKAGE, peerVersion(PACKAGE), '+ plain WebAssembly'].filter(Boolean).join(' '),
    peer: PACKAGE,
    note: 'Defaults: half as many threads as cores to one and a half times as many, results taken by Atomics (README of piscina); each thread compiles once. Threads are shared by all callers, and nothing limits a guest.',
    open,
  };
}
