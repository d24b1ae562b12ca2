/**
 * A guest that traps while its module starts: it compiles and passes every check, but no cell of it can be created.
 */

import { ok, Reply } from 'hotcell/kit';

export function handle(_operation: string, payload: Uint8Array): Reply {
  return ok(payload);
}

unreachable();
