/** Installing into a host over HTTP: `PUT /v1/adapters/{name}`, with the token of an administrator. */

import { ERRORS, type ErrorCode, HostError, type Problem } from '../errors.ts';
import type { AdapterFiles } from './adapter-image.ts';
import type { World } from './world.ts';

/** Uploading and warming: as long as preparing may take by default, and the upload. */
const INSTALL_TIMEOUT_MS = 120_000;
const TOKEN_VARIABLE = 'HOTCELL_TOKEN';

/**
 * `address`: where the host listens. Throws KIT_HOST_UNREACHABLE, or what the host answered, under its own code.
 */
export async function installRemotely(
  world: World,
  address: string,
  name: string,
  { manifest, component }: AdapterFiles,
): Promise<void> {
  let url: URL;
  try {
    url = new URL(`v1/adapters/${encodeURIComponent(name)}`, address.endsWith('/') ? address : `${address}/`);
  } catch (error) {
    throw new HostError('CONFIG_INVALID', `--to ${address} is not an address like http://127.0.0.1:8080`, {
      cause: error,
    });
  }
  const form = new FormData();
  form.set('manifest', new Blob([JSON.stringify(manifest)], { type: 'application/json' }));
  form.set('component', new Blob([component as Uint8Array<ArrayBuffer>], { type: 'application/wasm' }));
  const token = world.env[TOKEN_VARIABLE];
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const controller = new AbortController();
  const timer = world.clock.after(INSTALL_TIMEOUT_MS, () => controller.abort());
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(url, { method: 'PUT', body: form, headers, signal: controller.signal });
    text = await answer.text();
  } catch (error) {
    const reason =
      ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? (error as Error).message;
    throw new HostError('KIT_HOST_UNREACHABLE', `PUT ${url}: ${reason}`, { cause: error });
  } finally {
    timer.cancel();
  }
  if (!answer.ok) throw refusal(url, answer.status, text);
}

function refusal(url: URL, status: number, text: string): HostError {
  let problem: { code?: string; detail?: string; problems?: readonly Problem[] } = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // Something between here and the host answered: its status is what there is to say.
  }
  const { code = '', detail = '', problems } = problem;
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'KIT_HOST_REFUSED';
  const hint =
    status === 401 || status === 403 ? `; the token of an administrator goes into ${TOKEN_VARIABLE}` : '';
  return new HostError(known, `${url} answered ${status}: ${detail}${hint}`, problems ? { problems } : {});
}
