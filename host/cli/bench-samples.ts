/**
 * Which adapters `hotcell bench` measures, and what they are called with: by name, by folder (of a source, or built) or by package
 * file, and an input from the command line, the package's examples or its `cases.json`.
 *
 * Nothing is executed here. A source is built; a package file is verified before anything of it is used.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostError } from '../errors.ts';
import { openPackage } from '../package/package.ts';
import { bytesOf, parseCases } from './adapter-cases.ts';
import { buildProject, describeBuild } from './adapter-project.ts';
import type { World } from './world.ts';

/** What is measured where nothing is named: a guest of one module and one with an interpreter in it. */
export const BENCH_DEFAULTS = ['echo', 'hello-js'] as const;

const BUNDLED_DIR = fileURLToPath(new URL('../../.build/adapters', import.meta.url));
/** The echo of the bundled adapters is asked for what comparisons are made with. */
const ECHO_BYTES = 64;

interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly component: string;
  readonly [field: string]: unknown;
}

/** An adapter, what is called and with what. */
export interface BenchSample {
  readonly built: { readonly manifest: PackageJson; readonly component: Uint8Array };
  readonly operation: string;
  readonly payload: Uint8Array;
}

/** What the command line says of the call; of all adapters. */
export interface CallChoice {
  readonly operation?: string | undefined;
  readonly input?: Uint8Array | undefined;
}

interface Found {
  readonly built: BenchSample['built'];
  readonly cases: string | undefined;
  readonly isBundled: boolean;
}

/**
 * `names`: of adapters, folders or files. `adaptersDir`: the operator's own packages.
 * Throws REGISTRY_NOT_FOUND — there is none of that name, saying which there are; KIT_*, PACKAGE_* — it cannot be built or read;
 * CONFIG_INVALID — nothing says what to call it with.
 */
export async function findSamples(
  world: World,
  names: readonly string[],
  adaptersDir: string | undefined,
  choice: CallChoice,
): Promise<BenchSample[]> {
  const samples: BenchSample[] = [];
  for (const name of names.length > 0 ? names : BENCH_DEFAULTS) {
    const sample = chooseCall(await findAdapter(world, name, adaptersDir), choice);
    const { manifest } = sample.built;
    if (samples.some(({ built }) => built.manifest.name === manifest.name)) {
      throw new HostError('CONFIG_INVALID', `the adapter ${manifest.name} is named twice`);
    }
    samples.push(sample);
  }
  return samples;
}

async function findAdapter(world: World, name: string, adaptersDir: string | undefined): Promise<Found> {
  const places = adaptersDir === undefined ? [BUNDLED_DIR] : [BUNDLED_DIR, adaptersDir];
  for (const place of places) {
    if (!/^[\w.-]+$/.test(name)) break;
    const folder = join(place, name);
    if (await isFile(join(folder, 'adapter.json')))
      return { ...(await readFolder(folder)), isBundled: place === BUNDLED_DIR };
  }
  const path = resolve(world.cwd, name);
  if (await isFile(path)) {
    const { manifest, component, files } = await openPackage(await readFile(path));
    const cases = files.get('cases.json');
    const built = { manifest: manifest as unknown as PackageJson, component };
    return { built, cases: cases && Buffer.from(cases).toString('utf8'), isBundled: false };
  }
  if (!(await isFile(join(path, 'adapter.json')))) {
    const known = (await Promise.all(places.map(listPackages))).flat().sort();
    throw new HostError(
      'REGISTRY_NOT_FOUND',
      `there is no adapter ${name}, nor a folder or package file of that name. Adapters: ${known.join(', ')}`,
    );
  }
  if (await isFile(join(path, 'component.wasm'))) return { ...(await readFolder(path)), isBundled: false };
  const project = await buildProject(world, name);
  if (project.built) world.stderr.write(await describeBuild(world, project));
  const { built } = await readFolder(project.packageFolder);
  return { built, cases: await readText(join(path, 'cases.json')), isBundled: false };
}

async function readFolder(folder: string): Promise<Pick<Found, 'built' | 'cases'>> {
  const manifest: PackageJson = JSON.parse(await readFile(join(folder, 'adapter.json'), 'utf8'));
  const component = await readFile(join(folder, manifest.component));
  return { built: { manifest, component }, cases: await readText(join(folder, 'cases.json')) };
}

/** The call of a sample. An explicit input goes before examples, and an explicit operation chooses among them. */
export function chooseCall({ built, cases, isBundled }: Found, choice: CallChoice): BenchSample {
  const { name, world, operations } = built.manifest;
  if (world === 'wasi:http/proxy') {
    throw new HostError(
      'REGISTRY_UNSUPPORTED',
      `${name} answers HTTP by itself: the suite measures adapters with operations`,
    );
  }
  const { operation, input } = choice;
  if (input !== undefined) {
    const only = Object.keys((operations ?? {}) as object);
    const chosen = operation ?? (only.length === 1 ? only[0] : undefined);
    if (chosen === undefined) throw new HostError('CONFIG_INVALID', `${name}: --in needs --operation`);
    return { built, operation: chosen, payload: input };
  }
  if (isBundled && (BENCH_DEFAULTS as readonly string[]).includes(name) && (operation ?? 'echo') === 'echo') {
    return { built, operation: 'echo', payload: repeating(ECHO_BYTES) };
  }
  const found = exampleOf(built.manifest, operation) ?? caseOf(cases, operation);
  if (found !== undefined) return { built, ...found };
  const which = operation === undefined ? '' : ` of ${operation}`;
  throw new HostError(
    'CONFIG_INVALID',
    `${name} has no example${which}, neither in its manifest nor in a cases.json: say what to call it with by --operation and --in <file>`,
  );
}

type Chosen = Pick<BenchSample, 'operation' | 'payload'>;

interface ExampleJson {
  readonly input: unknown;
  readonly output?: unknown;
}

/** Of the bytes world a text is the input itself; anything else is JSON. */
function exampleOf({ world, operations }: PackageJson, wanted: string | undefined): Chosen | undefined {
  const specs = (operations ?? {}) as Readonly<
    Record<string, { readonly examples?: readonly ExampleJson[] }>
  >;
  for (const [operation, { examples = [] }] of Object.entries(specs)) {
    const [first] = examples;
    if (first === undefined || (wanted !== undefined && operation !== wanted)) continue;
    const isText = world === 'bytes' && typeof first.input === 'string';
    const text = isText ? (first.input as string) : JSON.stringify(first.input);
    return { operation, payload: Buffer.from(text, 'utf8') };
  }
  return undefined;
}

function caseOf(text: string | undefined, wanted: string | undefined): Chosen | undefined {
  const cases = text === undefined ? [] : parseCases(text);
  const found = cases.find(
    ({ operation, output }) => output !== undefined && (wanted === undefined || operation === wanted),
  );
  if (found === undefined) return undefined;
  const payload = found.input === undefined ? new Uint8Array() : bytesOf(found.input);
  return { operation: found.operation, payload };
}

/** n bytes that repeat mod 251. */
const repeating = (bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, index) => index % 251);

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const readText = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });

/** Names of the packages in a directory; none where there is no such directory. */
async function listPackages(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const built = await Promise.all(folders.map((name) => isFile(join(directory, name, 'adapter.json'))));
  return folders.filter((_, index) => built[index]);
}
