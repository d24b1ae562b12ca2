/**
 * The servers of the HTTP table, each a process of its own as it would be in service: Hotcell by its command line, with
 * its log and metrics on, and a Fastify route that does nothing but echo.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeScratchFolder, type Package, writePackages } from './packages.ts';

/** The program `hotcell`. */
export const MAIN = fileURLToPath(new URL('../../host/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-fastify.ts', import.meta.url));
/** Both say so on standard error when they take requests. */
const LISTENS = /listens on (http:\/\/\S+)/;

/** What Node prints when its inspector listens, which it does before the program begins. */
const INSPECTED = /Debugger listening on (ws:\/\/\S+)/;

export interface Server {
  readonly origin: string;
  /** Where its inspector listens; undefined unless a flag of Node asked for one. */
  readonly inspector: string | undefined;
  /** Ends the process and removes what it wrote. */
  close(): Promise<void>;
}

export async function startBareFastify(): Promise<Server> {
  return startServer([BARE]);
}

/** What a server is given beside its packages. */
export interface HotcellOptions {
  /** Content of its configuration file. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Flags of Node. */
  readonly nodeFlags?: readonly string[];
}

/** `hotcell serve` with these packages alone; `flags` are added to its command line. */
export async function startHotcell(
  packages: readonly Package[],
  flags: readonly string[],
  { config, nodeFlags = [] }: HotcellOptions = {},
): Promise<Server> {
  const scratch = await makeScratchFolder();
  const adapters = join(scratch.path, 'adapters');
  await writePackages(adapters, packages);
  const places = [
    '--adapters',
    adapters,
    '--data',
    join(scratch.path, 'data'),
    '--no-bundled',
    '--port',
    '0',
  ];
  if (config !== undefined) {
    const path = join(scratch.path, 'hotcell.config.json');
    await writeFile(path, JSON.stringify(config));
    places.push('--config', path);
  }
  try {
    const server = await startServer([...nodeFlags, MAIN, 'serve', ...places, ...flags]);
    return {
      ...server,
      async close() {
        await server.close();
        await scratch.remove();
      },
    };
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}

/** Throws with what the process said when it ends before it listens. */
export async function startServer(args: readonly string[]): Promise<Server> {
  // The log goes nowhere but is written: that is part of the price of a call.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  let inspector: string | undefined;
  const lines = createInterface({ input: child.stderr });
  const origin = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line);
      inspector ??= INSPECTED.exec(line)?.[1];
      const [, address] = LISTENS.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the server ended before it listened:\n${said.join('\n')}`)));
  });
  return { origin, inspector, close: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
