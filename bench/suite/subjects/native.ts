/**
 * Runtimes that npm does not have, measured where they are on the PATH: `wasmtime serve`, `spin up`, WasmEdge. They run the very
 * component that `jco serve` runs; with WASI 0.2 each makes a new instance for each request, so warm and cold are the same.
 */

import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeScratchFolder } from '../../host/packages.ts';
import type { Refusal, Service, Subject, Workload } from '../subject.ts';
import { findOnPath, freePort, writeGuest } from './places.ts';

const SPIN_MANIFEST = `spin_manifest_version = 2
[application]
name = "guest"
version = "1.0.0"
[[trigger.http]]
route = "/..."
component = "guest"
[component.guest]
source = "guest.wasm"
`;

/** Its row where it is installed, else its name alone. */
function rowOf(command: string): string {
  const program = findOnPath(command);
  if (program === undefined) return command;
  const [line = ''] = execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n');
  const [version] = /\d+\.\d+\S*/.exec(line) ?? [];
  return version === undefined ? command : `${command} ${version}`;
}

function onPath(
  command: string,
  serve: (program: string, workload: Workload) => Promise<Service | Refusal>,
): (workload: Workload) => Promise<Service | Refusal> {
  return async (workload) => {
    const program = findOnPath(command);
    return program === undefined ? { reason: `${command} is not on the PATH` } : serve(program, workload);
  };
}

const serveWasmtime = onPath('wasmtime', async (command, workload) => {
  const scratch = await makeScratchFolder();
  const component = await writeGuest(scratch.path, 'http', workload);
  return {
    command,
    args: ['serve', '--addr', '127.0.0.1:0', component],
    listens: /Serving HTTP on http:\/\/\S+:(\d+)/,
    path: '/',
    close: () => scratch.remove(),
  };
});

const serveSpin = onPath('spin', async (command, workload) => {
  const scratch = await makeScratchFolder();
  await writeGuest(scratch.path, 'http', workload);
  const manifest = join(scratch.path, 'spin.toml');
  await writeFile(manifest, SPIN_MANIFEST);
  return {
    command,
    args: ['up', '--from', manifest, '--listen', `127.0.0.1:${await freePort()}`],
    listens: /Serving http:\/\/\S+:(\d+)/,
    path: '/',
    close: () => scratch.remove(),
  };
});

const serveWasmEdge = onPath('wasmedge', async () => ({
  reason: 'it runs programs to their end and has no server for components',
}));

export function nativeSubjects(): Subject[] {
  return [
    {
      name: 'wasmtime',
      row: `${rowOf('wasmtime')} serve`,
      only: 'http',
      note: 'Defaults of `wasmtime serve`: a new instance for each request from its pooling allocator (Wasmtime, "wasmtime serve").',
      serve: serveWasmtime,
    },
    {
      name: 'spin',
      row: rowOf('spin'),
      only: 'http',
      note: 'Defaults of `spin up` with a manifest of version 2 (Spin, "Application Manifest Reference").',
      serve: serveSpin,
    },
    {
      name: 'wasmedge',
      row: rowOf('wasmedge'),
      only: 'http',
      note: 'Only whether it is there.',
      serve: serveWasmEdge,
    },
  ];
}
