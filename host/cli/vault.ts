/**
 * `hotcell seal` and `hotcell open`: a file or a pipe through the vault, in this process.
 *
 * An output file appears whole or not at all: bytes go to a file beside it, which takes its name only when the whole
 * stream was authenticated and is on the disk. Standard output cannot take bytes back: there the exit code says it.
 */

import { type HostConfig, VAULT_KEYS_VARIABLE } from '../config.ts';
import { HostError } from '../errors.ts';
import { tenantBinding } from '../http/vault-binding.ts';
import type { Binding, Vault } from '../vault/face.ts';
import { counted, inputBytes, readInput } from './input.ts';
import { createOutput, pour } from './output.ts';
import { createProgress } from './progress.ts';
import { listenForStop } from './stop.ts';
import { hasKeys, type World } from './world.ts';

export interface VaultFlags {
  readonly out?: string;
  readonly context?: string;
  readonly tenant?: string;
  readonly force?: true;
}

export interface VaultRequest extends VaultFlags {
  readonly direction: 'seal' | 'open';
  /** Path of the input; `-` is standard input. */
  readonly file: string;
}

const SEALED_SUFFIX = '.sealed';

/** Resolves to the exit code. Throws CONFIG_INVALID — no keys, or a file that cannot be used; VAULT_*. */
export async function runVault(world: World, config: HostConfig, request: VaultRequest): Promise<number> {
  const { direction, file } = request;
  if (!hasKeys(config, world.env)) {
    throw new HostError(
      'CONFIG_INVALID',
      `no keys: give --key-file <file>, or keys in ${VAULT_KEYS_VARIABLE}. A new file: ` +
        `(umask 077; echo "1 active $(openssl rand -hex 32)" > vault.keys)`,
    );
  }
  const totalBytes = await inputBytes(world, file);
  const outPath = outputPath(request);
  const output = await createOutput(world, outPath, {
    replace: request.force === true,
    isSecret: direction === 'open',
    ...(direction === 'seal' ? { notForTerminals: 'sealed bytes' } : {}),
  });
  const stop = listenForStop(world, 'VAULT_CLOSED');
  const progress = createProgress(world.stderr, world.clock, totalBytes);
  try {
    await withVault(world, config, async (vault) => {
      const source = counted(readInput(world, file), progress);
      const binding = bindingOf(request);
      const stream =
        direction === 'seal' ? vault.sealStream(source, binding) : vault.openStream(source, binding);
      await pour(stream, output, stop);
    });
    await output.commit();
    return 0;
  } finally {
    progress.finish();
    await output.discard();
    stop.close();
    // A pipe that nobody ends would keep the process.
    if (stop.isAsked) world.exit(1);
  }
}

/** The native backend needs no host. */
async function withVault(
  world: World,
  config: HostConfig,
  use: (vault: Vault) => Promise<void>,
): Promise<void> {
  const host = config.vaultBackend === 'cells' ? await world.createHost(config) : undefined;
  try {
    const vault = await world.openVault(config, host);
    if (vault === undefined) throw new HostError('CONFIG_INVALID', 'there are no keys');
    try {
      await use(vault);
    } finally {
      await vault.close();
    }
  } finally {
    await host?.close();
  }
}

function bindingOf({ context = '', tenant }: VaultRequest): Binding {
  return tenant === undefined ? { context } : tenantBinding(tenant, context);
}

/** Throws CONFIG_INVALID — no output was named and none follows from the input's name. */
function outputPath({ direction, file, out }: VaultRequest): string {
  if (out !== undefined) return out;
  if (file === '-') return '-';
  if (direction === 'seal') return `${file}${SEALED_SUFFIX}`;
  if (file.endsWith(SEALED_SUFFIX) && file.length > SEALED_SUFFIX.length) {
    return file.slice(0, -SEALED_SUFFIX.length);
  }
  throw new HostError(
    'CONFIG_INVALID',
    `${file} does not end in ${SEALED_SUFFIX}: name the output with --out <file>`,
  );
}
