/**
 * Extism's JavaScript SDK: plug-ins in the process that calls them, and in a worker thread each.
 *
 * A plug-in takes one call at a time, so several callers share a few of them, one after another. Blocks of memory that a call
 * made are freed by `reset` alone: without it a plug-in grows with every call, and one in a worker is slower with each.
 */

import { availableParallelism } from 'node:os';
import { importPeer, peerVersion } from '../../peers.ts';
import { buildGuest } from '../guests/guests.ts';
import type { Refusal, Standing, Subject, Way, Workload } from '../subject.ts';
import { createTurns } from './turns.ts';

const PACKAGE = '@extism/extism';
/** Often enough that nothing grows, and too seldom to be what is measured. */
const RESET_CALLS = 64;

interface Plugin {
  call(name: string, input: Uint8Array): Promise<{ bytes(): Uint8Array } | null>;
  reset(): Promise<boolean>;
  close(): Promise<void>;
}

interface Extism {
  /** `createPlugin`. */
  default(
    manifest: { readonly wasm: readonly { readonly module: WebAssembly.Module }[] },
    options: { readonly useWasi: boolean; readonly runInWorker: boolean },
  ): Promise<Plugin>;
}

/** The SDK takes the whole buffer behind an array for the input. */
const whole = (input: Uint8Array): Uint8Array =>
  input.byteLength === input.buffer.byteLength ? input : Uint8Array.from(input);

async function callPlugin(plugin: Plugin, input: Uint8Array): Promise<Uint8Array> {
  const output = await plugin.call('run', whole(input));
  if (output === null) throw new Error('the plug-in set no output');
  return output.bytes().slice();
}

async function open(workload: Workload, way: Way, runInWorker: boolean): Promise<Standing | Refusal> {
  if (workload === 'javascript-64B')
    return { reason: 'plug-ins in JavaScript are built by extism-js, which npm does not have' };
  const { default: createPlugin } = await importPeer<Extism>(PACKAGE);
  const module = new WebAssembly.Module(Uint8Array.from(await buildGuest('extism', workload)));
  const create = (): Promise<Plugin> => createPlugin({ wasm: [{ module }] }, { useWasi: false, runInWorker });
  if (way === 'cold') {
    return {
      async call(input) {
        const plugin = await create();
        const answer = await callPlugin(plugin, input);
        await plugin.close();
        return answer;
      },
      close() {},
    };
  }
  const plugins = await Promise.all(
    Array.from({ length: runInWorker ? availableParallelism() : 1 }, async () => ({
      plugin: await create(),
      calls: 0,
    })),
  );
  const turns = createTurns(plugins);
  return {
    call: (input) =>
      turns.take(async (entry) => {
        const answer = await callPlugin(entry.plugin, input);
        if (++entry.calls % RESET_CALLS === 0) await entry.plugin.reset();
        return answer;
      }),
    async close() {
      for (const { plugin } of plugins) await plugin.close();
    },
  };
}

export function extismSubjects(): Subject[] {
  const title = [PACKAGE, peerVersion(PACKAGE)].join(' ').trim();
  const created = 'The module is compiled once; a cold call is createPlugin, call, close';
  return [
    {
      name: 'extism',
      peer: PACKAGE,
      isRival: true,
      row: `${title}, in process`,
      note: `${created}; useWasi is off, as is the default, because the plug-in needs none (README of ${PACKAGE}).`,
      open: (workload, way) => open(workload, way, false),
    },
    {
      name: 'extism-worker',
      peer: PACKAGE,
      isRival: true,
      row: `${title}, in a worker`,
      note: `${created}; runInWorker, which the SDK asks for where calls are to be ended in time, with one plug-in for each core (ExtismPluginOptions).`,
      open: (workload, way) => open(workload, way, true),
    },
  ];
}
