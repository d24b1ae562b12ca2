/**
 * Keeps web pages away from a host that asks for no token.
 *
 * Everybody on this machine may call such a host, and a browser on this machine runs pages of strangers. A page can send
 * a request to a loopback address (the browser then names the page in `Origin`), or have its own name resolve to one
 * (DNS rebinding: the browser then sends that name as `Host`, and lets the page read the answer). Both headers are set
 * by the browser and not by the page. A program that sends neither is no page. It does not stand in for tokens.
 */

import { HostError } from '../errors.ts';

/** Names that lead to this machine whatever a name server says: RFC 6761 section 6.3, RFC 5735 section 3, RFC 4291. */
const LOCAL_NAME = String.raw`(?:[a-z0-9-]{1,63}\.){0,8}localhost|127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}|\[::1\]`;
const LOCAL_HOST = new RegExp(String.raw`^(?:${LOCAL_NAME})(?::\d{1,5})?$`, 'i');
const LOCAL_ORIGIN = new RegExp(String.raw`^[a-z][a-z0-9+.-]{0,31}://(?:${LOCAL_NAME})(?::\d{1,5})?$`, 'i');

/**
 * Lets pass what a program on this machine sends. `undefined` stands for a header that was not sent.
 *
 * Throws POLICY_ORIGIN_FORBIDDEN — the name in `host` is not of this machine; `origin` is a page of another one, or
 * `null`, which is what a browser says about a page that hides its own.
 */
export function requireLocalOrigin(host: string | undefined, origin: string | undefined): void {
  if (host !== undefined && !LOCAL_HOST.test(host)) {
    throw new HostError(
      'POLICY_ORIGIN_FORBIDDEN',
      'the Host header is not a name of this machine: call the host by 127.0.0.1, or configure API tokens',
    );
  }
  if (origin !== undefined && !LOCAL_ORIGIN.test(origin)) {
    throw new HostError(
      'POLICY_ORIGIN_FORBIDDEN',
      'the Origin header is of a web page that is not of this machine: call the host by 127.0.0.1 and from a program, or configure API tokens',
    );
  }
}
