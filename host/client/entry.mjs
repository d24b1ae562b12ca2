/**
 * `import { createClient } from 'hotcell/client'`: what was emitted where this is an installed package, the sources where it is a
 * clone, as `host/entry.mjs` does for the host.
 */

import { fileURLToPath } from 'node:url';

const isInstalled = fileURLToPath(import.meta.url)
  .split(/[\\/]/)
  .includes('node_modules');
const client = isInstalled
  ? await import(new URL('../../dist/host/client/client.js', import.meta.url).href)
  : await import('./client.ts');

export const { createClient, HotcellError } = client;
