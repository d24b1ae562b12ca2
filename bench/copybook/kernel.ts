/**
 * The kernel as tables time it: payload copied in, decoded, output copied out into a buffer that was there before. No
 * answer is allocated, since the rivals allocate none either. Without copies, input and output stay in the kernel's
 * memory: that is what the kernel does itself.
 */

import { bestFeatures, buildKernel, PLAIN_FEATURES } from '../../crypto-wasm/build.ts';
import { payloadOf, pieceHeader } from '../../crypto-wasm/copybook/copybook.ts';
import type { CopybookOptions } from '../../crypto-wasm/copybook/face.ts';

interface Exports {
  readonly memory: WebAssembly.Memory;
  place(lengthBytes: number): number;
  run(name: number, nameBytes: number, payload: number, payloadBytes: number): number;
  resultAddress(): number;
  resultBytes(): number;
  release(): void;
}

/** consumed, records, status, problem bytes, errors, rows. */
const HEADER_BYTES = 24;
const OUTPUT_BYTES = 16 * 1_048_576;

export type Operation = 'decode' | 'encode';

/** Both builds that this engine takes, by the name of their row. */
export async function openKernels(): Promise<
  readonly (readonly [row: string, module: WebAssembly.Module])[]
> {
  const best = bestFeatures();
  const rows = best === PLAIN_FEATURES ? [] : [[RELAXED, best] as const];
  return Promise.all(
    [...rows, [PLAIN, PLAIN_FEATURES] as const].map(
      async ([row, features]) =>
        [row, new WebAssembly.Module((await buildKernel('copybook', features)).slice())] as const,
    ),
  );
}

export const RELAXED = 'kernel, relaxed SIMD';
export const PLAIN = 'kernel, plain SIMD';
/** The faster build on what lies in its memory. */
export const IN_MEMORY = 'kernel, relaxed SIMD, no copies';

/** One call; the output is valid until the next. Throws an Error — the kernel has a problem with it. */
export function createCall(
  module: WebAssembly.Module,
  operation: Operation,
  copybook: string,
  options: CopybookOptions,
  input: Uint8Array,
  copies: 'with copies' | 'in memory',
): () => Uint8Array {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  const payload = payloadOf({ copybook, options }, pieceHeader(0), input);
  const name = Buffer.from(operation);
  const output = new Uint8Array(OUTPUT_BYTES);
  let placedAt = 0;
  return () => {
    const nameAt = exports.place(name.length) >>> 0;
    const payloadAt = exports.place(payload.length) >>> 0;
    // Memory that was given back is given again: the payload still lies where it was.
    if (copies === 'with copies' || placedAt !== payloadAt) {
      const memory = new Uint8Array(exports.memory.buffer);
      memory.set(name, nameAt);
      memory.set(payload, payloadAt);
      placedAt = payloadAt;
    }
    const status = exports.run(nameAt, name.length, payloadAt, payload.length);
    const at = exports.resultAddress() >>> 0;
    const bytes = exports.resultBytes();
    const view = new DataView(exports.memory.buffer, at, bytes);
    const problemBytes = status === 0 ? view.getUint32(12, true) : bytes;
    const result = new Uint8Array(exports.memory.buffer, at, bytes);
    if (status !== 0 || problemBytes > 0) {
      throw new Error(
        `the kernel says ${Buffer.from(result).toString('latin1', status === 0 ? HEADER_BYTES : 0)}`,
      );
    }
    exports.release();
    if (copies === 'in memory') return result.subarray(HEADER_BYTES);
    const length = bytes - HEADER_BYTES;
    output.set(result.subarray(HEADER_BYTES), 0);
    return output.subarray(0, length);
  };
}
