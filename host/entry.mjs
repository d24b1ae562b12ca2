/**
 * `import { createHost } from 'hotcell'`: the emitted host where this is an installed package, the sources where it is a
 * clone, which may be linked. Both export the same; the types are those of `host.ts`.
 */

import { fileURLToPath } from 'node:url';

const isInstalled = fileURLToPath(import.meta.url)
  .split(/[\\/]/)
  .includes('node_modules');
const host = isInstalled
  ? await import(new URL('../dist/host/host.js', import.meta.url).href)
  : await import('./host.ts');

export const {
  callbackKeys,
  createCopybook,
  createHost,
  createVault,
  environmentKeys,
  fileKeys,
  HostError,
  hasCode,
} = host;
