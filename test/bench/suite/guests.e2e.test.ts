/** The guests of the suite in a host: components of the bytes world and components that answer HTTP, in WebAssembly and in QuickJS. */

import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildGuest } from '../../../bench/suite/guests/guests.ts';
import { inputOf, referenceAnswer } from '../../../bench/suite/guests/work.ts';
import { WORKLOADS } from '../../../bench/suite/subject.ts';
import { type Served, serveHost } from '../../host/served.ts';

/** QuickJS is bundled twice where nobody did before. */
const BUILD_TIMEOUT_MS = 120_000;

let served: Served;
beforeAll(async () => {
  served = await serveHost({ executors: 1 });
}, BUILD_TIMEOUT_MS);
afterAll(() => served.close());

async function install(form: 'bytes' | 'http', workload: (typeof WORKLOADS)[number]): Promise<string> {
  const component = await buildGuest(form, workload);
  const name = `${form}-${workload.toLowerCase()}`;
  const manifest = {
    name,
    version: '1.0.0',
    component: 'component.wasm',
    sha256: createHash('sha256').update(component).digest('hex'),
    limits: { timeoutMs: 10_000 },
    pool: { min: 0 },
    ...(form === 'bytes'
      ? { world: 'bytes', operations: { run: {} } }
      : { world: 'wasi:http/proxy', capabilities: { clock: {}, log: {} } }),
  };
  await served.host.install(manifest, component);
  return `/v1/adapters/${name}/${form === 'bytes' ? 'run' : 'http/'}`;
}

const forms = WORKLOADS.flatMap((workload) => [['bytes', workload] as const, ['http', workload] as const]);

test.each(forms)(
  'the form %s of %s answers what the reference says, again and again',
  async (form, workload) => {
    const path = await install(form, workload);
    const input = inputOf(workload);
    const expected = Buffer.from(referenceAnswer(workload, input));
    for (let call = 0; call < 3; call++) {
      const { status, bytes, headers } = await served.call(path, input, {
        'content-type': 'application/octet-stream',
      });
      expect([status, bytes.toString('hex')]).toEqual([200, expected.toString('hex')]);
      // Load generators read responses by it.
      expect(headers['content-length']).toBe(String(expected.length));
    }
  },
  BUILD_TIMEOUT_MS,
);
