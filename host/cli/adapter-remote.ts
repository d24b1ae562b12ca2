/**
 * A running host over HTTP, as the commands of the kit use it: packages go in by `PUT /v1/adapters/{name}`, and what is there is
 * read by `GET`, with the token of the environment.
 *
 * What the host refuses with keeps its code; what says no code of ours is not a host, or something stands before it, and the
 * error says so. Redirects are not followed: a token is for the address that was named.
 */

import { ERRORS, type ErrorCode, HostError, type Problem } from '../errors.ts';
import type { World } from './world.ts';

/** Uploading and warming: as long as preparing may take by default, and the upload. */
const INSTALL_TIMEOUT_MS = 120_000;
/** What a host answers from memory. */
const SHOW_TIMEOUT_MS = 10_000;
/** Of an answer: a manifest, a WIT text and the schemas of all operations, which have a Mi each at most. */
const ANSWER_MAX_BYTES = 8 * 1024 * 1024;
const TOKEN_VARIABLE = 'HOTCELL_TOKEN';

interface Question {
  readonly method: 'GET' | 'PUT';
  readonly timeoutMs: number;
  /** A package file. */
  readonly body?: Uint8Array;
}

/** Installs a package file. Throws CONFIG_INVALID — `address` is none; KIT_HOST_*, or what the host answered, under its own code. */
export async function installRemotely(
  world: World,
  address: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  await ask(world, address, name, { method: 'PUT', timeoutMs: INSTALL_TIMEOUT_MS, body: bytes });
}

/** What the host says of an adapter: parsed JSON, not validated. Throws as `installRemotely` does. */
export async function showRemotely(world: World, address: string, name: string): Promise<unknown> {
  const { url, text } = await ask(world, address, name, { method: 'GET', timeoutMs: SHOW_TIMEOUT_MS });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HostError('KIT_HOST_REFUSED', `${url} answered no JSON: it is not a Hotcell host`, {
      cause: error,
    });
  }
}

/** One line of the log of an adapter, as its host sends it. */
export type LogLine =
  | { readonly kind: 'log'; readonly level: string; readonly message: string }
  | { readonly kind: 'call'; readonly operation: string; readonly outcome: string; readonly runMs: number }
  | { readonly kind: 'lost'; readonly count: number };

/**
 * Follows the log of an adapter until the host ends it or `signal` comes. Throws as `installRemotely` does; KIT_HOST_UNREACHABLE
 * too when the connection is cut, or what comes is no log.
 */
export async function followRemotely(
  world: World,
  address: string,
  name: string,
  { signal, onLine }: { readonly signal: AbortSignal; readonly onLine: (line: LogLine) => void },
): Promise<void> {
  const url = new URL(`${adapterUrl(address, name).href}/log`);
  const token = world.env[TOKEN_VARIABLE];
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const answer = await fetch(url, { headers, redirect: 'manual', signal });
    if (!answer.ok) throw refusal(url, answer.status, await readText(answer), token !== undefined);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of answer.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > ANSWER_MAX_BYTES) throw new Error('a line of it has no end');
      for (const line of lines) if (line !== '') onLine(JSON.parse(line));
    }
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError('KIT_HOST_UNREACHABLE', `GET ${url}: ${reasonOf(error, false, 0)}`, { cause: error });
  }
}

async function ask(
  world: World,
  address: string,
  name: string,
  { method, timeoutMs, body }: Question,
): Promise<{ readonly url: URL; readonly text: string }> {
  const url = adapterUrl(address, name);
  const token = world.env[TOKEN_VARIABLE];
  const headers: Record<string, string> = {};
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/vnd.hotcell.package+gzip';
  const controller = new AbortController();
  const timer = world.clock.after(timeoutMs, () => controller.abort());
  try {
    const answer = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      signal: controller.signal,
      body: (body as Uint8Array<ArrayBuffer> | undefined) ?? null,
    });
    const text = await readText(answer);
    if (!answer.ok) throw refusal(url, answer.status, text, token !== undefined);
    return { url, text };
  } catch (error) {
    if (error instanceof HostError) throw error;
    const detail = `${method} ${url}: ${reasonOf(error, controller.signal.aborted, timeoutMs)}`;
    throw new HostError('KIT_HOST_UNREACHABLE', detail, { cause: error });
  } finally {
    timer.cancel();
  }
}

/** Throws CONFIG_INVALID — it is no address of a host. */
export function adapterUrl(address: string, name: string): URL {
  const path = `v1/adapters/${encodeURIComponent(name)}`;
  const url = URL.parse(path, address.endsWith('/') ? address : `${address}/`);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return url;
  // Not quoted: it may hold a password.
  throw new HostError(
    'CONFIG_INVALID',
    `the address of a host is like http://127.0.0.1:8080; a token goes into ${TOKEN_VARIABLE}, not into the address`,
  );
}

async function readText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let readBytes = 0;
  for await (const chunk of answer.body ?? []) {
    readBytes += chunk.byteLength;
    if (readBytes > ANSWER_MAX_BYTES) throw new Error(`its answer has more than ${ANSWER_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reasonOf(error: unknown, isLate: boolean, timeoutMs: number): string {
  if (isLate) return `no answer within ${timeoutMs / 1000} s; what it had begun it may still finish`;
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  if (cause?.code === 'ECONNREFUSED')
    return 'nothing listens there (ECONNREFUSED): is `hotcell serve` running?';
  return cause?.code ?? cause?.message ?? message;
}

function refusal(url: URL, status: number, text: string, hasToken: boolean): HostError {
  let problem: { code?: unknown; detail?: unknown; problems?: readonly Problem[] } | null = null;
  try {
    problem = JSON.parse(text);
  } catch {
    // Something that is no host of ours answered: its status is what there is to say.
  }
  const { code, detail, problems } = problem ?? {};
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) {
    const detailOfOther = `${url} answered ${status}, not as a Hotcell host does: is the address right?`;
    return new HostError('KIT_HOST_REFUSED', detailOfOther);
  }
  const hint =
    code === 'POLICY_UNAUTHENTICATED' || code === 'POLICY_FORBIDDEN'
      ? `; ${TOKEN_VARIABLE} ${hasToken ? 'holds another token than that' : 'has to hold the token'} of an administrator`
      : '';
  const options = Array.isArray(problems) ? { problems } : {};
  return new HostError(code as ErrorCode, `${url} answered ${status}: ${detail ?? ''}${hint}`, options);
}
