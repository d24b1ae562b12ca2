/**
 * The WIT that an adapter is built against: its own `world.wit`, or the contract of the bytes world.
 *
 * A text is made whole before the tools see it: of the packages that it names and does not hold, those that this repository
 * has (the contract, the capabilities) and those of WASI 0.2 that jco carries are put behind it. What goes into a package
 * is the author's own text, because what tools print of a component has no documentation.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceReader } from './inputs.ts';

const WIT = join(import.meta.dirname, 'wit');
const CONTRACT = join(WIT, 'hotcell.wit');
const CAPABILITIES = join(WIT, 'capabilities.wit');

/** Files of this folder that a component may depend on. */
export const CONTRACTS: readonly string[] = [CONTRACT, CAPABILITIES];

/** Where jco keeps the WIT of WASI, below the folder of its package. */
const WASI_FOLDER = 'wit/builtin/0.2.12';
const WASI_PACKAGES = ['io', 'clocks', 'random', 'cli', 'filesystem', 'sockets', 'http'];

export interface WorldText {
  /** For the tools: with every package it depends on. */
  readonly resolved: string;
  /** As its author wrote it; undefined for the contract of this repository. */
  readonly authored: string | undefined;
}

/** Throws an Error — the world is not `bytes` and there is no `world.wit`. */
export async function worldText(folder: string, world: string, reader: SourceReader): Promise<WorldText> {
  const authored = await reader.read(join(folder, 'world.wit'));
  if (authored === null) {
    if (world === 'bytes') return { resolved: await readFile(CONTRACT, 'utf8'), authored: undefined };
    throw new Error(
      `world "${world}" needs a world.wit beside adapter.json; only the world "bytes" comes with Hotcell`,
    );
  }
  const parts = [authored];
  if (names(authored, 'hotcell:adapter')) parts.push(nested(await readFile(CONTRACT, 'utf8')));
  if (names(authored, 'hotcell:capabilities')) parts.push(nested(await readFile(CAPABILITIES, 'utf8')));
  if (WASI_PACKAGES.some((name) => names(authored, `wasi:${name}`))) parts.push(await wasiText());
  return { resolved: parts.join('\n'), authored };
}

/** The package is named, and not defined in the text itself. */
function names(text: string, name: string): boolean {
  return text.includes(`${name}/`) && !new RegExp(`^\\s*package\\s+${name}\\b`, 'm').test(text);
}

/** A text of one package as one of several in a text. */
const nested = (text: string): string =>
  `${text.replace(/^package ([^;\s]+);/m, 'package $1 {').replace(/^\/\/\/.*\n(?=\/\/\/|package)/gm, '')}\n}\n`;

async function wasiText(): Promise<string> {
  // Its entry is one folder below its root.
  const root = fileURLToPath(new URL('..', import.meta.resolve('@bytecodealliance/jco')));
  const texts = WASI_PACKAGES.map((name) =>
    readFile(join(root, 'lib', WASI_FOLDER, `wasi-${name}`, 'package.wit'), 'utf8'),
  );
  return (await Promise.all(texts)).map(nested).join('\n');
}
