/**
 * Question: how long after its deadline is the caller of an endless loop answered, and what is lost? By fuel, and by ending the
 * thread, which is all that is left for a guest without.
 */

import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { systemClock } from '../../host/clock.ts';
import { ThreadExecutor } from '../../host/executor/executor.ts';
import { LIMIT_DEFAULTS, optionRow, POOL_DEFAULTS } from '../../host/options.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import type { AdapterImage, LinkPlan } from '../../host/types.ts';
import type { Contestant, Round, Table } from '../harness.ts';
import { unmetered } from '../host/cells.ts';
import { readBuilt } from '../host/packages.ts';
import type { Rewriter } from './workloads.ts';

const DEADLINE_MS = 50;
/** A kill costs a thread and its boot. */
const KILLS_MAX = 10;
const BY_KILL = 'without fuel: its thread is ended';
const LOST = 'threads lost';

const LOOP = `(module (memory (export "memory") 1)
  (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
  (func (export "invoke") (param i32 i32 i32 i32) (result i32) (loop $l (br $l)) (unreachable))
  (func (export "health") (result i32) (i32.const 0)))`;

const at = (name: string) => ({ instance: 0, name });
const lifted = (name: string) => ({
  core: at(name),
  memory: at('memory'),
  realloc: at('realloc'),
  postReturn: undefined,
  encoding: 'utf8' as const,
});

async function loopingImage(rewrite: Rewriter): Promise<AdapterImage> {
  const bytes = rewrite(Uint8Array.from(await parse(LOOP)));
  const { manifest } = await readBuilt('echo');
  const plan: LinkPlan = {
    modules: [{ offset: 0, length: bytes.length }],
    instances: [{ module: 0, imports: [] }],
    types: [],
    resources: [],
    imports: [],
    exports: [],
    handler: { invoke: lifted('invoke'), health: lifted('health') },
    memoryCount: 1,
    memoryPages: 1,
  };
  return {
    id: `loop@bench#${rewrite === unmetered ? 0 : 1}`,
    manifest: parseManifest(manifest, { pool: POOL_DEFAULTS, limits: LIMIT_DEFAULTS }),
    plan,
    modules: [new WebAssembly.Module(bytes)],
    wit: '',
    grants: {},
  };
}

/** Endless calls, one after the other: ms from the deadline to the answer. */
async function runLoops(image: AdapterImage, count: number): Promise<Round> {
  const samples = new Float64Array(count);
  let executor: ThreadExecutor | undefined;
  let lost = 0;
  for (let index = 0; index < count; index++) {
    executor ??= new ThreadExecutor({
      id: index,
      clock: systemClock,
      killGraceMs: Number(optionRow('killGraceMs').default),
      onEnd: (_executor, end) => {
        executor = undefined;
        if (end !== 'stopped') lost++;
      },
      onCollected: () => {},
    });
    executor.load(image);
    const { id } = await executor.createCell(image.id);
    const deadlineMs = systemClock.now() + DEADLINE_MS;
    const result = await executor.run(id, {
      operation: 'loop',
      payload: new Uint8Array(0),
      deadlineMs,
      beginByMs: deadlineMs,
      outputMaxBytes: 0,
    });
    samples[index] = systemClock.now() - deadlineMs;
    if (result.kind !== 'crash' || result.error.code !== 'EXECUTOR_DEADLINE')
      throw new Error(`an endless loop ended as ${result.kind}`);
  }
  await executor?.stop();
  return { samples, figures: { [LOST]: { value: lost, unit: '', n: count, over: 'sum' } } };
}

export const endlessTable: Table = {
  name: 'endless',
  question: 'An endless loop: from its deadline to the answer (ms)',
  unit: 'ms',
  baseline: BY_KILL,
  headline: 'p50',
  effort: { rounds: 4, samples: 50, warmUp: 3 },
  quick: { rounds: 1, samples: 4, warmUp: 1 },
  async open() {
    const contestant = async (row: string, rewrite: Rewriter, most: number): Promise<Contestant> => {
      const image = await loopingImage(rewrite);
      return { row, round: (count) => runLoops(image, Math.min(count, most)) };
    };
    return {
      contestants: [
        {
          ...(await contestant(BY_KILL, unmetered, KILLS_MAX)),
          targets: [{ metric: 'p99', test: '<', value: 50 }],
        },
        {
          ...(await contestant('metered: its thread goes on', meterModule, 50)),
          targets: [
            { metric: 'p99', test: '<', value: 10 },
            { metric: LOST, test: '<=', value: 0 },
          ],
        },
      ],
      close: () => {},
    };
  },
};
