/**
 * jco: components transpiled to JavaScript, called in the process (its glue), and `jco serve` in its three ways of isolating
 * requests. It is a dependency of Hotcell, which prepares components with it, so it is always there.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeScratchFolder } from '../../host/packages.ts';
import { buildGuest } from '../guests/guests.ts';
import type { Refusal, Service, Standing, Subject, Way, Workload } from '../subject.ts';
import { freePort, writeGuest } from './places.ts';

/** Its entry and its command lie side by side. */
const ENTRY = import.meta.resolve('@bytecodealliance/jco');
const COMMAND = fileURLToPath(new URL('jco.js', ENTRY));
const { version }: { version: string } = JSON.parse(readFileSync(new URL('../package.json', ENTRY), 'utf8'));

async function open(workload: Workload, way: Way): Promise<Standing> {
  const { prepareGlue } = await import('../../host/glue.ts');
  const create = await prepareGlue(await buildGuest('bytes', workload));
  const kept = create();
  return {
    call: way === 'warm' ? (input) => kept.invoke('run', input) : (input) => create().invoke('run', input),
    close() {},
  };
}

async function serve(workload: Workload, flags: readonly string[]): Promise<Service> {
  const scratch = await makeScratchFolder();
  const component = await writeGuest(scratch.path, 'http', workload);
  const places = [
    '--host',
    '127.0.0.1',
    '--port',
    String(await freePort()),
    '--jco-dir',
    join(scratch.path, 'jco'),
  ];
  return {
    command: process.execPath,
    args: [COMMAND, 'serve', ...places, ...flags, component],
    listens: /Server listening @ \S+:(\d+)/,
    path: '/',
    close: () => scratch.remove(),
  };
}

export function jcoSubjects(): Subject[] {
  const serving =
    'Its README calls `jco serve` a tool for development; there is nothing else of it to deploy';
  const isolated = (mode: 'instance' | 'worker', what: string): Subject => ({
    name: `jco-serve-${mode}`,
    row: `jco serve ${version} --isolate-requests ${mode}`,
    only: 'http',
    isRival: true,
    note: `${what}. ${serving}.`,
    async serve(workload, way): Promise<Service | Refusal> {
      if (way === 'warm') return { reason: 'it keeps no instance: see the cold tables over HTTP' };
      return serve(workload, ['--isolate-requests', mode]);
    },
  });
  return [
    {
      name: 'jco',
      row: `jco ${version}, transpiled`,
      only: 'calls',
      note: 'The bytes-world component behind the glue of `jco transpile --instantiation sync --multi-memory`, modules compiled once (README of @bytecodealliance/jco). No limits.',
      open,
    },
    {
      name: 'jco-serve',
      row: `jco serve ${version}`,
      only: 'http',
      note: `One instance for all requests. ${serving}.`,
      async serve(workload, way): Promise<Service | Refusal> {
        if (way === 'cold') return { reason: 'it has one instance for all requests: see its other modes' };
        return serve(workload, []);
      },
    },
    isolated('instance', 'A new instance for each request, in the same isolate'),
    isolated('worker', 'A worker thread for each request, 50 of them started ahead, as is its default'),
  ];
}
