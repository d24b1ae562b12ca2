/**
 * GnuCOBOL, where the machine has it: programs are compiled to a folder of their own and run there, and what they said
 * is read. Nothing is installed here.
 *
 * Its ways that differ from z/OS: DISPLAY is ASCII, and negative numbers have `p…y` for their signed digit; COMP-5,
 * COMP-1 and COMP-2 are those of the machine; SYNCHRONIZED binaries of 8 bytes lie on doublewords, and the slack before
 * a group lies in it; COMP-5 of one or two digits has one byte.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CopybookOptions } from '../../../../crypto-wasm/copybook/face.ts';

/** `ibm`: binaries of 2, 4 and 8 bytes which keep what their bytes hold. `default`: of 1 too, cut to their picture. */
export type Dialect = 'ibm' | 'default';
export const DIALECTS: readonly Dialect[] = ['ibm', 'default'];

const RUN_TIMEOUT_MS = 60_000;

/** A program's folder; its files are written to it and read from it. */
export interface Program {
  run(argument?: string, environment?: Readonly<Record<string, string>>): string;
  read(name: string): Uint8Array;
  write(name: string, bytes: Uint8Array): void;
  close(): void;
}

/** The data of its programs, as options of the codec. */
export function optionsFor(dialect: Dialect): CopybookOptions {
  const native = endianness() === 'LE' ? 'little' : 'big';
  return {
    codePage: 'latin1',
    asciiSigns: 'ascii',
    float: 'ieee',
    floatEndian: native,
    nativeEndian: native,
    syncDoubleword: 8,
    smallBinary: dialect === 'ibm' ? 2 : 1,
  };
}

/** The first line of its version; undefined where there is none. */
export function cobolVersion(): string | undefined {
  try {
    return execFileSync('cobc', ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).split('\n')[0];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Text of a file beside this one. */
export function sourceOf(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8');
}

/** Compiles; copybooks come from this folder. Throws what the compiler said. */
export function compileCobol(source: string, dialect: Dialect, flags: readonly string[] = []): Program {
  const folder = mkdtempSync(join(tmpdir(), 'hotcell-cobol-'));
  const path = join(folder, 'program.cob');
  writeFileSync(path, source);
  const program = join(folder, 'program');
  try {
    execFileSync(
      'cobc',
      ['-x', `-std=${dialect}`, '-w', ...flags, '-I', import.meta.dirname, '-o', program, path],
      // Its temporary files lie in the folder too.
      {
        cwd: folder,
        env: { ...process.env, TMPDIR: folder },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: RUN_TIMEOUT_MS,
      },
    );
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    run: (argument = '', environment = {}) =>
      execFileSync(program, [argument], {
        cwd: folder,
        env: { ...process.env, ...environment },
        encoding: 'latin1',
        maxBuffer: 1 << 26,
        timeout: RUN_TIMEOUT_MS,
      }),
    read: (name) => readFileSync(join(folder, name)),
    write: (name, bytes) => writeFileSync(join(folder, name), bytes),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A value with its name: a number's text, or a text. */
export type Said = readonly [name: string, value: string];

/** Lines of NAME=VALUE: signs in front and zeros at both ends go; texts lose their brackets. `places`: implied decimals. */
export function saidOf(output: string, places: number): Said[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Said => {
      const at = line.indexOf('=');
      const value = line.slice(at + 1);
      return [line.slice(0, at), value.startsWith('[') ? value.slice(1, -1) : numberSaid(value, places)];
    });
}

function numberSaid(text: string, places: number): string {
  if (text.includes('.') || !/^[-+]/.test(text)) return plain(text);
  return plain(`${text.slice(0, text.length - places)}.${text.slice(text.length - places)}`);
}

/** One text for each number. */
function plain(text: string): string {
  const [whole = '', places = ''] = text.replace(/^[-+]/, '').split('.');
  const digits = `${whole.replace(/^0+(?=\d)/, '')}.${places.replace(/0+$/, '')}`.replace(/\.$/, '');
  return text.startsWith('-') && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

/** What a decoded record holds, in the order of its members: names without what is around them. */
export function valuesOf(json: unknown, isNumber: (name: string) => boolean, name = ''): Said[] {
  if (Array.isArray(json)) return json.flatMap((element) => valuesOf(element, isNumber, name));
  if (typeof json === 'object' && json !== null)
    return Object.entries(json).flatMap(([key, value]) => valuesOf(value, isNumber, key));
  return [[name, isNumber(name) ? plain(fixed(`${json}`)) : `${json}`]];
}

/** Floats may have an exponent. */
function fixed(text: string): string {
  return text.includes('e') ? Number(text).toFixed(20) : text;
}
