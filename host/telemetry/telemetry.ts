/**
 * The door of telemetry: subscribes to the host's channels and turns them into metrics and log lines.
 *
 * It stands beside the path of a call, never in it: nothing awaits it, and without it the channels cost nothing.
 * After `close()` nothing of it is subscribed, timed or buffered. It keeps no history and sends nothing anywhere.
 */

import type { Channel } from 'node:diagnostics_channel';
import type { DestinationStream } from 'pino';
import {
  type AcquireEvent,
  acquireChannel,
  type CellCreatedEvent,
  type CopybookEvent,
  cellCreatedChannel,
  copybookChannel,
  type HttpRefusedEvent,
  httpRefusedChannel,
  type InvokeEvent,
  invokeChannel,
  type NoticeEvent,
  noticeChannel,
  type PoolClosedEvent,
  poolClosedChannel,
  type ServiceEvent,
  serviceChannel,
  type VaultEvent,
  vaultChannel,
} from '../channels.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { HostSnapshot } from '../types.ts';
import { createLog, type Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import type { VaultReading } from './vault-metrics.ts';

export interface TelemetryOptions {
  /** A pino level: trace, debug, info, warn, error, fatal or silent. */
  readonly logLevel: string;
  /** Read at each scrape. */
  readonly snapshot: () => HostSnapshot;
  /** Read at each scrape: the snapshot of the vault that this host serves, or undefined. Default: there is none. */
  readonly vault?: () => VaultReading | undefined;
  /** File descriptor of the log, default 1 (stdout), or a stream that takes lines. */
  readonly destination?: 1 | 2 | DestinationStream;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface Telemetry {
  /** Media type of `metricsText`. */
  readonly metricsContentType: string;
  /** Prometheus exposition text of this moment. */
  metricsText(): Promise<string>;
  readonly log: Log;
  /** Unsubscribes and writes what is buffered. Idempotent. */
  close(): Promise<void>;
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { logLevel: level, destination = 1, clock = systemClock } = options;
  const log = createLog({ level, destination, clock });
  const { snapshot, vault = () => undefined } = options;
  const metrics = createMetrics({ snapshot, linesLost: log.linesLost, vault });
  const ends: (() => void)[] = [];

  function listen<Event>(channel: Channel, onEvent: (event: Event) => void): void {
    const listener = (message: unknown): void => onEvent(message as Event);
    channel.subscribe(listener);
    ends.push(() => channel.unsubscribe(listener));
  }
  listen<InvokeEvent>(invokeChannel, metrics.onInvoke);
  listen<InvokeEvent>(invokeChannel, log.onInvoke);
  listen<AcquireEvent>(acquireChannel, metrics.onAcquire);
  listen<CellCreatedEvent>(cellCreatedChannel, metrics.onCellCreated);
  listen<PoolClosedEvent>(poolClosedChannel, metrics.onPoolClosed);
  listen<HttpRefusedEvent>(httpRefusedChannel, metrics.onHttpRefused);
  listen<HttpRefusedEvent>(httpRefusedChannel, log.onHttpRefused);
  listen<CopybookEvent>(copybookChannel, metrics.onCopybook);
  listen<VaultEvent>(vaultChannel, metrics.onVault);
  listen<ServiceEvent>(serviceChannel, metrics.onService);
  listen<NoticeEvent>(noticeChannel, log.onNotice);

  return {
    metricsContentType: metrics.registry.contentType,
    metricsText: metrics.text,
    log,
    async close() {
      for (const end of ends.splice(0)) end();
      metrics.close();
      await log.close();
    },
  };
}
