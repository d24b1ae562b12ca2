/** Runs a module and says everything that can be told of the run: results or end, memories, globals, the size of its table, fuel. */

import { Guest } from '../../../host/executor/guest.ts';

export interface Run {
  /** What a caller, and whoever looks into the instance, can tell. */
  readonly seen: string;
  /** Units; undefined without a counter. */
  readonly fuel: number | undefined;
  readonly wasStopped: boolean;
  readonly exports: WebAssembly.Exports;
}

const describe = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(describe).join(' ');
  return Object.is(value, -0) ? '-0' : String(value);
};

function endOf(error: unknown): string {
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return error.message;
  if (error instanceof WebAssembly.LinkError || error instanceof WebAssembly.CompileError)
    return error.constructor.name;
  // What a module gives or takes that JavaScript cannot hold.
  return error instanceof TypeError ? 'TypeError' : 'exception';
}

function digest(memory: WebAssembly.Memory): string {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(memory.buffer)) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${memory.buffer.byteLength}:${hash >>> 0}`;
}

/** Instantiates it without imports and calls each exported function once, in order. Throws nothing of the guest's. */
export function runModule(bytes: Uint8Array, fuelMax = Number.POSITIVE_INFINITY): Run {
  const guest = new Guest();
  guest.enter({ deadlineMs: Number.POSITIVE_INFINITY, fuelMax });
  const seen: string[] = [];
  let exports: WebAssembly.Exports = {};
  try {
    exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), {}).exports;
    guest.add(exports);
    for (const [name, found] of Object.entries(exports)) {
      if (typeof found !== 'function' || name.startsWith('hotcell:')) continue;
      const args = [12, 34n, 5].slice(0, found.length);
      try {
        seen.push(`${name} ${describe((found as (...all: unknown[]) => unknown)(...args))}`);
      } catch (error) {
        seen.push(`${name}! ${endOf(error)}`);
        if (guest.stop !== undefined) break;
      }
    }
  } catch (error) {
    seen.push(endOf(error));
  }
  for (const [name, found] of Object.entries(exports)) {
    if (name.startsWith('hotcell:')) continue;
    if (found instanceof WebAssembly.Memory) seen.push(`${name} ${digest(found)}`);
    else if (found instanceof WebAssembly.Global) seen.push(`${name} ${globalOf(found)}`);
    else if (found instanceof WebAssembly.Table) seen.push(`${name} ${found.length}`);
  }
  return { seen: seen.join('\n'), fuel: guest.meter.used, wasStopped: guest.stop !== undefined, exports };
}

function globalOf(global: WebAssembly.Global): string {
  try {
    return describe(global.value);
  } catch {
    return 'hidden';
  }
}
