/**
 * The vault that a configuration asks for: its keys from the key file, or else from the environment variable; or none.
 *
 * Keys themselves are never a flag nor in the configuration: a command line is visible to every user of a machine.
 */

import { type HostConfig, VAULT_KEYS_VARIABLE } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Host } from '../types.ts';
import { VAULT_ADAPTER } from '../vault/contexts.ts';
import type { Vault } from '../vault/face.ts';
import { environmentKeys, fileKeys } from '../vault/key-providers.ts';
import { createVault } from '../vault/vault.ts';
import { hasKeys, type World } from './world.ts';

/**
 * The vault, or undefined where there are no keys. `host` may be missing for the backend `native`.
 * Throws CONFIG_INVALID — the host has no cells for it; VAULT_KEYS_UNREADABLE, VAULT_KEY_INVALID — of what the file or the variable holds.
 */
export async function openVault(
  config: HostConfig,
  env: World['env'],
  host: Pick<Host, 'session' | 'adapter'> | undefined,
): Promise<Vault | undefined> {
  if (!hasKeys(config, env)) return undefined;
  const keys =
    config.vaultKeyFile === undefined
      ? environmentKeys(VAULT_KEYS_VARIABLE, env)
      : fileKeys(config.vaultKeyFile);
  if (config.vaultBackend === 'cells') requireCipher(host);
  const { vaultBackend: backend, vaultProfile: profile } = config;
  return createVault(host === undefined ? { keys, backend, profile } : { keys, backend, profile, host });
}

/** Found now, and not with the first bytes to seal. */
function requireCipher(host: Pick<Host, 'adapter'> | undefined): void {
  try {
    host?.adapter(VAULT_ADAPTER);
  } catch (cause) {
    throw new HostError(
      'CONFIG_INVALID',
      'the vault works in cells of the adapter cipher, which is not here: leave out --no-bundled, or choose --vault-backend native',
      { cause },
    );
  }
}
