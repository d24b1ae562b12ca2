/**
 * isolated-vm: isolates of the engine within this process, each with its own heap and a limit on it. Guests are scripts; one in
 * WebAssembly is compiled within its isolate, since modules do not pass between isolates.
 */

import { importPeer, peerVersion } from '../../peers.ts';
import { INPUT } from '../guests/forms.ts';
import { buildGuest } from '../guests/guests.ts';
import { SCRIPT_SOURCE } from '../guests/javascript.ts';
import type { Refusal, Standing, Subject, Way, Workload } from '../subject.ts';

const PACKAGE = 'isolated-vm';
const MEMORY_MAX_MIB = 128;
/** As Hotcell's default limit of a call. */
const TIMEOUT_MS = 1_000;

interface Transfer {
  copyInto(options: { readonly release: boolean }): unknown;
}

interface Context {
  evalClosure(
    code: string,
    args: readonly unknown[],
    options: { readonly result: { readonly reference: true } },
  ): Promise<Answer>;
}

interface Answer {
  apply(
    receiver: undefined,
    args: readonly unknown[],
    options: { readonly result: { readonly copy: true }; readonly timeout: number },
  ): Promise<Uint8Array>;
}

interface Isolate {
  createContext(): Promise<Context>;
  dispose(): void;
}

interface IsolatedVm {
  readonly default: {
    readonly Isolate: new (options: { readonly memoryLimit: number }) => Isolate;
    readonly ExternalCopy: new (value: Uint8Array) => Transfer;
  };
}

/** Gives the function that answers; `$0` is the module's bytes. */
const WASM_SOURCE = `
const { memory, run } = new WebAssembly.Instance(new WebAssembly.Module($0)).exports;
return (input) => {
  new Uint8Array(memory.buffer).set(input, ${INPUT});
  return new Uint8Array(memory.buffer, ${INPUT}, run(input.length)).slice();
};`;

async function open(workload: Workload, way: Way): Promise<Standing | Refusal> {
  const { Isolate, ExternalCopy } = (await importPeer<IsolatedVm>(PACKAGE)).default;
  const copyIn = (bytes: Uint8Array): unknown => new ExternalCopy(bytes).copyInto({ release: true });
  const isJavaScript = workload === 'javascript-64B';
  const code = isJavaScript ? undefined : await buildGuest('core', workload);
  const create = async (): Promise<{ readonly isolate: Isolate; readonly answer: Answer }> => {
    const isolate = new Isolate({ memoryLimit: MEMORY_MAX_MIB });
    const context = await isolate.createContext();
    const source = code === undefined ? `return ${SCRIPT_SOURCE};` : WASM_SOURCE;
    const args = code === undefined ? [] : [copyIn(code)];
    return { isolate, answer: await context.evalClosure(source, args, { result: { reference: true } }) };
  };
  const ask = (answer: Answer, input: Uint8Array): Promise<Uint8Array> =>
    answer.apply(undefined, [copyIn(input)], { result: { copy: true }, timeout: TIMEOUT_MS });
  if (way === 'cold') {
    return {
      async call(input) {
        const { isolate, answer } = await create();
        const bytes = await ask(answer, input);
        isolate.dispose();
        return bytes;
      },
      close() {},
    };
  }
  const { isolate, answer } = await create();
  return { call: (input) => ask(answer, input), close: () => isolate.dispose() };
}

export function isolatedVmSubject(): Subject {
  return {
    name: 'isolated-vm',
    row: [PACKAGE, peerVersion(PACKAGE)].join(' ').trim(),
    note: `Its prebuilt binary, an isolate of ${MEMORY_MAX_MIB} MiB, calls with a timeout, Node with --no-node-snapshot (README of isolated-vm). Cold is a new isolate, in which the module is compiled anew.`,
    peer: PACKAGE,
    nodeFlags: ['--no-node-snapshot'],
    open,
  };
}
