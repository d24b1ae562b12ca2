/**
 * An adapter in plain JavaScript, run by QuickJS in its cell: `echo` returns the payload, `hello` greets by JSON.
 *
 * The engine has no TextDecoder; percent-encoding, which it has, is strict UTF-8 both ways. Whatever `invoke` throws
 * that is not `{ tag, val }` with a tag of the WIT variant `failure` counts as a crash and ends the cell.
 */

export const handler = {
  /** @param {string} operation @param {Uint8Array} payload */
  invoke(operation, payload) {
    if (operation === 'echo') return payload;
    if (operation === 'hello') return encode(JSON.stringify(hello(payload)));
    throw { tag: 'not-found', val: `hello-js has no operation ${operation}` };
  },

  /** Well for as long as it can run at all. */
  health() {},
};

function hello(payload) {
  let request;
  try {
    request = JSON.parse(decode(payload));
  } catch (error) {
    throw badInput(`the payload is not JSON: ${error.message}`);
  }
  const name = request?.name;
  if (typeof name !== 'string' || name === '') throw badInput('"name" must be a text that is not empty');
  return { greeting: `Hello, ${name}!` };
}

function badInput(message) {
  return { tag: 'bad-input', val: message };
}

function decode(bytes) {
  let escaped = '';
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, '0')}`;
  return decodeURIComponent(escaped);
}

function encode(text) {
  const bytes = [];
  const escaped = encodeURIComponent(text);
  for (let at = 0; at < escaped.length; at++) {
    const isEscape = escaped[at] === '%';
    bytes.push(isEscape ? Number.parseInt(escaped.slice(at + 1, at + 3), 16) : escaped.charCodeAt(at));
    if (isEscape) at += 2;
  }
  return new Uint8Array(bytes);
}
