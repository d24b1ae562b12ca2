/**
 * A built adapter as something a test can invoke, through jco's generated glue and in this thread.
 *
 * Only for adapters of this repository: loading glue for a foreign component would run code that its author can shape.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transpile } from '@bytecodealliance/jco';
import type { FailureKind, Invoke } from './run-cases.ts';

export interface GlueCell {
  /** Throws what a trap throws; the cell is dead then. */
  readonly invoke: (...args: Parameters<Invoke>) => Awaited<ReturnType<Invoke>>;
  /** The guest's complaint, or undefined while it is well. */
  readonly health: () => string | undefined;
  /** Size of the largest linear memory. */
  readonly memoryBytes: () => number;
}

interface Handler {
  invoke(operation: string, payload: Uint8Array): Uint8Array;
  health(): void;
}

interface Glue {
  instantiate(
    getCoreModule: (path: string) => WebAssembly.Module,
    imports: object,
    instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
  ): { readonly handler: Handler };
}

export interface CellMaker {
  /** What the component imports. */
  readonly imports: readonly string[];
  /** A new cell. Throws what the module's start throws. */
  readonly create: () => GlueCell;
}

/** Prepares a package once; each `create` is a new instance with memory of its own. */
export async function loadPackage(folder: string): Promise<CellMaker> {
  const component = readFileSync(join(folder, 'component.wasm'));
  const { files, imports } = await transpile(component, {
    name: 'guest',
    instantiation: 'sync',
    multiMemory: true,
    noTypescript: true,
  });
  const source = Buffer.from(files['guest.js'] as Uint8Array).toString('base64');
  const glue: Glue = await import(/* @vite-ignore */ `data:text/javascript;base64,${source}`);
  const modules = new Map<string, WebAssembly.Module>();
  for (const [path, bytes] of Object.entries(files)) {
    if (path.endsWith('.wasm')) modules.set(path, new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>));
  }
  return { imports: imports as string[], create: () => createCell(glue, modules) };
}

function createCell(glue: Glue, modules: ReadonlyMap<string, WebAssembly.Module>): GlueCell {
  const memories: WebAssembly.Memory[] = [];
  const { handler } = glue.instantiate(
    (path) => modules.get(path) as WebAssembly.Module,
    {},
    (module, imports) => {
      const instance = new WebAssembly.Instance(module, imports);
      for (const item of Object.values(instance.exports)) {
        if (item instanceof WebAssembly.Memory) memories.push(item);
      }
      return instance;
    },
  );
  return {
    invoke(operation, payload) {
      try {
        return { ok: handler.invoke(operation, payload) };
      } catch (error) {
        const failure = (error as { payload?: { tag: FailureKind; val: string } }).payload;
        if (failure === undefined) throw error;
        return { failure: failure.tag, message: failure.val };
      }
    },
    health() {
      try {
        handler.health();
        return undefined;
      } catch (error) {
        const { payload } = error as { payload?: string };
        if (payload === undefined) throw error;
        return payload;
      }
    },
    memoryBytes: () => Math.max(...memories.map((memory) => memory.buffer.byteLength)),
  };
}
