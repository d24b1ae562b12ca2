/** The kernel's code pages alone, as a module of their own: an entry that is only in memory over `code-page.ts`. */

import { buildKernel, PLAIN_FEATURES } from '../../../crypto-wasm/build.ts';

const TEXT = `
import { CodePage, codePageOf } from './code-page';
const name = memory.data(64);
let page: CodePage | null = null;
export function nameAt(): usize { return name; }
export function select(bytes: i32): bool {
  page = codePageOf(String.UTF8.decodeUnsafe(name, bytes));
  return page !== null;
}
export function toUnicode(): usize { return page!.toUnicode; }
export function toAscii(): usize { return page!.toAscii; }
export function space(): i32 { return page!.space; }
export function isAscii(): bool { return page!.isAscii; }
export function hasDouble(): bool { return page!.hasDouble; }
export function fromUnicode(codePoint: i32): i32 { return page!.fromUnicode(codePoint); }
export function doubleToUnicode(high: i32, low: i32): i32 { return page!.doubleToUnicode(<u8>high, <u8>low); }
export function doubleFromUnicode(codePoint: i32): i32 { return page!.doubleFromUnicode(codePoint); }
`;

export interface KernelPage {
  /** 256 characters. */
  readonly characters: string;
  readonly ascii: Uint8Array;
  readonly space: number;
  readonly isAscii: boolean;
  readonly hasDouble: boolean;
  fromUnicode(codePoint: number): number;
  doubleToUnicode(high: number, low: number): number;
  doubleFromUnicode(codePoint: number): number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  nameAt(): number;
  select(bytes: number): number;
  toUnicode(): number;
  toAscii(): number;
  space(): number;
  isAscii(): number;
  hasDouble(): number;
  fromUnicode(codePoint: number): number;
  doubleToUnicode(high: number, low: number): number;
  doubleFromUnicode(codePoint: number): number;
}

export async function compileCodePages(): Promise<WebAssembly.Module> {
  const bytes = await buildKernel('copybook', PLAIN_FEATURES, TEXT);
  return new WebAssembly.Module(bytes.slice());
}

/** A page of a new instance, or undefined when the kernel has none of that name. */
export function pageOf(module: WebAssembly.Module, name: string): KernelPage | undefined {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  const bytes = Buffer.from(name);
  new Uint8Array(exports.memory.buffer).set(bytes, exports.nameAt());
  if (exports.select(bytes.length) === 0) return undefined;
  const { buffer } = exports.memory;
  return {
    characters: Buffer.from(buffer, exports.toUnicode(), 512).toString('utf16le'),
    ascii: new Uint8Array(buffer, exports.toAscii(), 256),
    space: exports.space(),
    isAscii: exports.isAscii() === 1,
    hasDouble: exports.hasDouble() === 1,
    fromUnicode: exports.fromUnicode,
    doubleToUnicode: exports.doubleToUnicode,
    doubleFromUnicode: exports.doubleFromUnicode,
  };
}
