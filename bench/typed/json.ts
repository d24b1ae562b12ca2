/**
 * Question: what does a typed call cost that comes and goes as JSON, beside the bytes world carrying the same JSON; and what does
 * it cost to hold the arguments against their schema first?
 *
 * Cells as the executor's thread has them, without the thread. Both guests give back what they were given. That of the bytes
 * world leaves its JSON unread, which a real one could not; the typed one has it as values of its own.
 */

import { parseArguments } from '../../host/arguments.ts';
import { createCell } from '../../host/executor/cell.ts';
import type { Cell } from '../../host/executor/cell-face.ts';
import type { LinkPlan } from '../../host/link-plan.ts';
import { listOperations } from '../../host/registry/wit-operations.ts';
import { createValidator } from '../../host/registry/wit-validate.ts';
import { type Contestant, type Table, timeBatches } from '../harness.ts';
import { CORE_TEXT, coreBinary, PLAN } from './guest.ts';
import { ARGUMENTS, asJson, type Item, toBytes } from './values.ts';

const BATCH = 10;
const TO_MICROSECONDS = 1_000;
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024;
const BYTES = 'the bytes world, JSON unread';
const TYPED = 'typed';
const OPERATION = Buffer.from('search');

const HANDLER = 'hotcell:adapter/handler@1.0.0';
const at = (name: string): { readonly instance: number; readonly name: string } => ({ instance: 0, name });

/** The same core module with the exports of the bytes world beside its own. */
const BYTES_TEXT = CORE_TEXT.replace(
  /\)$/,
  `(func (export "${HANDLER}#invoke") (param i32 i32) (param $pointer i32) (param $length i32) (result i32)
     (i32.store8 (i32.const 16) (i32.const 0))
     (i32.store (i32.const 20) (local.get $pointer))
     (i32.store (i32.const 24) (local.get $length))
     (i32.const 16))
   (func (export "cabi_post_${HANDLER}#invoke") (param i32) (global.set $next (i32.const 64)))
   (func (export "${HANDLER}#health") (result i32) (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16)))`,
);

const lifted = { memory: at('memory'), realloc: at('cabi_realloc'), encoding: 'utf8' } as const;
const BYTES_PLAN: LinkPlan = {
  ...PLAN,
  exports: [],
  handler: {
    invoke: { ...lifted, core: at(`${HANDLER}#invoke`), postReturn: at(`cabi_post_${HANDLER}#invoke`) },
    health: { ...lifted, core: at(`${HANDLER}#health`), postReturn: undefined },
  },
};

const [title, limit, filter, items] = ARGUMENTS;
const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value, asJson));

function callOf(cell: Cell, payload: Uint8Array): () => Uint8Array {
  return () => {
    let answer = new Uint8Array(0);
    const end = cell.invoke(OPERATION, payload, OUTPUT_MAX_BYTES, (bytes) => {
      answer = bytes.slice();
    });
    if (end.kind !== 'ok') throw new Error(`a call ended as ${JSON.stringify(end)}`);
    return answer;
  };
}

/** What either answers, in one form. */
const canonical = (json: Uint8Array): Uint8Array => {
  const given = JSON.parse(Buffer.from(json).toString()) as { readonly items: readonly Item[] } | Item[];
  return toBytes(Array.isArray(given) ? given : given.items);
};

export const jsonTable: Table = {
  name: 'json',
  question: `One call of ${encode({ title, limit, filter, items }).length} bytes of JSON, in the same thread (µs a call)`,
  unit: 'µs',
  baseline: BYTES,
  headline: 'p50',
  effort: { rounds: 8, samples: 200, warmUp: 300 },
  quick: { rounds: 2, samples: 10, warmUp: 20 },
  async open() {
    const payload = encode({ title, limit, filter, items });
    const module = new WebAssembly.Module((await coreBinary(CORE_TEXT)) as Uint8Array<ArrayBuffer>);
    const bytesModule = new WebAssembly.Module((await coreBinary(BYTES_TEXT)) as Uint8Array<ArrayBuffer>);
    const all = listOperations(PLAN);
    const [operation] = all.operations;
    if (!operation) throw new Error('the guest has an operation');
    const validator = createValidator(all, operation);
    const { exportIndex, isRawArgument, rawResult } = operation;
    const operations = new Map([['search', { exportIndex, isRawArgument, rawResult, canFail: false }]]);
    const bytes = callOf(createCell([bytesModule], BYTES_PLAN), payload);
    const typed = callOf(createCell([module], PLAN, { operations }), payload);
    const validate = (): void => {
      const problems = validator.check(parseArguments(payload), payload.length);
      if (problems.length > 0) throw new Error(`refused: ${JSON.stringify(problems)}`);
    };
    const contestant = (row: string, call: () => unknown, answer?: () => Uint8Array): Contestant => ({
      row,
      ...(answer ? { answer: () => canonical(answer()) } : {}),
      round: (count) => ({
        samples: timeBatches(count, BATCH, () => void call()).map((ms) => ms * TO_MICROSECONDS),
      }),
    });
    const validated = (): Uint8Array => {
      validate();
      return typed();
    };
    return {
      contestants: [
        contestant(BYTES, bytes, bytes),
        contestant('JSON.parse alone', () => parseArguments(payload)),
        contestant('parsed and held against the schema', validate),
        contestant(TYPED, typed, typed),
        contestant('typed, held against the schema before', validated, validated),
      ],
      close: () => {},
    };
  },
};
