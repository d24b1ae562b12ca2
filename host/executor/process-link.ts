/**
 * The host's side of the link to a child process, and the process: rings and bulk bytes in files in memory, a byte in a
 * pipe for a bell.
 *
 * The child gets Node's permission model with nothing allowed but reading these sources, no environment, a heap limit, and
 * its own user when one is set. Nothing that comes from it is trusted: a broken rule ends it. It ends by SIGKILL alone, so
 * that nothing in it has a say. What the permission model leaves open stands in the README.
 */

import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clockOriginMs } from '../clock.ts';
import { type HostLink, type HostLinkOptions, operationsOf } from './link.ts';
import { createBulkReader, createBulkWriter } from './process-bulk.ts';
import { openMemoryFile } from './process-files.ts';
import { layOutRing, ProcessRing, RING_FILE_BYTES } from './process-ring.ts';
import { BELL, type ImageCode, RINGS_FD, TO_EXECUTOR_FD, TO_HOST_FD } from './process-start.ts';
import { THREAD_HEAP_MAX_MIB } from './protocol.ts';

const ENTRY = fileURLToPath(new URL('./process-entry.ts', import.meta.url));
const THREAD_URL = new URL('./thread.ts', import.meta.url);
const HOST_DIR = dirname(dirname(ENTRY));
/** As large as a thread's stack, so that a guest recurses as deep in both placements; systems give the first thread 8 MiB. */
const STACK_KIB = 3_900;
/** Of what a child writes to standard error the log gets the end: the engine's last words. */
const LAST_WORDS_MAX_CHARS = 2_000;

export interface ProcessOptions {
  /** User and group that the children run as; needs the right to change it. 0: those of the host. */
  readonly uid: number;
}

/** Starts executors as child processes; give it to `ThreadExecutor` as `startLink`. */
export const createProcessStarter =
  ({ uid }: ProcessOptions) =>
  (options: HostLinkOptions): HostLink =>
    startProcess(options, uid);

function startProcess(options: HostLinkOptions, uid: number): HostLink {
  const files: number[] = [];
  const closeFiles = (): void => {
    for (const fd of files.splice(0)) closeSync(fd);
  };
  try {
    while (files.length < 3) files.push(openMemoryFile());
    return connect(options, uid, files as [number, number, number], closeFiles);
  } catch (error) {
    closeFiles();
    throw error;
  }
}

function spawnChild(uid: number, threadUrl: URL, [rings, toExecutor, toHost]: [number, number, number]) {
  const threadDir = dirname(fileURLToPath(threadUrl));
  const stdio: (number | 'pipe')[] = ['pipe', 'pipe', 'pipe'];
  stdio[RINGS_FD] = rings;
  stdio[TO_EXECUTOR_FD] = toExecutor;
  stdio[TO_HOST_FD] = toHost;
  return spawn(
    process.execPath,
    [
      '--permission',
      `--allow-fs-read=${HOST_DIR}/*`,
      ...(threadUrl === THREAD_URL ? [] : [`--allow-fs-read=${threadDir}/*`]),
      `--max-old-space-size=${THREAD_HEAP_MAX_MIB}`,
      `--stack-size=${STACK_KIB}`,
      '--disable-proto=delete',
      '--disallow-code-generation-from-strings',
      '--no-warnings',
      ENTRY,
      threadUrl.href,
      String(clockOriginMs()),
    ],
    { cwd: '/', env: {}, stdio, windowsHide: true, ...(uid === 0 ? {} : { uid, gid: uid }) },
  );
}

function connect(
  options: HostLinkOptions,
  uid: number,
  files: [number, number, number],
  closeFiles: () => void,
): HostLink {
  const [ringsFd, toExecutorFd, toHostFd] = files;
  layOutRing(ringsFd, 0, options.lastSequence);
  layOutRing(ringsFd, RING_FILE_BYTES, 0);
  const writer = createBulkWriter(toExecutorFd);
  const child = spawnChild(uid, options.threadUrl ?? THREAD_URL, files);
  const [bell, bells, words] = [child.stdin, child.stdout, child.stderr];
  if (!bell || !bells || !words) throw new Error('a child process without pipes');

  const kill = (): void => void child.kill('SIGKILL');
  const onBroken = (cause: unknown): void => {
    options.onError(cause);
    kill();
  };
  const ring = { fd: ringsFd, onBroken };

  let lastWords = '';
  words.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS_MAX_CHARS);
  });
  bells.on('data', options.onWake);
  // A pipe that breaks means a process that ends, which is told by `exit`.
  for (const pipe of [bell, bells, words]) pipe.on('error', () => {});
  let isGone = false;
  const goOnce = (): void => {
    if (isGone) return;
    isGone = true;
    options.onExit();
  };
  child.once('error', (cause) => {
    options.onError(cause);
    if (child.pid === undefined) goOnce();
  });
  child.once('exit', goOnce);
  // After the exit: only then everything has been read.
  child.once('close', () => {
    if (lastWords !== '') options.onError(new Error(lastWords.trim()));
  });

  return {
    requests: new ProcessRing({ ...ring, fileOffset: 0, role: 'writer', eager: false }),
    answers: new ProcessRing({ ...ring, fileOffset: RING_FILE_BYTES, role: 'reader', eager: true }),
    bulk: {
      ...createBulkReader({
        fd: toHostFd,
        allocate: (bytes) => Buffer.allocUnsafeSlow(bytes).buffer,
        allowsSerialized: false,
      }),
      postMessage: (message) => attempt(() => writer.postSerialized(message)),
      postPayload: (payload, roomBytes) => attempt(() => writer.post(payload, roomBytes)),
    },
    wake: () => void bell.write(BELL),
    imageMessage(image): ImageCode {
      const { code, plan, lent = [], grants } = image;
      if (code === undefined) throw new Error('an image without its code cannot leave this process');
      return { code, plan, lent, grants, operations: operationsOf(image) };
    },
    kill,
    close: closeFiles,
  };

  /** The frame that follows then announces nothing: nobody may read it. */
  function attempt(post: () => void): void {
    try {
      post();
    } catch (cause) {
      onBroken(cause);
    }
  }
}
