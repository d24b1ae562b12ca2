/**
 * workerd, the runtime of Cloudflare Workers: one isolate that all requests share. A fresh isolate for each request is nothing it
 * offers; a fresh instance of the module within the isolate is what its cold row is.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeScratchFolder } from '../../host/packages.ts';
import { importPeer, peerVersion } from '../../peers.ts';
import { INPUT } from '../guests/forms.ts';
import { SCRIPT_SOURCE } from '../guests/javascript.ts';
import type { Refusal, Service, Subject, Way, Workload } from '../subject.ts';
import { writeGuest } from './places.ts';

const PACKAGE = 'workerd';

interface Workerd {
  /** The module as CommonJS has it, whose own default is the path of the program. */
  readonly default: { readonly default: string };
}

const JAVASCRIPT = `
const answer = ${SCRIPT_SOURCE};`;

const wasmSource = (way: Way): string => `
import module from './guest.wasm';
const create = () => new WebAssembly.Instance(module).exports;
${way === 'warm' ? 'const kept = create();' : ''}
function answer(input) {
  const { memory, run } = ${way === 'warm' ? 'kept' : 'create()'};
  new Uint8Array(memory.buffer).set(input, ${INPUT});
  return new Uint8Array(memory.buffer, ${INPUT}, run(input.length)).slice();
}`;

const HANDLER = `
export default {
  async fetch(request) {
    return new Response(answer(new Uint8Array(await request.arrayBuffer())));
  },
};`;

const config = (isWasm: boolean): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .guest)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const guest :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "main.js"),
    ${isWasm ? '(name = "guest.wasm", wasm = embed "guest.wasm"),' : ''}
  ],
  compatibilityDate = "2026-11-01"
);
`;

async function serve(workload: Workload, way: Way): Promise<Service | Refusal> {
  const isWasm = workload !== 'javascript-64B';
  if (!isWasm && way === 'cold')
    return { reason: 'a script has one isolate for all requests, and no instance within it' };
  const { default: program } = (await importPeer<Workerd>(PACKAGE)).default;
  const scratch = await makeScratchFolder();
  if (isWasm) await writeGuest(scratch.path, 'core', workload);
  await writeFile(join(scratch.path, 'main.js'), `${isWasm ? wasmSource(way) : JAVASCRIPT}${HANDLER}`);
  const path = join(scratch.path, 'config.capnp');
  await writeFile(path, config(isWasm));
  return {
    command: program,
    // It tells the port that it got on the descriptor it is given: standard output.
    args: ['serve', path, '--control-fd=1'],
    listens: /"event":\s*"listen".*"port":\s*(\d+)/,
    path: '/',
    close: () => scratch.remove(),
  };
}

export function workerdSubject(): Subject {
  return {
    name: 'workerd',
    row: [PACKAGE, peerVersion(PACKAGE)].join(' ').trim(),
    only: 'http',
    peer: PACKAGE,
    isRival: true,
    note: 'One worker in one isolate, the module embedded by the configuration file, no experimental flag (workerd.capnp, README of workerd); cold is `new WebAssembly.Instance` for each request in that isolate.',
    serve,
  };
}
