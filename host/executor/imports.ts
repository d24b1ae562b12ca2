/**
 * What guests may import: the implementations behind `import-table.ts`, interface by interface.
 *
 * Runs in the executor's thread, which has no file system and no network: what needs more than memory, clock and random
 * numbers is asked of the host through `CellContext.service`. Always: each function of the table has an implementation here and
 * the other way round.
 */

import type { ImportImplementation } from './imports-contract.ts';
import * as hotcell from './imports-hotcell.ts';
import * as cli from './wasi/cli.ts';
import { hotcellClock, monotonicClock, wallClock } from './wasi/clocks.ts';
import { files, preopens } from './wasi/files.ts';
import { httpTypes, outgoingHandler } from './wasi/http.ts';
import { poll } from './wasi/poll.ts';
import { hotcellRandom, insecure, insecureSeed, random } from './wasi/random.ts';
import { ioError, streams } from './wasi/stream-functions.ts';

export {
  type CellContext,
  GuestTrap,
  type ImportFunction,
  type ImportImplementation,
} from './imports-contract.ts';
export { endStandardOutput } from './wasi/standard-output.ts';

/** By name without version, like `IMPORTS`. */
export const IMPLEMENTATIONS: Readonly<Record<string, ImportImplementation>> = {
  'hotcell:capabilities/log': hotcell.log,
  'hotcell:capabilities/clock': hotcellClock,
  'hotcell:capabilities/random': hotcellRandom,
  'hotcell:capabilities/config': hotcell.config,
  'hotcell:capabilities/secrets': hotcell.secrets,
  'hotcell:capabilities/kv': hotcell.kv,
  'hotcell:capabilities/http': hotcell.http,

  'wasi:clocks/wall-clock': wallClock,
  'wasi:clocks/monotonic-clock': monotonicClock,
  'wasi:random/random': random,
  'wasi:random/insecure': insecure,
  'wasi:random/insecure-seed': insecureSeed,

  'wasi:cli/environment': cli.environment,
  'wasi:cli/exit': cli.exit,
  'wasi:cli/stdin': cli.stdin,
  'wasi:cli/stdout': cli.stdout,
  'wasi:cli/stderr': cli.stderr,
  'wasi:cli/terminal-input': cli.terminal,
  'wasi:cli/terminal-output': cli.terminal,
  'wasi:cli/terminal-stdin': cli.terminalStdin,
  'wasi:cli/terminal-stdout': cli.terminalStdout,
  'wasi:cli/terminal-stderr': cli.terminalStderr,

  'wasi:io/error': ioError,
  'wasi:io/poll': poll,
  'wasi:io/streams': streams,

  'wasi:filesystem/preopens': preopens,
  'wasi:filesystem/types': files,

  'wasi:http/outgoing-handler': outgoingHandler,
  'wasi:http/types': httpTypes,
};
