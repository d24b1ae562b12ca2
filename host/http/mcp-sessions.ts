/**
 * Sessions of the Model Context Protocol: which client is asking, from its handshake until it leaves or is forgotten.
 *
 * A session is what a cancellation refers to and what a change of the tools is told to; a client that needs neither may ask
 * without one. Always: it belongs to who opened it, and to anybody else it does not exist; their number is bounded for each
 * tenant and for all; one that is in use is never ended to make room.
 */

import { randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../clock.ts';
import { HostError } from '../errors.ts';
import type { Identity } from '../types.ts';
import * as limits from './limits.ts';
import type { McpConnection, McpDoor } from './mcp-door.ts';
import type { EventStream } from './mcp-stream.ts';

export interface McpSession {
  readonly id: string;
  readonly connection: McpConnection;
  /** Counts a message under way; to be called once when it is over. */
  enter(): () => void;
  /** Takes the place of the stream before, which ends: its client may have lost it without this host's noticing. */
  attach(open: (onClosed: () => void) => EventStream): void;
}

export interface McpSessions {
  /** Throws HTTP_SESSIONS_FULL — all that may be open are in use. */
  open(identity: Identity): McpSession;
  /** Throws HTTP_SESSION_UNKNOWN — there is none, or it is somebody else's. */
  find(id: string, identity: Identity): McpSession;
  /** Throws HTTP_SESSION_UNKNOWN. */
  end(id: string, identity: Identity): void;
  endStreams(): void;
  /** Ends all, and their streams. */
  close(): void;
}

interface Entry extends McpSession {
  readonly owner: Identity;
  stream: EventStream | undefined;
  /** Something was said while no stream was open. */
  isUnheard: object | undefined;
  underWay: number;
  usedMs: number;
}

export function createMcpSessions(mcp: McpDoor, clock: Clock): McpSessions {
  const sessions = new Map<string, Entry>();
  let sweep: Timer | undefined;
  const isIdle = ({ stream, underWay }: Entry): boolean => stream === undefined && underWay === 0;

  const drop = (entry: Entry): void => {
    sessions.delete(entry.id);
    entry.connection.close();
    entry.stream?.close();
    if (sessions.size > 0) return;
    sweep?.cancel();
    sweep = undefined;
  };
  /** Ends the longest unused of those; false when all are in use. */
  const makeRoom = (among: Iterable<Entry>): boolean => {
    let oldest: Entry | undefined;
    for (const entry of among) {
      if (isIdle(entry) && (oldest === undefined || entry.usedMs < oldest.usedMs)) oldest = entry;
    }
    if (oldest) drop(oldest);
    return oldest !== undefined;
  };
  const requireRoom = (tenant: string): void => {
    const own = [...sessions.values()].filter(({ owner }) => owner.tenant === tenant);
    const isFull =
      (own.length >= limits.MCP_SESSIONS_PER_TENANT_MAX && !makeRoom(own)) ||
      (sessions.size >= limits.MCP_SESSIONS_MAX && !makeRoom(sessions.values()));
    if (!isFull) return;
    const detail = 'every session that may be open is in use: end one, or ask without a session';
    throw new HostError('HTTP_SESSIONS_FULL', detail, { retryAfterS: limits.MCP_SESSION_SWEEP_MS / 1_000 });
  };
  const expire = (): void => {
    const before = clock.now() - limits.MCP_SESSION_IDLE_MS;
    for (const entry of sessions.values()) if (isIdle(entry) && entry.usedMs <= before) drop(entry);
  };

  const find = (id: string, { tenant, name, role }: Identity): Entry => {
    const entry = sessions.get(id);
    const { owner } = entry ?? {};
    if (entry && owner?.tenant === tenant && owner.name === name && owner.role === role) return entry;
    throw new HostError('HTTP_SESSION_UNKNOWN', 'there is no such session: begin with initialize');
  };

  return {
    open(identity) {
      requireRoom(identity.tenant);
      const connection = mcp.open({
        tenant: identity.tenant,
        onMessage(message) {
          if (entry.stream) entry.stream.send(message);
          else entry.isUnheard = message;
        },
      });
      const entry: Entry = {
        id: randomBytes(24).toString('base64url'),
        connection,
        owner: identity,
        stream: undefined,
        isUnheard: undefined,
        underWay: 0,
        usedMs: clock.now(),
        enter() {
          entry.underWay++;
          return () => {
            entry.underWay--;
            entry.usedMs = clock.now();
          };
        },
        attach(open) {
          entry.stream?.close();
          const stream = open(() => {
            entry.usedMs = clock.now();
            if (entry.stream === stream) entry.stream = undefined;
          });
          entry.stream = stream;
          if (entry.isUnheard) stream.send(entry.isUnheard);
          entry.isUnheard = undefined;
        },
      };
      sessions.set(entry.id, entry);
      sweep ??= clock.every(limits.MCP_SESSION_SWEEP_MS, expire);
      return entry;
    },
    find,
    end: (id, identity) => drop(find(id, identity)),
    endStreams() {
      for (const { stream } of sessions.values()) stream?.close();
    },
    close() {
      for (const entry of [...sessions.values()]) drop(entry);
    },
  };
}
