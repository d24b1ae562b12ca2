/**
 * Question: how much faster do typed values pass through the ABI of this host than through the glue jco generates, in the
 * same thread, for the same core module?
 *
 * The guest takes (string, u32, record of 5 fields, list of 100 records) and answers with its list, which it hands back as
 * it got it: what is timed is lowering, the call, and lifting. The baseline is the same values as JSON, written and parsed.
 */

import { compileAbi } from '../../host/executor/abi.ts';
import type { LinkPlan } from '../../host/link-plan.ts';
import { type Contestant, type Table, timeBatches } from '../harness.ts';
import { prepareTypedGlue } from './glue.ts';
import { CORE_EXPORT, CORE_TEXT, coreBinary, makeComponent, PLAN } from './guest.ts';
import { ARGUMENTS, type Arguments, asJson, type Item, toBytes } from './values.ts';

/** Calls a sample: some tens of microseconds each. */
const BATCH = 10;
const TO_MICROSECONDS = 1_000;
const JSON_ROW = 'JSON.stringify and JSON.parse';
const GLUE = "jco's glue";
/** The values of one call take some 20 KB. */
const LIFT_MAX_BYTES = 16 * 1024 * 1024;

async function openDirect(plan: LinkPlan): Promise<() => readonly Item[]> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(await coreBinary(CORE_TEXT)), {});
  const cellAbi = compileAbi(plan).bind([instance.exports], { liftMaxBytes: LIFT_MAX_BYTES });
  const core = instance.exports[CORE_EXPORT] as WebAssembly.CoreFunction;
  const cleanUp = instance.exports[`cabi_post_${CORE_EXPORT}`] as WebAssembly.CoreFunction;
  return () => {
    const result = core(...(cellAbi.lowerArguments(0, ARGUMENTS) as number[]));
    const items = cellAbi.liftResult(0, result) as readonly Item[];
    cleanUp(result);
    return items;
  };
}

export const abiTable: Table = {
  name: 'abi',
  question:
    'One typed call, (string, u32, record of 5 fields, list of 100 records) → the list, in the same thread (µs a call)',
  unit: 'µs',
  baseline: GLUE,
  headline: 'p50',
  effort: { rounds: 8, samples: 200, warmUp: 300 },
  quick: { rounds: 2, samples: 10, warmUp: 20 },
  async open() {
    const direct = await openDirect(PLAN);
    const glue = await prepareTypedGlue(await makeComponent());
    const contestant = (
      row: string,
      call: () => readonly Item[],
      extra: Partial<Contestant> = {},
    ): Contestant => ({
      row,
      answer: () => toBytes(call()),
      round: (count) => ({
        samples: timeBatches(count, BATCH, () => void call()).map((ms) => ms * TO_MICROSECONDS),
      }),
      ...extra,
    });
    return {
      contestants: [
        contestant(GLUE, () => glue(...ARGUMENTS) as readonly Item[]),
        contestant(JSON_ROW, () => {
          const values = JSON.parse(JSON.stringify(ARGUMENTS, asJson)) as Arguments;
          return JSON.parse(JSON.stringify(values[3])) as readonly Item[];
        }),
        contestant('direct', direct, { targets: [{ metric: 'p50', test: '<=', value: 1, against: GLUE }] }),
      ],
      close: () => {},
    };
  },
};
