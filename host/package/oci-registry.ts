/**
 * One repository of an OCI registry as a store of artifacts, over HTTPS, or over HTTP within this machine.
 *
 * Always: bodies are read up to the size that was announced and no further, and held against their digest; credentials go to
 * the registry's own origin and to its token service, nowhere else; every request ends in time. What cannot be reached, is
 * too slow, refuses or lies is an error of its own code, naming registry and path.
 * Source: OCI Distribution Specification 1.1.
 */

import type { Clock } from '../clock.ts';
import { HostError } from '../errors.ts';
import {
  type ArtifactStore,
  digestOf,
  MANIFEST_MAX_BYTES,
  MANIFEST_TYPE,
  verifyDigest,
} from './oci-artifact.ts';
import { basicHeader, type OciCredentials, parseChallenge, tokenAddress } from './oci-auth.ts';
import { DIGEST, isLoopbackRegistry } from './oci-reference.ts';

export interface RegistryOptions {
  readonly registry: string;
  readonly repository: string;
  /** HTTP instead of HTTPS; only within this machine. */
  readonly plainHttp: boolean;
  readonly credentials: OciCredentials | undefined;
  /** From a request to the end of its body. Default 60 s: a component of 64 MiB at 10 Mbit/s. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
}

const TIMEOUT_MS = 60_000;
/** Tokens and lists of errors are a few KiB. */
const TEXT_MAX_BYTES = 64 * 1024;

interface Request {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Bytes of the answer that are read. */
  readonly maxBytes: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Throws OCI_REFERENCE_INVALID — plain HTTP to another machine. */
export function createRegistryStore(options: RegistryOptions): ArtifactStore {
  const { registry, repository, plainHttp, credentials, clock, timeoutMs = TIMEOUT_MS } = options;
  if (plainHttp && !isLoopbackRegistry(registry)) {
    throw new HostError(
      'OCI_REFERENCE_INVALID',
      `${registry} is another machine: --plain-http is for this one`,
    );
  }
  const base = new URL(`${plainHttp ? 'http' : 'https'}://${registry}/v2/${repository}/`);
  let authorization: string | undefined;

  async function exchange({ method, url, headers, body, maxBytes }: Request): Promise<Answer> {
    const controller = new AbortController();
    const timer = clock.after(timeoutMs, () => controller.abort());
    // The timer alone would not keep the process alive, and it need not: the open socket does.
    try {
      const response = await fetch(url, {
        method,
        signal: controller.signal,
        headers: {
          ...headers,
          ...(authorization !== undefined && url.origin === base.origin ? { authorization } : {}),
        },
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      });
      const { status, headers: answered } = response;
      return {
        status,
        headers: answered,
        body: await readBody(response, status < 300 ? maxBytes : TEXT_MAX_BYTES),
      };
    } catch (error) {
      if (error instanceof HostError) throw error;
      if (controller.signal.aborted) {
        throw new HostError(
          'OCI_TIMEOUT',
          `${method} ${url.host}${url.pathname} took more than ${timeoutMs} ms`,
        );
      }
      const reason =
        ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? (error as Error).message;
      throw new HostError('OCI_UNREACHABLE', `${method} ${url.host}${url.pathname}: ${reason}`, {
        cause: error,
      });
    } finally {
      timer.cancel();
    }
  }

  /** Answers one challenge; a second 401 is a refusal. */
  async function ask(request: Request): Promise<Answer> {
    const first = await exchange(request);
    if (first.status !== 401) return first;
    const challenge = parseChallenge(first.headers.get('www-authenticate'));
    if (challenge?.scheme === 'basic' && credentials) authorization = basicHeader(credentials);
    else if (challenge?.scheme === 'bearer') authorization = await fetchToken(challenge);
    else return first;
    return exchange(request);
  }

  async function fetchToken(challenge: NonNullable<ReturnType<typeof parseChallenge>>): Promise<string> {
    const url = tokenAddress(challenge, `repository:${repository}:pull,push`, plainHttp);
    const headers = credentials ? { authorization: basicHeader(credentials) } : {};
    const answer = await exchange({ method: 'GET', url, headers, maxBytes: TEXT_MAX_BYTES });
    if (answer.status !== 200) throw refusal(answer, `GET ${url.host}${url.pathname}`);
    let token: unknown;
    try {
      const parsed = JSON.parse(Buffer.from(answer.body).toString('utf8'));
      token = parsed.token ?? parsed.access_token;
    } catch (error) {
      throw new HostError('OCI_REFUSED', `${url.host} answered no token`, { cause: error });
    }
    if (typeof token !== 'string') throw new HostError('OCI_REFUSED', `${url.host} answered no token`);
    return `Bearer ${token}`;
  }

  /** Asks, and takes nothing but one of these answers. */
  async function expect(request: Request, ...statuses: readonly number[]): Promise<Answer> {
    const answer = await ask(request);
    if (statuses.includes(answer.status)) return answer;
    throw refusal(answer, `${request.method} ${registry}${request.url.pathname}`);
  }

  const manifestHeaders = { accept: MANIFEST_TYPE };
  return {
    async resolve(reference) {
      if (DIGEST.test(reference)) return reference;
      const url = new URL(`manifests/${reference}`, base);
      const head = await expect({ method: 'HEAD', url, headers: manifestHeaders, maxBytes: 0 }, 200);
      const named = head.headers.get('docker-content-digest');
      if (named !== null && DIGEST.test(named)) return named;
      // The header is only recommended.
      const whole = { method: 'GET', url, headers: manifestHeaders, maxBytes: MANIFEST_MAX_BYTES } as const;
      return digestOf((await expect(whole, 200)).body);
    },
    async manifest(digest) {
      const url = new URL(`manifests/${digest}`, base);
      const request = { method: 'GET', url, headers: manifestHeaders, maxBytes: MANIFEST_MAX_BYTES } as const;
      return verifyDigest(
        (await expect(request, 200)).body,
        digest,
        `the manifest of ${registry}/${repository}`,
      );
    },
    async blob({ digest, size }) {
      const url = new URL(`blobs/${digest}`, base);
      const { body } = await expect({ method: 'GET', url, maxBytes: size }, 200);
      return verifyDigest(body, digest, `a blob of ${registry}/${repository}`);
    },
    async putBlob({ digest }, bytes) {
      const known = await ask({ method: 'HEAD', url: new URL(`blobs/${digest}`, base), maxBytes: 0 });
      if (known.status === 200) return;
      const start = new URL('blobs/uploads/', base);
      const begun = await expect({ method: 'POST', url: start, maxBytes: TEXT_MAX_BYTES }, 202);
      const location = begun.headers.get('location');
      if (location === null) throw new HostError('OCI_REFUSED', `${registry} names no place for an upload`);
      const url = new URL(location, start);
      if (url.protocol !== base.protocol) {
        throw new HostError('OCI_REFUSED', `${registry} wants an upload over ${url.protocol}`);
      }
      url.searchParams.set('digest', digest);
      const headers = { 'content-type': 'application/octet-stream' };
      await expect({ method: 'PUT', url, headers, body: bytes, maxBytes: TEXT_MAX_BYTES }, 201);
    },
    async putManifest(tag, { digest }, bytes) {
      const url = new URL(`manifests/${tag}`, base);
      const headers = { 'content-type': MANIFEST_TYPE };
      const stored = await expect(
        { method: 'PUT', url, headers, body: bytes, maxBytes: TEXT_MAX_BYTES },
        201,
      );
      const named = stored.headers.get('docker-content-digest');
      if (named !== null && named !== digest) {
        throw new HostError('OCI_DIGEST_MISMATCH', `${registry} stored ${named}, not ${digest}`);
      }
    },
  };
}

/** Throws OCI_DIGEST_MISMATCH — the answer is longer than what was announced. */
async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of response.body ?? []) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) {
      const { host, pathname } = new URL(response.url);
      throw new HostError(
        'OCI_DIGEST_MISMATCH',
        `${host}${pathname} sent more than the ${maxBytes} bytes announced`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusal({ status, body }: Answer, what: string): HostError {
  const text = `${what} was answered with ${status}${firstError(body)}`;
  if (status === 401 || status === 403) {
    return new HostError(
      'OCI_UNAUTHORIZED',
      `${text}: set HOTCELL_OCI_USERNAME and HOTCELL_OCI_PASSWORD, or look at what this account may do`,
    );
  }
  return new HostError(status === 404 ? 'OCI_NOT_FOUND' : 'OCI_REFUSED', text);
}

/** The first error of the registry's list, cut and printable; empty where there is none. */
function firstError(body: Uint8Array): string {
  try {
    const { code, message } = JSON.parse(Buffer.from(body).toString('utf8')).errors[0];
    return ` (${`${code}: ${message}`.slice(0, 200).replace(/[^\x20-\x7e]+/g, ' ')})`;
  } catch {
    // Not in the specification's form: the status says enough.
    return '';
  }
}
