/**
 * Sources in any language of the kit → component. One row for each language; how it is compiled is its own file's.
 *
 * Languages that make core modules (all but JavaScript and TypeScript) share the last step, `component.ts`.
 */

import type { OptimizeLevel } from './assemblyscript.ts';
import { compileAssemblyScript } from './assemblyscript-guest.ts';
import { compileC } from './c-guest.ts';
import { componentOf } from './component.ts';
import type { SourceReader } from './inputs.ts';
import { compileJavaScript } from './javascript-guest.ts';
import { compileRust } from './rust-guest.ts';
import { compileTypeScript } from './typescript-guest.ts';
import { compileText } from './wat-guest.ts';

/** The section `build` of a source manifest. */
export interface Build {
  readonly language: Language;
  /** AssemblyScript: WebAssembly features to switch on. */
  readonly features?: readonly string[];
  /** AssemblyScript: how far its optimiser goes. */
  readonly optimizeLevel?: OptimizeLevel;
  /** JavaScript and TypeScript: the engine's own imports of WASI stay. Default false: they trap. */
  readonly wasi?: boolean;
}

export interface GuestSource {
  readonly folder: string;
  readonly world: string;
  /** Text of the world with all it depends on. */
  readonly wit: string;
  readonly build: Build;
  readonly limits?: { readonly memoryMaxMiB?: number };
  readonly reader: SourceReader;
}

interface LanguageRow {
  readonly title: string;
  /** The file that the source begins in. */
  readonly entry: string;
  readonly compile: (source: GuestSource) => Promise<Uint8Array>;
}

const fromCore =
  (compile: (source: GuestSource) => Promise<Uint8Array>): LanguageRow['compile'] =>
  async (source) =>
    componentOf(await compile(source), source);

export const LANGUAGES = {
  as: { title: 'AssemblyScript', entry: 'guest.ts', compile: fromCore(assemblyScript) },
  js: { title: 'JavaScript', entry: 'guest.js', compile: compileJavaScript },
  ts: { title: 'TypeScript', entry: 'guest.ts', compile: compileTypeScript },
  c: { title: 'C', entry: 'guest.c', compile: fromCore(compileC) },
  rust: { title: 'Rust', entry: 'src/lib.rs', compile: fromCore(compileRust) },
  wat: { title: 'WebAssembly text', entry: 'guest.wat', compile: fromCore(compileText) },
} as const satisfies Record<string, LanguageRow>;

export type Language = 'as' | 'js' | 'ts' | 'c' | 'rust' | 'wat';

/** Throws an Error with the tool's own words — the source does not compile, or the tool is not there and how to get it. */
export function compileGuest(source: GuestSource): Promise<Uint8Array> {
  return LANGUAGES[source.build.language].compile(source);
}

async function assemblyScript({ folder, world, build, limits, reader }: GuestSource): Promise<Uint8Array> {
  return compileAssemblyScript({
    folder,
    world,
    features: build.features ?? [],
    optimizeLevel: build.optimizeLevel,
    memoryMaxMiB: limits?.memoryMaxMiB,
    reader,
  });
}
