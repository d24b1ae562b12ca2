/**
 * The interfaces a component may import: which capability opens each, and the exact type of each function.
 *
 * The registry holds a component's imports against it before anything is compiled; `executor/imports.ts` serves them. Always:
 * what is not here cannot be imported, and a function here has an implementation there.
 */

import type { Grants } from './capability-types.ts';

export interface ImportFunctionSpec {
  /** As the registry prints types: `func(len: u64) -> list<u8>`; handles by the name of their resource. */
  readonly type: string;
  /** It may suspend the guest until the host answers. */
  readonly waits: boolean;
}

export interface ImportSpec {
  /** Undefined: harmless, and open to every component. */
  readonly capability: keyof Grants | undefined;
  /** Versions that are served: a patch version up to this one of the same minor version. */
  readonly version: string;
  readonly functions: Readonly<Record<string, ImportFunctionSpec>>;
  readonly resources: readonly string[];
}

/** By name without version: `wasi:random/random`. */
export const IMPORTS: Readonly<Record<string, ImportSpec>> = {};
