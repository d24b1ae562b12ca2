/**
 * Guest sources → binaries, built when they are first asked for and kept under the digest of everything they were made of.
 *
 * A workload in WebAssembly is assembled within milliseconds; QuickJS is bundled in seconds. Two processes may build the
 * same at once: a binary is whole or absent.
 */

import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { componentOf, parseText } from '../../../adapters/component.ts';
import { digest } from '../../../adapters/inputs.ts';
import { worldText } from '../../../adapters/world.ts';
import { benchFolder } from '../../peers.ts';
import type { Workload } from '../subject.ts';
import { bytesText, coreText, extismText, httpText, WASI_VERSION } from './forms.ts';
import { BYTES_SOURCE, HTTP_SOURCE } from './javascript.ts';
import { WORK } from './work.ts';

/**
 * `core`: a module with `run`. `bytes`: a component of Hotcell's bytes world. `http`: a component for `wasi:http/proxy`.
 * `extism`: a module with Extism's imports.
 */
export type Form = 'core' | 'bytes' | 'http' | 'extism';

const HTTP_WORLD = `package bench:guest@1.0.0;
world app {
  import wasi:http/types@${WASI_VERSION};
  import wasi:io/streams@${WASI_VERSION};
  export wasi:http/incoming-handler@${WASI_VERSION};
}`;
/** Versions of the tools: other versions make other binaries. A test holds them against package.json. */
export const TOOLS = { '@bytecodealliance/jco-transpile': '0.15.0', 'componentize-qjs': '0.4.5' } as const;

const TEXTS = { core: coreText, bytes: bytesText, http: httpText, extism: extismText } as const;

/** Throws an Error — there is no such form of the workload, or a tool refuses it. */
export async function buildGuest(form: Form, workload: Workload): Promise<Uint8Array> {
  if (workload === 'javascript-64B') return buildJavaScript(form);
  const text = TEXTS[form](WORK[workload].text);
  return kept(`${workload}-${form}`, [text], async () => {
    const core = await parseText(text);
    return form === 'core' || form === 'extism' ? core : componentOf(core, await worldOf(form));
  });
}

async function worldOf(form: 'bytes' | 'http'): Promise<{ readonly wit: string; readonly world: string }> {
  const authored = form === 'http' ? HTTP_WORLD : null;
  const reader = { read: async () => authored, files: () => ({}) };
  const world = form === 'http' ? 'app' : 'bytes';
  const { resolved } = await worldText('', world, reader);
  return { wit: resolved, world: form === 'http' ? 'bench:guest/app@1.0.0' : world };
}

/**
 * The toolchain runs the source once while it builds, and links WASI itself for that, without HTTP: of its streams and those of
 * HTTP it would make two types. Under a version that it does not know it leaves all of them alone. Afterwards they get one that
 * runtimes serve, of the same length, and not that of the stubs inside.
 */
const UNKNOWN_VERSION = '0.9.11';
const SERVED_VERSION = '0.2.11';

async function buildJavaScript(form: Form): Promise<Uint8Array> {
  if (form !== 'bytes' && form !== 'http') throw new Error(`a guest in JavaScript has no form '${form}'`);
  const source = form === 'http' ? HTTP_SOURCE : BYTES_SOURCE;
  return kept(`javascript-${form}`, [source, HTTP_WORLD], async () => {
    const { componentize } = await import('componentize-qjs');
    const disguise = (text: string): string => text.replaceAll(`@${WASI_VERSION}`, `@${UNKNOWN_VERSION}`);
    const { wit } = await worldOf(form);
    const folder = await mkdtemp(join(tmpdir(), 'hotcell-wit-'));
    try {
      const witPath = join(folder, 'world.wit');
      await writeFile(witPath, disguise(wit));
      const { component } = await componentize({
        witPath,
        jsSource: disguise(source),
        world: form === 'http' ? 'app' : 'bytes',
        stubWasi: form === 'bytes',
        sync: true,
      });
      if (form === 'bytes') return component;
      const bytes = component.toString('latin1').replaceAll(`@${UNKNOWN_VERSION}`, `@${SERVED_VERSION}`);
      return Buffer.from(bytes, 'latin1');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

async function kept(
  name: string,
  sources: readonly string[],
  build: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const path = join(
    benchFolder(),
    'guests',
    `${name}-${digest(JSON.stringify(TOOLS), ...sources).slice(0, 32)}.wasm`,
  );
  const built = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (built !== undefined) return Uint8Array.from(built);
  const bytes = Uint8Array.from(await build());
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  await writeFile(fresh, bytes);
  await rename(fresh, path);
  return bytes;
}
