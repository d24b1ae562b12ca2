/**
 * Hotcell itself: calls of `host.invoke` in its process, and `hotcell serve` as a program. Warm calls find a pool of cells that
 * tenants do not share; cold ones get a cell that nobody used before, made for the call or ahead of it.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Isolation, PoolOptions } from '../../../host/types.ts';
import { makeScratchFolder, type Package, writePackages } from '../../host/packages.ts';
import { buildGuest } from '../guests/guests.ts';
import type { Refusal, Service, Standing, Subject, Way, Workload } from '../subject.ts';

const MAIN = fileURLToPath(new URL('../../../host/main.ts', import.meta.url));
const ADAPTER = 'guest';
const OPERATION = 'run';
/** One tenant is all there is here, and none of its 32 connections is refused. */
const PERMITS = { permits: 64, tenantShare: 1 } as const;

interface Terms {
  readonly isolation: Isolation;
  readonly pool: Partial<PoolOptions>;
}

const POOLED: Terms = { isolation: 'tenant', pool: PERMITS };
/** Nothing is kept ready and nothing is kept: each call waits for a cell to be made. */
const MADE_FOR_THE_CALL: Terms = { isolation: 'fresh', pool: { ...PERMITS, min: 0 } };
/** Cells that nobody used before are made while others run. */
const MADE_AHEAD: Terms = { isolation: 'fresh', pool: { ...PERMITS, min: 16, max: 64 } };

async function packageOf(form: 'bytes' | 'http', workload: Workload, terms: Terms): Promise<Package> {
  const component = await buildGuest(form, workload);
  const manifest = {
    name: ADAPTER,
    version: '1.0.0',
    component: 'component.wasm',
    sha256: createHash('sha256').update(component).digest('hex'),
    ...(form === 'bytes'
      ? { world: 'bytes', operations: { [OPERATION]: { idempotent: true } } }
      : // QuickJS imports a clock and standard output; the hand-written guests use neither.
        { world: 'wasi:http/proxy', capabilities: { clock: {}, log: {} } }),
    ...terms,
  };
  return { manifest, component };
}

async function open(workload: Workload, terms: Terms): Promise<Standing> {
  const { openHost } = await import('../../host/hosts.ts');
  const { host, close } = await openHost({ packages: [await packageOf('bytes', workload, terms)] });
  return {
    async call(payload) {
      const call = { adapter: ADAPTER, operation: OPERATION, payload, tenant: 'bench', requestId: 'bench' };
      const { outcome } = await host.invoke(call);
      if (outcome.kind === 'error') throw outcome.error;
      return outcome.bytes;
    },
    close,
  };
}

async function serve(form: 'bytes' | 'http', workload: Workload, terms: Terms): Promise<Service> {
  const scratch = await makeScratchFolder();
  const adapters = join(scratch.path, 'adapters');
  await writePackages(adapters, [await packageOf(form, workload, terms)]);
  const data = join(scratch.path, 'data');
  return {
    command: process.execPath,
    args: [MAIN, 'serve', '--adapters', adapters, '--data', data, '--no-bundled', '--port', '0'],
    listens: /listens on http:\/\/\S+:(\d+)/,
    path: `/v1/adapters/${ADAPTER}/${form === 'bytes' ? OPERATION : 'http/'}`,
    close: () => scratch.remove(),
  };
}

const aheadOnly = (way: Way): Refusal | undefined =>
  way === 'warm' ? { reason: 'its cells serve one call each: see the cold tables' } : undefined;

export function hotcellSubjects(): Subject[] {
  const termsOf = (way: Way): Terms => (way === 'warm' ? POOLED : MADE_FOR_THE_CALL);
  return [
    {
      name: 'hotcell',
      isRequired: true,
      row: 'Hotcell',
      note: 'Defaults, log and metrics on, but one tenant may hold all 64 permits; cold is isolation `fresh` with `min` 0, so that a cell is made while its caller waits (README, "Isolation").',
      open: (workload, way) => open(workload, termsOf(way)),
      serve: (workload, way) => serve('bytes', workload, termsOf(way)),
    },
    {
      name: 'hotcell-ahead',
      isRequired: true,
      row: 'Hotcell, cells made ahead',
      note: 'Isolation `fresh` with `min` 16: cells that nobody used before are made between calls, as is advised for it (README, "Isolation").',
      open: async (workload, way) => aheadOnly(way) ?? open(workload, MADE_AHEAD),
      serve: async (workload, way) => aheadOnly(way) ?? serve('bytes', workload, MADE_AHEAD),
    },
    {
      name: 'hotcell-http',
      isRequired: true,
      row: 'Hotcell, wasi:http component',
      only: 'http',
      note: 'The very component that `jco serve` runs; otherwise as Hotcell.',
      serve: (workload, way) => serve('http', workload, termsOf(way)),
    },
  ];
}
