/** `hotcell serve`: what it says, and the order in which a signal ends things. */

import { describe, expect, test } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { type Stage, stage, useFolders } from './stage.ts';

useFolders();

describe('serve', () => {
  test('notices of the start are progress lines, then comes the address with a call to try', async () => {
    const { run, out, err } = stage({ onListening: ({ signal }) => signal('SIGTERM') });
    expect(await run('serve')).toBe(0);
    expect(out()).toBe('');
    expect(err()).toContain('warming pool echo\n');
    expect(err()).not.toContain('a detail');
    expect(err()).toContain('listens on http://127.0.0.1:8080\n');
    expect(err()).toContain('curl --data-binary hello http://127.0.0.1:8080/v1/adapters/echo/echo\n');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s ends server, host and telemetry in this order',
    async (name) => {
      const { run, events } = stage({ onListening: ({ signal }) => signal(name) });
      expect(await run('serve')).toBe(0);
      expect(events).toEqual([
        'host created',
        'telemetry on',
        'listening',
        'server closed',
        'host closed',
        'telemetry off',
        'signals off',
      ]);
    },
  );

  test('one key press that arrives twice drains; a second one later ends at once', async () => {
    const closing = Promise.withResolvers<void>();
    const listening = Promise.withResolvers<void>();
    const { run, events, signal, clock } = stage({
      async serve() {
        listening.resolve();
        return { address: 'http://127.0.0.1:1', close: () => closing.promise };
      },
    });
    const ended = run('serve');
    await listening.promise;
    signal('SIGINT');
    signal('SIGINT');
    await clock.advance(499);
    signal('SIGINT');
    expect(events).not.toContain('exit 1');
    await clock.advance(1);
    signal('SIGTERM');
    expect(events).toContain('exit 1');
    closing.resolve();
    expect(await ended).toBe(0);
  });

  test('a call that outlives the drain limit is ended by the host, which does not wait again', async () => {
    const answered = Promise.withResolvers<void>();
    const { createHost: createInner } = stage();
    const { run, events, signal, clock } = stage({
      async serve() {
        queueMicrotask(() => signal('SIGTERM'));
        return { address: 'http://127.0.0.1:1', close: () => answered.promise };
      },
      async createHost(config) {
        const host = await createInner(config);
        return {
          ...host,
          async close(drainTimeoutMs) {
            events.push(`host told to wait ${drainTimeoutMs} ms`);
            answered.resolve();
          },
        };
      },
    });
    const ended = run('serve', '--drain-timeout-ms', '5000');
    await clock.advance(4_999);
    expect(events).toEqual(['telemetry on']);
    await clock.advance(1);
    expect(await ended).toBe(0);
    expect(events).toContain('host told to wait 0 ms');
  });

  test('a signal during the start ends it as soon as the host can be closed', async () => {
    const early: Stage = stage({
      createTelemetry: () => expect.unreachable(),
      signals(listener) {
        listener('SIGTERM');
        return () => {};
      },
    });
    expect(await early.run('serve')).toBe(0);
    expect(early.events).toEqual(['host created', 'host closed']);
  });

  test.each([
    ['EADDRINUSE', 'port 8080 on 127.0.0.1 is taken'],
    ['EACCES', 'may not be opened by this user'],
    ['EADDRNOTAVAIL', 'is no address of this machine'],
  ])('%s is said with what to do, and everything is ended', async (code, text) => {
    const { run, err, events } = stage({
      serve: () => Promise.reject(Object.assign(new Error('listen'), { code })),
    });
    expect(await run('serve')).toBe(1);
    expect(err()).toContain(text);
    expect(err()).toContain('CONFIG_INVALID: ');
    expect(err()).not.toContain('    at ');
    expect(events).toEqual(['host created', 'telemetry on', 'telemetry off', 'host closed', 'signals off']);
  });

  test('an unexpected error shows the operator its cause', async () => {
    const { run, err } = stage({
      createHost: () =>
        Promise.reject(new HostError('HOST_INTERNAL', 'no', { cause: new TypeError('the cause') })),
    });
    expect(await run('serve')).toBe(1);
    expect(err()).toContain('HOST_INTERNAL: no\n');
    expect(err()).toContain('TypeError: the cause');
  });
});
