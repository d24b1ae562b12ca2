/** The guests of the suite do what the reference says, in every form that can be run without a runtime of its own. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { INPUT } from '../../../bench/suite/guests/forms.ts';
import { buildGuest, TOOLS } from '../../../bench/suite/guests/guests.ts';
import { SCRIPT_SOURCE } from '../../../bench/suite/guests/javascript.ts';
import {
  type CoreWorkload,
  HASH_ROUNDS,
  inputOf,
  referenceAnswer,
} from '../../../bench/suite/guests/work.ts';
import { WORKLOADS } from '../../../bench/suite/subject.ts';
import { callCore } from '../../../bench/suite/subjects/plain.ts';

type Run = (input: Uint8Array) => Uint8Array;
const CORE_WORKLOADS = WORKLOADS.filter((workload) => workload !== 'javascript-64B');

async function coreOf(workload: CoreWorkload): Promise<Run> {
  const module = new WebAssembly.Module(Uint8Array.from(await buildGuest('core', workload)));
  const instance = new WebAssembly.Instance(module);
  return (input) => callCore(instance, input);
}

/** The part of `extism:host/env` that the plug-ins import, as its documentation has it: memory of the host in blocks. */
async function pluginOf(workload: CoreWorkload): Promise<Run> {
  const module = new WebAssembly.Module(Uint8Array.from(await buildGuest('extism', workload)));
  let input = new DataView(new ArrayBuffer(0));
  let block = new DataView(new ArrayBuffer(0));
  let output: Uint8Array | undefined;
  const BLOCK = 1n << 32n;
  const env = {
    input_length: () => BigInt(input.byteLength),
    input_load_u8: (at: bigint) => input.getUint8(Number(at)),
    input_load_u64: (at: bigint) => input.getBigUint64(Number(at), true),
    alloc: (length: bigint) => {
      block = new DataView(new ArrayBuffer(Number(length)));
      return BLOCK;
    },
    store_u8: (at: bigint, value: number) => block.setUint8(Number(at - BLOCK), value),
    store_u64: (at: bigint, value: bigint) => block.setBigUint64(Number(at - BLOCK), value, true),
    output_set: (at: bigint, length: bigint) => {
      output = new Uint8Array(block.buffer, Number(at - BLOCK), Number(length)).slice();
    },
  };
  const { run } = new WebAssembly.Instance(module, { 'extism:host/env': env }).exports as {
    run: () => number;
  };
  return (bytes) => {
    input = new DataView(Uint8Array.from(bytes).buffer);
    expect(run()).toBe(0);
    if (output === undefined) throw new Error('the plug-in set no output');
    return output;
  };
}

describe.each([
  ['a plain module', coreOf],
  ['a plug-in', pluginOf],
] as const)('as %s', (_form, open) => {
  test.each(CORE_WORKLOADS)('%s answers what the reference says, again and again', async (workload) => {
    const run = await open(workload);
    const input = inputOf(workload);
    const expected = Buffer.from(referenceAnswer(workload, input));
    for (let call = 0; call < 3; call++) expect(expected.equals(run(input))).toBe(true);
  });

  test.each(['echo-64B', 'transform-4KiB'] as const)('%s takes input of any length', async (workload) => {
    const run = await open(workload);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_096 }), (input) => {
        expect(Buffer.from(referenceAnswer(workload, input)).equals(run(input))).toBe(true);
      }),
    );
    for (const length of [0, 1, 7, 8, 9, 15, 16, 17, 4_095, 4_096]) {
      const input = Uint8Array.from({ length }, (_, index) => index % 251);
      expect(Buffer.from(referenceAnswer(workload, input)).equals(run(input))).toBe(true);
    }
  });

  test('the hash is SHA-256 of any 64 bytes', async () => {
    const run = await open('cpu-1ms');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (input) => {
        const bytes = Buffer.from(input);
        for (let round = 0; round < HASH_ROUNDS; round++)
          createHash('sha256').update(bytes).digest().copy(bytes);
        expect(bytes.subarray(0, 32).equals(run(input))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });

  test('the hash refuses any other length', async () => {
    const run = await open('cpu-1ms');
    expect(() => run(new Uint8Array(63))).toThrow(WebAssembly.RuntimeError);
    expect(() => run(new Uint8Array(65))).toThrow(WebAssembly.RuntimeError);
  });
});

test('the script gives its input back', () => {
  const run: Run = new Function(`return ${SCRIPT_SOURCE}`)();
  const input = inputOf('javascript-64B');
  expect(run(input)).toEqual(referenceAnswer('javascript-64B', input));
});

test('the input does not lie where a guest works', async () => {
  const module = new WebAssembly.Module(Uint8Array.from(await buildGuest('core', 'cpu-1ms')));
  const instance = new WebAssembly.Instance(module);
  const { memory } = instance.exports as { memory: WebAssembly.Memory };
  const input = inputOf('cpu-1ms');
  callCore(instance, input);
  // The digest takes the place of the first 32 bytes; nothing else of the input has changed.
  const after = new Uint8Array(memory.buffer, INPUT + 32, 32);
  expect(Uint8Array.from(after)).toEqual(input.slice(32));
});

test('a guest is made anew with another version of a tool', () => {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  expect(JSON.parse(manifest).dependencies).toMatchObject(TOOLS);
});

test('a guest in JavaScript has no form of one module', async () => {
  await expect(buildGuest('core', 'javascript-64B')).rejects.toThrow("no form 'core'");
  await expect(buildGuest('extism', 'javascript-64B')).rejects.toThrow("no form 'extism'");
});
