/**
 * The largest copybooks, against the memory of a cell: an allocation beyond it kills the cell, and a tenant who can do that
 * at will keeps all others out.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { payloadOf, pieceHeader } from '../../../crypto-wasm/copybook/copybook.ts';
import type { Specification } from '../../../crypto-wasm/copybook/face.ts';
import { kernelModules } from './implementations.ts';

const manifest = resolve(import.meta.dirname, '../../../adapters/copybook/adapter.json');
const { limits } = JSON.parse(readFileSync(manifest, 'utf8')) as {
  limits: { memoryMaxMiB: number; inputMaxBytes: number };
};

interface Exports {
  readonly memory: WebAssembly.Memory;
  place(lengthBytes: number): number;
  run(name: number, nameBytes: number, payload: number, payloadBytes: number): number;
  release(): void;
}

/** Names as long as COBOL has them, all different. */
function copybook(count: number, picture: string, mark: string): string {
  const names = Array.from({ length: count }, (_, i) => `${'N'.repeat(20)}-${mark}-${i}`.slice(0, 30));
  return `01 R.\n${names.map((name) => `05 ${name} PIC ${picture}.`).join('\n')}`;
}

const options = { sourceFormat: 'free', invalid: 'null', errorColumn: true } as const;

describe.each(await kernelModules())('$name', ({ module }) => {
  test('the largest copybooks, one after the other, leave a cell within its memory', () => {
    const { memory, place, run, release } = new WebAssembly.Instance(module).exports as unknown as Exports;
    const call = (operation: string, specification: Specification): number => {
      const prefix = payloadOf(specification, pieceHeader(0));
      // What remains of the longest payload is spaces: blank lines for the encoder, blank fields for the others.
      const input = new Uint8Array(limits.inputMaxBytes - prefix.length).fill(
        operation === 'encode' ? 0x20 : 0x40,
      );
      const put = (bytes: Uint8Array): number => {
        const at = place(bytes.length) >>> 0;
        new Uint8Array(memory.buffer).set(bytes, at);
        return at;
      };
      const name = new TextEncoder().encode(operation);
      const payload = operation === 'layout' ? payloadOf(specification) : Buffer.concat([prefix, input]);
      const status = run(put(name), name.length, put(payload), payload.length);
      release();
      return status;
    };
    const answers = ['A', 'B'].flatMap((mark) =>
      ['S9(5)V99 COMP-3', '$$,$$$,$$9.99CR', 'X(3)'].map((picture) =>
        ['layout', 'decode', 'encode'].map((operation) =>
          call(operation, { copybook: copybook(19_990, picture, mark), options }),
        ),
      ),
    );
    // 0 is an answer, 1 a problem: edited pictures take more than there is.
    const each = [
      [0, 0, 0],
      [1, 1, 1],
      [0, 0, 0],
    ];
    expect(answers).toEqual([...each, ...each]);
    expect(memory.buffer.byteLength / 1024 / 1024).toBeLessThanOrEqual(limits.memoryMaxMiB);
  });
});
