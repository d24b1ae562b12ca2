/** What an executor in a process cannot do, what it can, and what is left when it ends badly. */

import { afterEach, describe, expect, it } from 'vitest';
import { type NoticeEvent, noticeChannel } from '../../host/channels.ts';
import { createProcessStarter } from '../../host/executor/process-link.ts';
import { call, endOf, type Stage, startStage } from './stage.ts';

const threadUrl = new URL('./prying-executor.ts', import.meta.url);
const stages: Stage[] = [];
afterEach(() => Promise.all(stages.splice(0).map(({ executor }) => executor.stop())));

function start(uid = 0): Stage {
  const stage = startStage({ threadUrl, startLink: createProcessStarter({ uid }) });
  stages.push(stage);
  return stage;
}

async function attempt(what: string, uid?: number): Promise<string> {
  const result = await start(uid).executor.run(1, call(what));
  return result.kind === 'ok' ? Buffer.from(result.bytes).toString() : endOf(result);
}

const DENIED = 'ERR_ACCESS_DENIED';

describe('a process that runs guests', () => {
  it.each([
    ['read a file', DENIED],
    ['read the environment of the host', DENIED],
    ['write a file', DENIED],
    ['overwrite its sources', DENIED],
    ['connect to a server', DENIED],
    ['resolve a name', DENIED],
    ['start a process', DENIED],
    ['start a thread', DENIED],
    ['make a WASI', DENIED],
    ['open the inspector', DENIED],
    ['load an addon', 'ERR_DLOPEN_DISABLED'],
    ['make code of a string', 'EvalError'],
  ])('cannot %s', async (what, code) => {
    expect(await attempt(what)).toBe(code);
  });

  it('has an empty environment, and objects show no prototype', async () => {
    expect(await attempt('see the environment')).toBe('{}');
    expect(await attempt('see a prototype by name')).toBe('undefined');
  });

  it('can read its sources, and with the user of the host can signal it', async () => {
    expect(await attempt('read its own sources')).toBe('true');
    expect(await attempt('signal the host')).toBe('true');
  });

  it('cannot signal the host as a user of its own', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root may start a process as another user');
    expect(await attempt('signal the host', 65_534)).toBe('EPERM');
  });
});

describe('a process that ends badly', () => {
  it.each(['abort', 'exhaust its heap'])(
    'by %s takes the calls that it had begun, and the host goes on',
    async (what) => {
      const notices: NoticeEvent[] = [];
      const listen = (event: unknown): void => void notices.push(event as NoticeEvent);
      noticeChannel.subscribe(listen);
      const { executor, ends } = start();
      const other = start();
      const result = await executor.run(1, call(what));
      expect([endOf(result), ends]).toEqual(['EXECUTOR_DIED', ['died']]);
      expect(endOf(await executor.run(1, call('read a file')))).toBe('not-begun: executor-died');
      expect(endOf(await other.executor.run(1, call('see the environment')))).toBe('ok');
      if (what === 'exhaust its heap') {
        // What the engine said last is in the log.
        await expect
          .poll(() => notices.map(({ cause }) => String(cause)).join())
          .toMatch(/heap out of memory/);
      }
      noticeChannel.unsubscribe(listen);
    },
    60_000,
  );
});
