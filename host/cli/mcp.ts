/**
 * `hotcell mcp`: the Model Context Protocol on standard input and output, for clients that start their servers themselves.
 *
 * With a host in this process, or, with `--url`, as a bridge to one that runs. Standard output holds messages and nothing
 * else. It ends with its input, or with a signal: what is under way then is given up.
 */

import { randomUUID } from 'node:crypto';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import { TENANT_PATTERN } from '../option-values.ts';
import { startHost, type World } from './world.ts';

export interface McpFlags {
  readonly url?: string;
  readonly tenant?: string;
}

/** Variable of the token that a bridge shows; never a flag: flags are public. */
const TOKEN_VARIABLE = 'HOTCELL_TOKEN';

interface Peer {
  receive(message: unknown): Promise<object | undefined>;
  close(): void | Promise<void>;
}

/** Resolves to the exit code. Throws CONFIG_INVALID — a flag is not valid; what keeps the host from starting. */
export async function runMcp(world: World, config: HostConfig, flags: McpFlags): Promise<number> {
  const { exchangeLines } = await import('../mcp/lines.ts');
  let isOver = false;
  let last: Promise<unknown> = Promise.resolve();
  const write = (message: object): Promise<void> => {
    const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
    const written = last.then(
      () =>
        new Promise<void>((done, fail) => {
          if (isOver) done();
          else world.stdout.write(bytes, (error) => (error ? fail(error) : done()));
        }),
    );
    // Who writes next waits for it, and does not fail for it.
    last = written.catch(() => {});
    return written;
  };
  /** Nobody waits for these. */
  const tell = (message: object): void => {
    write(message).catch((error: unknown) => world.stderr.write(`standard output: ${String(error)}\n`));
  };
  let isStopped = false;
  const stopped = Promise.withResolvers<void>();
  const stopListening = world.signals(() => {
    isStopped = true;
    stopped.resolve();
  });
  try {
    const peer =
      flags.url === undefined
        ? await inProcess(world, config, flags, tell)
        : await bridge(world, flags, tell);
    try {
      const receive = (message: unknown): Promise<object | undefined> => peer.receive(message);
      await Promise.race([exchangeLines({ input: world.stdin, receive, write }), stopped.promise]);
    } finally {
      isOver = true;
      await peer.close();
    }
    // The input is still open, and would keep the process.
    if (isStopped) world.exit(0);
    return 0;
  } finally {
    stopListening();
  }
}

async function inProcess(
  world: World,
  config: HostConfig,
  { tenant = 'public' }: McpFlags,
  onMessage: (message: object) => void,
): Promise<Peer> {
  requireTenant(tenant);
  const { createMcp } = await import('../mcp/mcp.ts');
  const host = await startHost(world, config, ['warn', 'error']);
  const mcp = createMcp({ host, version: world.version });
  const connection = mcp.open({ tenant, onMessage });
  return {
    receive: (message) => connection.receive(message, { requestId: randomUUID() }),
    async close() {
      mcp.close();
      await host.close();
    },
  };
}

async function bridge(
  world: World,
  { url, tenant }: McpFlags,
  onMessage: (message: object) => void,
): Promise<Peer> {
  const target = URL.parse(url ?? '');
  if (target === null || !/^https?:$/.test(target.protocol)) {
    const problems = [{ at: 'url', message: 'must be an http or https address' }];
    throw new HostError('CONFIG_INVALID', 'one problem in the configuration', { problems });
  }
  if (target.pathname === '/') target.pathname = '/mcp';
  if (tenant !== undefined) requireTenant(tenant);
  const token = world.env[TOKEN_VARIABLE];
  const { openBridge } = await import('../mcp/bridge.ts');
  return openBridge({
    url: target,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(tenant === undefined ? {} : { 'X-Tenant-Id': tenant }),
    },
    onMessage,
    onError: (error) => void world.stderr.write(`${error.message}\n`),
  });
}

function requireTenant(tenant: string): void {
  if (TENANT_PATTERN.test(tenant)) return;
  const problems = [
    { at: 'tenant', message: 'must be 1 to 64 of A-Z a-z 0-9 . _ - and begin with a letter or a digit' },
  ];
  throw new HostError('CONFIG_INVALID', 'one problem in the configuration', { problems });
}
