/**
 * The program `hotcell` as a child process: what it says, what it is sent, how it ends. Nothing of the test's own
 * environment that could configure a host reaches it.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../host/main.ts', import.meta.url));

export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
  /** Resolves with the first match in what was said on stderr; rejects when the program ends without one. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the program has ended and all its output was read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

export function startProgram(args: readonly string[]): Program {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('HOTCELL_')),
  );
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  const out: Buffer[] = [];
  let err = '';
  const waiting = new Set<() => void>();
  const tellAll = (): void => {
    for (const tell of waiting) tell();
  };
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
    tellAll();
  });
  let isOver = false;
  const ended = new Promise<Awaited<Program['ended']>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      isOver = true;
      resolve({ code, signal });
      tellAll();
    });
  });
  return {
    child,
    stdout: () => Buffer.concat(out),
    stderr: () => err,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const tell = (): void => {
          const found = pattern.exec(err);
          if (!found && !isOver) return;
          waiting.delete(tell);
          if (found) resolve(found);
          else reject(new Error(`the program ended without saying ${pattern}: ${err}`));
        };
        waiting.add(tell);
        tell();
      }),
  };
}
