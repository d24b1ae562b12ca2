/**
 * WebAssembly as the engine has it: a compiled module, an instance kept or a new one for each call, called in the thread of its
 * caller. No limit on time or memory, no wall between calls: what everything else here adds is measured against it.
 */

import { INPUT } from '../guests/forms.ts';
import { buildGuest } from '../guests/guests.ts';
import type { Refusal, Standing, Subject, Way, Workload } from '../subject.ts';

interface Exports {
  readonly memory: WebAssembly.Memory;
  run(length: number): number;
}

/** Copies the input in and the answer out. */
export function callCore(instance: WebAssembly.Instance, input: Uint8Array): Uint8Array {
  const { memory, run } = instance.exports as unknown as Exports;
  new Uint8Array(memory.buffer).set(input, INPUT);
  const length = run(input.length);
  return new Uint8Array(memory.buffer, INPUT, length).slice();
}

export const plainSubject: Subject = {
  name: 'plain',
  isRequired: true,
  row: 'plain WebAssembly',
  note: 'WebAssembly.Module compiled once, `new WebAssembly.Instance` for each cold call (WebAssembly JavaScript Interface). No isolation from its caller and no limits.',
  async open(workload: Workload, way: Way): Promise<Standing | Refusal> {
    if (workload === 'javascript-64B')
      return { reason: 'a guest in JavaScript is no core module: it is a component of several' };
    const module = new WebAssembly.Module(Uint8Array.from(await buildGuest('core', workload)));
    const kept = new WebAssembly.Instance(module);
    return {
      call:
        way === 'warm'
          ? (input) => callCore(kept, input)
          : (input) => callCore(new WebAssembly.Instance(module), input),
      close() {},
    };
  },
};
