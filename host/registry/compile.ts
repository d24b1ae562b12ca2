/**
 * The door to jco: the only file that imports it.
 *
 * It runs in the disposable worker alone. jco is synchronous (14 to 300 ms a component), and a malformed component
 * can make it panic, after which it refuses everything for the life of its thread; the serving thread never sees it.
 * The entry with the wasm-tools is imported and not the whole package: 45 ms of start instead of 85, and no transpiler.
 * Callers check every name in the bytes first: jco is not given names that its output would have to escape.
 */

import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';

/**
 * Validates the component as a whole (types, imports, exports, canonical definitions) and returns its WIT text.
 * Bodies of core functions are not validated here but when the module is compiled.
 *
 * Throws jco's own error for a component it refuses, and WebAssembly.RuntimeError when it panics: the thread is of
 * no use afterwards.
 */
export function describeComponent(component: Uint8Array): Promise<string> {
  return componentWit(component);
}
