/**
 * The smallest useful adapter: operations that return the payload, its upper-case form, or its length.
 *
 * Keeps nothing between calls. It is also what the cost of a call is measured with: `echo` touches no byte.
 */

import { notFound, ok, okText, Reply } from 'hotcell/kit';

export function handle(operation: string, payload: Uint8Array): Reply {
  if (operation == 'echo') return ok(payload);
  if (operation == 'upper') return ok(upper(payload));
  if (operation == 'length') return okText(payload.byteLength.toString());
  return notFound('echo has no operation ' + operation);
}

/** ASCII letters in place: the payload belongs to this call. Other bytes stay, so UTF-8 text stays valid. */
function upper(bytes: Uint8Array): Uint8Array {
  for (let i = 0; i < bytes.byteLength; i++) {
    const byte = unchecked(bytes[i]);
    if (byte >= 0x61 && byte <= 0x7a) unchecked((bytes[i] = byte - 0x20));
  }
  return bytes;
}
