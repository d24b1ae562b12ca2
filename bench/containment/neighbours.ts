/**
 * Question: what does somebody else's call notice of an endless loop? Echo calls one after another through a whole host: calm, and
 * beside a guest that loops up to its deadline and is called again at once, in the only executor and in a host of two.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type Contestant, type Round, type Table, timeEach } from '../harness.ts';
import { ECHO, payloadOf } from '../host/cells.ts';
import { callHost, type OpenedHost, openHost } from '../host/hosts.ts';
import { type Package, readBuilt } from '../host/packages.ts';

const WIT = new URL('../../adapters/wit/hotcell.wit', import.meta.url);
const HANDLER = 'hotcell:adapter/handler@1.0.0';
const LOOPS = 'loops';
const WELL = 'well';
const LOOP_MS = 200;

const CALM = 'calm';
const ONE = 'beside an endless loop, one executor';
const TWO = 'beside an endless loop, two executors';
const LONGEST = 'longest';

/** It does not come back, unless it is asked whether it is well: half of its calls must end well, or its breaker keeps it out. */
async function loopingPackage(): Promise<Package> {
  const binary = await parse(`(module (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
    (func (export "${HANDLER}#invoke") (param i32 i32 i32 i32) (result i32)
      (if (i32.ne (i32.load8_u (local.get 0)) (i32.const ${WELL.charCodeAt(0)})) (then (loop $l (br $l))))
      (i32.const 16))
    (func (export "${HANDLER}#health") (result i32) (i32.const 16)))`);
  const embedded = await componentEmbed({ binary, witSource: await readFile(WIT, 'utf8'), world: 'bytes' });
  const component = Buffer.from(await componentNew(embedded, []));
  const manifest = {
    name: LOOPS,
    version: '1.0.0',
    component: 'loops.wasm',
    sha256: createHash('sha256').update(component).digest('hex'),
    world: 'bytes',
    operations: { [ECHO]: { timeoutMs: LOOP_MS }, [WELL]: {} },
    // It crashes each time: it must be let in again each time.
    pool: { min: 1, max: 4, maxCrashes: 1000 },
  };
  return { manifest, component };
}

/** Calls the looping guest again and again until told to stop. */
function loopOn({ host }: OpenedHost): { stop(): Promise<void> } {
  let isOver = false;
  const call = async (operation: string, expected: string): Promise<void> => {
    // Its allocator gives the same place to all: the operation stays there.
    const payload = new Uint8Array(0);
    const asked = { adapter: LOOPS, operation, payload, tenant: 'mallory', requestId: 'bench' };
    const { outcome } = await host.invoke(asked);
    const end = outcome.kind === 'error' ? outcome.error.code : 'ok';
    if (end !== expected) throw new Error(`the looping guest's ${operation} ended as ${end}`);
  };
  const looping = (async (): Promise<void> => {
    while (!isOver) {
      await call(WELL, 'ok');
      await call(ECHO, 'EXECUTOR_DEADLINE');
    }
  })();
  return {
    async stop() {
      isOver = true;
      await looping;
    },
  };
}

export const neighboursTable: Table = {
  name: 'neighbours',
  question: 'host.invoke of 64 bytes, one call at a time, beside an endless loop (ms)',
  unit: 'ms',
  baseline: CALM,
  headline: 'p95',
  effort: { rounds: 10, samples: 500, warmUp: 500 },
  quick: { rounds: 1, samples: 30, warmUp: 10 },
  async open() {
    const packages = [await readBuilt('echo'), await loopingPackage()];
    const one = await openHost({ packages, executors: 1 });
    const two = await openHost({ packages, executors: 2 });
    const payload = payloadOf(64);
    const contestant = (row: string, opened: OpenedHost, loops: boolean): Contestant => {
      const call = (): Promise<Uint8Array> => callHost(opened.host, 'echo', payload);
      return {
        row,
        answer: call,
        async round(count): Promise<Round> {
          const attack = loops ? loopOn(opened) : undefined;
          const samples = await timeEach(count, call);
          await attack?.stop();
          const longest = {
            value: Math.max(...samples),
            unit: 'ms',
            n: samples.length,
            over: 'max' as const,
          };
          return { samples, figures: { [LONGEST]: longest } };
        },
      };
    };
    const targets = [
      { metric: LONGEST, test: '<', value: 20 },
      { metric: 'p95', test: '<=', value: 2, against: CALM },
    ] as const;
    return {
      contestants: [
        contestant(CALM, one, false),
        { ...contestant(ONE, one, true), targets },
        { ...contestant(TWO, two, true), targets },
      ],
      async close() {
        await one.close();
        await two.close();
      },
    };
  },
};
