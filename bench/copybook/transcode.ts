/**
 * Question: how fast is text alone, cp037 → UTF-8? The kernel's transcoding against a table of 256 bytes, in
 * WebAssembly too, so that only the way of doing it differs; both on bytes that lie in the module's memory.
 */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { compileCoreModule } from '../../adapters/assemblyscript.ts';
import { OPTIMIZE_LEVELS, PLAIN_FEATURES, RELAXED_FEATURES } from '../../crypto-wasm/build.ts';
import type { Contestant, Table, Target } from '../harness.ts';
import { PLAIN, RELAXED } from './kernel.ts';
import { createTranscoder } from './rivals.ts';
import { textSample } from './samples.ts';
import { contestant, copyContestant, JAVASCRIPT } from './tables.ts';

const REPOSITORY = resolve(import.meta.dirname, '..', '..');
const ENTRY = 'crypto-wasm/copybook/kernel/transcode-for-bench';
const SCALAR = 'scalar table, WebAssembly';
const ROOM_BYTES = 4 * 1_048_576;

/** As if it lay among the kernel's files. */
const SOURCE = `
import { CodePage, codePageOf } from './code-page';
import { makeTables, TABLES_BYTES, transcodeText } from './transcode';
const tables = memory.data(112, 16);
const page = codePageOf('cp037') as CodePage;
makeTables(page, false, tables);
export function room(bytes: i32): usize { return heap.alloc(bytes); }
export function lanes(at: usize, bytes: i32, out: usize): usize { return transcodeText(page, tables, at, bytes, out); }
/** Eight bytes a turn; a character that is not ASCII would end it. */
export function scalar(at: usize, bytes: i32, out: usize): usize {
  const table = page.toAscii;
  let i: usize = 0;
  for (; i + 8 <= <usize>bytes; i += 8) {
    const a = load<u8>(table + load<u8>(at + i)), b = load<u8>(table + load<u8>(at + i, 1));
    const c = load<u8>(table + load<u8>(at + i, 2)), d = load<u8>(table + load<u8>(at + i, 3));
    const e = load<u8>(table + load<u8>(at + i, 4)), f = load<u8>(table + load<u8>(at + i, 5));
    const g = load<u8>(table + load<u8>(at + i, 6)), h = load<u8>(table + load<u8>(at + i, 7));
    if (<i32>(a == 0) | <i32>(b == 0) | <i32>(c == 0) | <i32>(d == 0)) return 0;
    if (<i32>(e == 0) | <i32>(f == 0) | <i32>(g == 0) | <i32>(h == 0)) return 0;
    store<u8>(out + i, a); store<u8>(out + i, b, 1); store<u8>(out + i, c, 2); store<u8>(out + i, d, 3);
    store<u8>(out + i, e, 4); store<u8>(out + i, f, 5); store<u8>(out + i, g, 6); store<u8>(out + i, h, 7);
  }
  for (; i < <usize>bytes; i++) store<u8>(out + i, load<u8>(table + load<u8>(at + i)));
  return out + bytes;
}
`;

interface Exports {
  readonly memory: WebAssembly.Memory;
  room(bytes: number): number;
  lanes(at: number, bytes: number, out: number): number;
  scalar(at: number, bytes: number, out: number): number;
}

async function open(features: readonly string[]): Promise<Exports> {
  const bytes = await compileCoreModule({
    entry: ENTRY,
    features,
    optimizeLevel: OPTIMIZE_LEVELS.copybook,
    readFile: async (path) => (path === resolve(REPOSITORY, `${ENTRY}.ts`) ? SOURCE : readIfThere(path)),
  });
  return new WebAssembly.Instance(new WebAssembly.Module(bytes.slice())).exports as unknown as Exports;
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export const transcodeTable: Table = {
  name: 'transcode',
  question: 'Printable text, cp037 → UTF-8, 1 MiB in memory (MiB/s)',
  unit: 'ms',
  baseline: SCALAR,
  headline: 'throughput',
  effort: { rounds: 8, samples: 60, warmUp: 300 },
  quick: { rounds: 2, samples: 3, warmUp: 3 },
  async open() {
    const input = textSample();
    const [relaxed, plain] = [await open(RELAXED_FEATURES), await open(PLAIN_FEATURES)];
    const of = (
      row: string,
      exports: Exports,
      name: 'lanes' | 'scalar',
      targets?: readonly Target[],
    ): Contestant => {
      const at = exports.room(ROOM_BYTES);
      const out = at + ROOM_BYTES / 2;
      new Uint8Array(exports.memory.buffer).set(input, at);
      const once = (): Uint8Array => {
        const end = exports[name](at, input.length, out);
        return new Uint8Array(exports.memory.buffer, out, end - out);
      };
      return contestant(row, input.length, once, once, targets);
    };
    const javaScript = createTranscoder(input);
    return {
      contestants: [
        of(SCALAR, plain, 'scalar'),
        of(RELAXED, relaxed, 'lanes', [
          { metric: 'throughput', test: '>=', value: 2, against: SCALAR },
          { metric: 'throughput', test: '>=', value: 4 * 1024 },
        ]),
        of(PLAIN, plain, 'lanes'),
        contestant(JAVASCRIPT, input.length, javaScript, javaScript),
        copyContestant(input),
      ],
      close: () => {},
    };
  },
};
