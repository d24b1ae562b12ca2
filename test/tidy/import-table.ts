/**
 * Who may import whom, as data: `tidy.test.ts` holds the sources against it, and `host/README.md` prints it.
 *
 * A file belongs to the first layer one of whose patterns it matches, and may import that layer's own files, what
 * `imports` names, and Node built-ins (only those of `builtins`, where a layer has that list).
 */

import { matchesGlob } from 'node:path';
import type { Table } from '../markdown.ts';

export interface Layer {
  readonly name: string;
  readonly files: readonly string[];
  /** Layers whose files it may import; `(types)` behind a name allows `import type` only. */
  readonly imports: readonly string[];
  readonly builtins?: readonly string[];
}

export const LAYERS: readonly Layer[] = [
  {
    name: 'base',
    files: [
      'host/{types,adapter-types,arguments,link-plan,plain-data,byte-source,in-order,capability-types,import-table,flat-types,errors,config,options,option-values,clock,channels,capability-*,service-*}.ts',
    ],
    imports: [],
    builtins: ['node:diagnostics_channel', 'node:os', 'node:path'],
  },
  { name: 'protocol', files: ['host/executor/{protocol,ring,link}.ts'], imports: ['base'], builtins: [] },
  {
    name: 'thread',
    files: [
      'host/executor/{thread,cell*,fuel,guest*,instantiate,lift,abi*,imports*,thread-side,thread-answers,thread-questions,thread-memories,memory-shelf}.ts',
      'host/executor/wasi/**',
    ],
    imports: ['base', 'protocol'],
    builtins: ['node:worker_threads', 'node:v8', 'node:vm'],
  },
  {
    name: 'process',
    files: ['host/executor/process-{entry,ring,group,bulk,start}.ts'],
    imports: ['base', 'protocol'],
    builtins: ['node:fs', 'node:v8'],
  },
  { name: 'executor', files: ['host/executor/**'], imports: ['base', 'protocol', 'thread', 'process'] },
  { name: 'policy', files: ['host/policy/**'], imports: ['base'] },
  { name: 'registry', files: ['host/registry/**'], imports: ['base'] },
  { name: 'pool', files: ['host/pool/**'], imports: ['base'] },
  { name: 'capabilities', files: ['host/capabilities/**'], imports: ['base'] },
  { name: 'package', files: ['host/package/**'], imports: ['base'] },
  { name: 'vault', files: ['host/vault/**'], imports: ['base', 'formats'] },
  { name: 'copybook', files: ['host/copybook/**'], imports: ['base'] },
  { name: 'telemetry', files: ['host/telemetry/**'], imports: ['base'] },
  {
    name: 'flow',
    files: ['host/invoke.ts'],
    imports: ['base', 'policy (types)', 'registry (types)', 'pool (types)'],
  },
  { name: 'client', files: ['host/client/*.ts'], imports: [], builtins: [] },
  { name: 'mcp', files: ['host/mcp/**'], imports: ['base'] },
  { name: 'door', files: ['host/http/**'], imports: ['base'] },
  {
    name: 'top',
    files: ['host/{host,main}.ts', 'host/cli/**'],
    imports: [
      'base',
      'policy',
      'registry',
      'executor',
      'pool',
      'vault',
      'copybook',
      'capabilities',
      'telemetry',
      'mcp',
      'flow',
      'door',
      'package',
      'kit',
      'suite',
    ],
  },
  // What it measures is the host from outside, so it may see all of it; a command loads it when it is asked for.
  { name: 'suite', files: ['bench/**'], imports: ['base', 'registry', 'executor', 'top', 'kit'] },
  {
    name: 'start',
    files: ['host/{boot,entry}.mjs', 'host/client/entry.mjs', 'host/emit.ts'],
    imports: ['top', 'client'],
  },
  {
    name: 'formats',
    files: ['crypto-wasm/formats/**', 'crypto-wasm/hash/{face,reference,reference-blake3,reference-sha2}.ts'],
    imports: [],
  },
  { name: 'kit', files: ['adapters/*.ts'], imports: [] },
  { name: 'guests', files: ['adapters/**', 'crypto-wasm/**'], imports: ['formats', 'kit'] },
];

/** A package is imported behind its door and nowhere else in `host/` and `adapters/`, not even for a type. */
export const DOORS: Readonly<Record<string, readonly string[]>> = {
  fastify: ['host/http/**'],
  '@fastify/*': ['host/http/**'],
  '@modelcontextprotocol/*': ['host/mcp/**'],
  'lru-cache': ['host/http/**'],
  ajv: ['host/registry/**', 'host/http/**'],
  '@bytecodealliance/*': ['host/registry/compile.ts', 'host/registry/prepare-*.ts', 'adapters/*.ts'],
  assemblyscript: ['adapters/*.ts'],
  'componentize-qjs': ['adapters/*.ts'],
  'generic-pool': ['host/pool/**'],
  ioredis: ['host/capabilities/redis.ts'],
  'node:worker_threads': ['host/executor/**', 'host/registry/prepare*.ts'],
  pino: ['host/telemetry/**'],
  'prom-client': ['host/telemetry/**'],
  'apache-arrow': ['host/copybook/arrow.ts'],
  commander: ['host/main.ts', 'host/cli/**'],
};

export function layerOf(path: string): Layer | undefined {
  return LAYERS.find(({ files }) => files.some((pattern) => matchesGlob(path, pattern)));
}

const code = (items: readonly string[]): string => items.map((item) => `\`${item}\``).join(' ');

/** The table as `host/README.md` prints it. */
export function importTable(): Table {
  const rows = LAYERS.map(({ name, files, imports, builtins }) => [
    name,
    code(files),
    imports.length > 0 ? imports.join(', ') : '–',
    builtins === undefined ? 'any' : code(builtins) || '–',
  ]);
  return [['layer', 'files', 'may import', 'Node built-ins'], ...rows];
}

/** The table of doors as `host/README.md` prints it. */
export function doorTable(): Table {
  const rows = Object.entries(DOORS).map(([name, files]) => [code([name]), code(files)]);
  return [['package', 'imported only in'], ...rows];
}
