/**
 * The program `hotcell`: the command line of `cli/cli.ts` in the real world. `boot.mjs` starts it.
 *
 * Host, server and telemetry are loaded when a command needs them, so that `--help`, `config` and `token` answer
 * without loading an HTTP stack. Nothing else happens here.
 */

import { readFileSync } from 'node:fs';
import { createCli } from './cli/cli.ts';
import { systemClock } from './clock.ts';
import type { Mcp } from './mcp/face.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const cli = createCli({
  version,
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signals(onSignal) {
    process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
    return () => void process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  },
  exit: (code) => process.exit(code),
  createHost: async (config, only) =>
    (await import('./host.ts')).createHost(only === undefined ? config : { ...config, only }),
  openVault: async (config, host) =>
    (await import('./cli/open-vault.ts')).openVault(config, process.env, host),
  serve: async (host, config, telemetry, vault) => {
    const { serve } = await import('./http/http.ts');
    const { createCopybook } = await import('./copybook/copybook.ts');
    let mcp: Mcp | undefined;
    const server = await serve(host, {
      host: config.host,
      port: config.port,
      bodyMaxBytes: config.bodyMaxBytes,
      idempotency: {
        ttlMs: config.idempotencyTtlMs,
        maxEntries: config.idempotencyMaxEntries,
        maxBytes: config.idempotencyMaxBytes,
      },
      drainTimeoutMs: config.drainTimeoutMs,
      clock: systemClock,
      metricsText: () => telemetry.metricsText(),
      vault: vault && {
        vault,
        streamMaxBytes: config.vaultStreamMaxBytes,
        streamIdleMs: config.streamIdleMs,
      },
      copybook: {
        open: (request) => createCopybook({ ...request, host }),
        streamMaxBytes: config.copybookStreamMaxBytes,
        streamIdleMs: config.streamIdleMs,
      },
      // When it is first asked for: loading it takes a third of the time that loading all of the server does.
      async openMcp() {
        const { createMcp } = await import('./mcp/mcp.ts');
        mcp = createMcp({ host, version });
        return mcp;
      },
      version,
    });
    return {
      address: server.address,
      async close() {
        await server.close();
        mcp?.close();
      },
    };
  },
  createTelemetry: async (options) => (await import('./telemetry/telemetry.ts')).createTelemetry(options),
});

// A reader that closed the pipe (`hotcell … | head`) is told to the writer in its callback; without a listener the
// same error would end the process with a stack.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`CONFIG_INVALID: standard output cannot be written (${error.code})\n`);
  process.exit(1);
});

process.exitCode = await cli(process.argv.slice(2));
