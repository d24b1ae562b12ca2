/**
 * POST /v1/vault/seal and /v1/vault/open: a stream in, a stream out, both with backpressure.
 *
 * The reply's head waits for the first piece, so that a wrong key, tenant or context is a problem document. What fails
 * later cuts the connection: a reply that ended cleanly was whole. Nothing of a stream is held but what is under way.
 */

import { HostError } from '../errors.ts';
import { streamBody } from './body-stream.ts';
import type { Answerer, Door, Exchange } from './exchange.ts';
import { credentialsOf, vaultContextOf } from './headers.ts';
import { VAULT_STREAMS_PER_TENANT_MAX } from './limits.ts';
import { createShares } from './shares.ts';
import { requireStreaming, sendStream } from './stream-reply.ts';
import { tenantBinding } from './vault-binding.ts';

interface Binding {
  readonly context: string;
  readonly associatedData: string;
}

/** What this door needs of a vault: streams of bytes, begun when they are read. */
export interface StreamVault {
  sealStream(source: AsyncIterable<Uint8Array>, binding: Binding): AsyncIterable<Uint8Array>;
  openStream(source: AsyncIterable<Uint8Array>, binding: Binding): AsyncIterable<Uint8Array>;
}

export interface VaultDoor {
  readonly vault: StreamVault;
  /** Longest body, in bytes. */
  readonly streamMaxBytes: number;
  /** How long a body may stand still, in ms. The whole may take any time. */
  readonly streamIdleMs: number;
}

/** Both routes; they count the streams of a tenant together. */
export function createVaultAnswerers(
  door: Door,
  options: VaultDoor | undefined,
): { readonly seal: Answerer; readonly open: Answerer } {
  const enter = createShares('VAULT_TENANT_SHARE', VAULT_STREAMS_PER_TENANT_MAX);
  return {
    seal: createVaultAnswerer(door, options, enter, 'seal'),
    open: createVaultAnswerer(door, options, enter, 'open'),
  };
}

function createVaultAnswerer(
  door: Door,
  options: VaultDoor | undefined,
  enter: (tenant: string) => () => void,
  direction: 'seal' | 'open',
): Answerer {
  return async (exchange: Exchange): Promise<'streamed'> => {
    const { headers, incoming } = exchange;
    const { tenant } = door.host.identify(credentialsOf(headers));
    if (options === undefined) {
      throw new HostError(
        'VAULT_NOT_CONFIGURED',
        'start the host with --vault-key-file <file> (or "vaultKeyFile" in hotcell.config.json), or with keys in HOTCELL_VAULT_KEYS',
      );
    }
    requireStreaming(exchange);
    const binding = tenantBinding(tenant, vaultContextOf(headers));
    const { vault, streamMaxBytes: maxBytes, streamIdleMs: idleMs } = options;
    const body = streamBody(incoming, { maxBytes, idleMs, clock: door.clock });
    const leave = enter(tenant);
    door.arrivals.release(incoming);
    try {
      const result = direction === 'seal' ? vault.sealStream(body, binding) : vault.openStream(body, binding);
      await sendStream(door, exchange, result, 'application/octet-stream');
    } finally {
      leave();
      body.discard();
    }
    return 'streamed';
  };
}
