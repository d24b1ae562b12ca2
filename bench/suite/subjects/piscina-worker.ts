/**
 * A thread of Piscina: compiles the module whose file it is given when it starts, and runs one call at a time.
 *
 * The pool names the export that a task is for.
 */

import { readFileSync } from 'node:fs';
import { callCore } from './plain.ts';

const [, , path = ''] = process.argv;
const module = new WebAssembly.Module(Uint8Array.from(readFileSync(path)));
const kept = new WebAssembly.Instance(module);

export const warm = (input: Uint8Array): Uint8Array => callCore(kept, input);
export const cold = (input: Uint8Array): Uint8Array => callCore(new WebAssembly.Instance(module), input);
