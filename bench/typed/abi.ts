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

/** Calls a sample: some tens of microseconds each. */
const BATCH = 10;
const TO_MICROSECONDS = 1_000;
const JSON_ROW = 'JSON.stringify and JSON.parse';
const GLUE = "jco's glue";
/** The values of one call take some 20 KB. */
const LIFT_MAX_BYTES = 16 * 1024 * 1024;

interface Item {
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly stock: bigint;
  readonly active: boolean;
}

const item = (index: number): Item => ({
  id: index,
  name: `item number ${index}${index % 10 === 0 ? ' – größer' : ''}`,
  price: index * 1.25,
  stock: BigInt(index) * 1_000_000_007n,
  active: index % 3 === 0,
});

type Arguments = readonly [title: string, limit: number, filter: Item, items: readonly Item[]];

const ARGUMENTS: Arguments = [
  'a list of a hundred records',
  100,
  item(7),
  Array.from({ length: 100 }, (_, index) => item(index)),
];

/** The answer in a form that does not depend on who lifted it. */
const toBytes = (items: readonly Item[]): Uint8Array =>
  Buffer.from(
    JSON.stringify(items.map(({ id, name, price, stock, active }) => [id, name, price, `${stock}`, active])),
  );

const asJson = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}` : value);

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
