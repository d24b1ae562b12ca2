/**
 * A host's sessions for tests: real cells of the built adapter `cipher`, in this thread, which die when told to.
 *
 * Every answer takes a turn of the event loop, as behind a thread, so that calls overlap.
 */

import { fileURLToPath } from 'node:url';
import { buildAdapters } from '../../adapters/build.ts';
import { HostError } from '../../host/errors.ts';
import type { Host, Outcome, Session } from '../../host/types.ts';
import { type GlueCell, loadPackage } from '../adapters/glue-cell.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [built] = await buildAdapters({
  sources: [`${ROOT}adapters/cipher`],
  outDir: `${ROOT}.build/adapters`,
  log: () => {},
});
if (!built) throw new Error('the adapter was not built');
const maker = await loadPackage(built.folder);

export const createCipherCell = (): GlueCell => maker.create();

export interface SeenCall {
  readonly cell: number;
  readonly operation: string;
  readonly payload: Uint8Array;
}

export interface Cells {
  readonly host: Pick<Host, 'session'>;
  readonly seen: SeenCall[];
  /** Sessions that were opened and not closed. */
  readonly openCount: number;
  readonly openedCount: number;
  /** Most calls that were under way at the same time. */
  readonly parallelMax: number;
  /** All cells that there are die at once, as with their executors. */
  killAll(): void;
}

export interface CellsOptions {
  /** Sessions at a time; the next is refused like by a pool whose tenant has its share. */
  readonly maxCount?: number;
  /** Says before a call whether the cell dies in it. */
  readonly dies?: (call: SeenCall, index: number) => boolean;
  /** A call waits for this before it is answered. */
  readonly gate?: (call: SeenCall) => Promise<void>;
}

const FAILURE_CODES = {
  'bad-input': 'ADAPTER_BAD_INPUT',
  'not-found': 'ADAPTER_NOT_FOUND',
  internal: 'ADAPTER_INTERNAL',
} as const;

export function createCells({ maxCount = 16, dies, gate }: CellsOptions = {}): Cells {
  const seen: SeenCall[] = [];
  const kills: (() => void)[] = [];
  let openCount = 0;
  let openedCount = 0;
  let running = 0;
  let parallelMax = 0;

  const open = (): Session => {
    openCount++;
    const number = openedCount++;
    let cell: GlueCell | undefined = createCipherCell();
    kills.push(() => {
      cell = undefined;
    });
    let isClosed = false;
    let last: Promise<unknown> = Promise.resolve();
    const answer = async (operation: string, payload: Uint8Array): Promise<Outcome> => {
      const usage = { queueMs: 0, runMs: 0, attempts: 1, inputBytes: 0, outputBytes: 0 };
      const fail = (code: HostError['code'], detail: string): Outcome => ({
        kind: 'error',
        error: new HostError(code, detail),
        usage,
      });
      const call = { cell: number, operation, payload: payload.slice() };
      seen.push(call);
      running++;
      parallelMax = Math.max(parallelMax, running);
      await new Promise((resolve) => setImmediate(resolve));
      await gate?.(call);
      running--;
      if (cell === undefined) return fail('POOL_SESSION_LOST', 'the session ended with its cell');
      if (dies?.(call, seen.length - 1)) {
        cell = undefined;
        return fail('EXECUTOR_TRAP', 'the cell died because the test says so');
      }
      const result = cell.invoke(operation, payload);
      if ('ok' in result) return { kind: 'ok', bytes: result.ok.slice(), usage };
      return fail(FAILURE_CODES[result.failure], result.message);
    };
    return {
      invoke(operation, payload) {
        if (isClosed) return Promise.reject(new HostError('POOL_SESSION_LOST', 'the session is closed'));
        const reply = last.then(async () => {
          const outcome = await answer(operation, payload);
          const receipt = {
            requestId: 'test',
            adapter: 'cipher',
            version: '1.0.0',
            operation,
            tenant: 'test',
            outcome: outcome.kind === 'ok' ? 'ok' : outcome.error.code,
            usage: outcome.usage,
          };
          return { outcome, receipt };
        });
        last = reply;
        return reply;
      },
      close() {
        if (isClosed) return;
        isClosed = true;
        openCount--;
      },
    };
  };

  return {
    host: {
      async session() {
        await new Promise((resolve) => setImmediate(resolve));
        if (openCount >= maxCount) throw new HostError('POOL_TENANT_SHARE', 'no more cells in this test');
        return open();
      },
    },
    seen,
    killAll() {
      for (const kill of kills) kill();
    },
    get openCount() {
      return openCount;
    },
    get openedCount() {
      return openedCount;
    },
    get parallelMax() {
      return parallelMax;
    },
  };
}
