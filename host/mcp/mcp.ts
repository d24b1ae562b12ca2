/**
 * The Model Context Protocol over a host: opens connections, and tells them all when the tools change.
 *
 * It carries no messages: `http/mcp-route.ts` and `cli/mcp.ts` do. Always: a connection acts for one tenant.
 */

import { LATEST_PROTOCOL_VERSION, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { adaptersChangedChannel } from '../channels.ts';
import type { Host } from '../types.ts';
import { type Connection, openConnection } from './connection.ts';
import type { Mcp } from './face.ts';

export function createMcp(options: { readonly host: Host; readonly version: string }): Mcp {
  const { host, version } = options;
  const connections = new Set<Connection>();
  const validator = new AjvJsonSchemaValidator();
  // Of any host of this process: a client that looks once too often finds what it had.
  const onChange = (): void => {
    for (const connection of connections) connection.toolsChanged();
  };
  adaptersChangedChannel.subscribe(onChange);
  return {
    protocolVersions: [
      LATEST_PROTOCOL_VERSION,
      ...SUPPORTED_PROTOCOL_VERSIONS.filter((one) => one !== LATEST_PROTOCOL_VERSION),
    ],
    open(peer) {
      const onClosed = (): void => void connections.delete(connection);
      const connection = openConnection({ host, version, peer, validator, onClosed });
      connections.add(connection);
      return connection;
    },
    close() {
      adaptersChangedChannel.unsubscribe(onChange);
      for (const connection of [...connections]) connection.close();
    },
  };
}
