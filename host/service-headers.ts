/**
 * Headers that belong to a connection and not to a message: what a guest sends or is sent never has them. In the base layer,
 * because the door, the outbound client and the imports of guests all judge by it.
 *
 * Source: RFC 9110, section 7.6.1; RFC 9113, section 8.2.2. `host` is told as the authority.
 */

const OF_CONNECTION = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** `lowerName` in lower case. */
export const isOfConnection = (lowerName: string): boolean =>
  OF_CONNECTION.has(lowerName) || lowerName.startsWith('proxy-');
