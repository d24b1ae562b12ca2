/**
 * POST /v1/vault/seal and /v1/vault/open: a stream in, a stream out, both with backpressure.
 *
 * The reply's head waits for the first piece, so that a wrong key, tenant or context is a problem document. What fails
 * later cuts the connection: a reply that ended cleanly was whole. Nothing of a stream is held but what is under way.
 */

import { HostError, toHostError } from '../errors.ts';
import { baseHeaders, drained } from './answer.ts';
import { streamBody } from './body-stream.ts';
import { type Answerer, type Door, type Exchange, reportRefusal } from './exchange.ts';
import { credentialsOf, requireIdentityEncoding, vaultContextOf } from './headers.ts';
import { VAULT_STREAMS_PER_TENANT_MAX } from './limits.ts';
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
  const enter = createShares();
  return {
    seal: createVaultAnswerer(door, options, enter, 'seal'),
    open: createVaultAnswerer(door, options, enter, 'open'),
  };
}

/** Throws VAULT_TENANT_SHARE — the tenant has its share. What comes gives the place back, once. */
function createShares(): (tenant: string) => () => void {
  const counts = new Map<string, number>();
  return (tenant) => {
    const count = counts.get(tenant) ?? 0;
    if (count >= VAULT_STREAMS_PER_TENANT_MAX) {
      throw new HostError(
        'VAULT_TENANT_SHARE',
        `a tenant has at most ${VAULT_STREAMS_PER_TENANT_MAX} streams at a time`,
        { retryAfterS: 1 },
      );
    }
    counts.set(tenant, count + 1);
    return () => {
      const left = (counts.get(tenant) ?? 0) - 1;
      if (left > 0) counts.set(tenant, left);
      else counts.delete(tenant);
    };
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
    // Before HTTP/1.1 a reply of unknown length ends with its connection: a cut could not be told from an end.
    if (incoming.httpVersionMajor === 1 && incoming.httpVersionMinor === 0) {
      throw new HostError('HTTP_MALFORMED', 'this route needs HTTP/1.1');
    }
    requireIdentityEncoding(headers);
    if (headers['idempotency-key'] !== undefined) {
      throw new HostError('HTTP_MALFORMED', 'a stream is not kept: this route takes no Idempotency-Key');
    }
    const binding = tenantBinding(tenant, vaultContextOf(headers));
    const { vault, streamMaxBytes: maxBytes, streamIdleMs: idleMs } = options;
    const body = streamBody(incoming, { maxBytes, idleMs, clock: door.clock });
    const leave = enter(tenant);
    door.arrivals.release(incoming);
    try {
      const result = direction === 'seal' ? vault.sealStream(body, binding) : vault.openStream(body, binding);
      await sendStream(door, exchange, result);
    } catch (thrown) {
      if (!exchange.outgoing.headersSent) throw thrown;
      reportRefusal(exchange, exchange.requestId, toHostError(thrown));
      exchange.outgoing.destroy();
    } finally {
      leave();
      body.discard();
    }
    return 'streamed';
  };
}

/** Writes the stream as the reply. A client that is gone ends it; that is no error. */
async function sendStream(
  door: Door,
  { outgoing, requestId }: Exchange,
  stream: AsyncIterable<Uint8Array>,
): Promise<void> {
  const writeHead = (): void => {
    outgoing.writeHead(200, baseHeaders(requestId, 'application/octet-stream', door.isClosing()));
  };
  for await (const bytes of stream) {
    if (outgoing.destroyed) return;
    if (!outgoing.headersSent) writeHead();
    if (!outgoing.write(bytes)) await drained(outgoing, door.clock);
  }
  if (!outgoing.headersSent) writeHead();
  outgoing.end();
}
