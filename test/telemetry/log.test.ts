import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HttpRefusedEvent, httpRefusedChannel, invokeChannel, notice } from '../../host/channels.ts';
import { type ErrorCode, HostError } from '../../host/errors.ts';
import { TENANT_PATTERN } from '../../host/option-values.ts';
import { redact, redactText } from '../../host/telemetry/redact.ts';
import { VAULT_TENANT } from '../../host/vault/contexts.ts';
import { invokeEvent, observe } from './fixtures.ts';

const CANARY = 'c4n4ry-5ecret';
const parsed = (lines: string[]): Record<string, unknown>[] => lines.map((line) => JSON.parse(line));

describe('the log', () => {
  it('has one line per call, with its usage and its trace', async () => {
    await using observed = observe();
    invokeChannel.publish(
      invokeEvent({}, undefined, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
    );
    expect(observed.lines).toHaveLength(1);
    expect(parsed(observed.lines)[0]).toMatchObject({
      level: 'info',
      msg: 'invoke',
      requestId: 'r-1',
      adapter: 'echo',
      version: '0.1.0',
      operation: 'echo',
      tenant: 'acme',
      outcome: 'ok',
      queueMs: 0.25,
      runMs: 1.5,
      attempts: 1,
      inputBytes: 64,
      outputBytes: 32,
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
  });

  it('says why a call failed, with the stack of the cause', async () => {
    await using observed = observe();
    const cause = new WebAssembly.RuntimeError('unreachable');
    invokeChannel.publish(invokeEvent({}, new HostError('EXECUTOR_TRAP', 'the guest trapped', { cause })));
    expect(parsed(observed.lines)[0]).toMatchObject({
      level: 'warn',
      outcome: 'EXECUTOR_TRAP',
      detail: 'the guest trapped',
      cause: { type: 'RuntimeError', message: 'unreachable', stack: expect.stringContaining('log.test.ts') },
    });
  });

  it.each([
    ['POLICY_TENANT_INVALID', 'info'],
    ['POOL_FULL', 'warn'],
    ['HOST_INTERNAL', 'error'],
  ] as const)('gives %s the level %s', async (code, level) => {
    await using observed = observe();
    invokeChannel.publish(invokeEvent({}, new HostError(code, 'x')));
    expect(parsed(observed.lines)[0]).toMatchObject({ level });
  });

  it('keeps the calls that the host makes for itself for those who want details, but not their failures', async () => {
    expect(TENANT_PATTERN.test(VAULT_TENANT)).toBe(false);
    await using observed = observe('info');
    const own = (code?: ErrorCode) =>
      invokeEvent({ tenant: VAULT_TENANT }, code === undefined ? undefined : new HostError(code, 'x'));
    invokeChannel.publish(own());
    expect(observed.lines).toEqual([]);
    for (const code of ['ADAPTER_BAD_INPUT', 'EXECUTOR_DIED', 'HOST_INTERNAL'] as const) {
      invokeChannel.publish(own(code));
    }
    expect(parsed(observed.lines).map(({ level, tenant }) => [level, tenant])).toEqual([
      ['info', VAULT_TENANT],
      ['warn', VAULT_TENANT],
      ['error', VAULT_TENANT],
    ]);
    await using detailed = observe('debug');
    invokeChannel.publish(own());
    expect(parsed(detailed.lines)).toMatchObject([{ level: 'debug', tenant: VAULT_TENANT, outcome: 'ok' }]);
  });

  it('has one line per request that was refused before it became a call', async () => {
    await using observed = observe();
    const event: HttpRefusedEvent = {
      requestId: 'r-7',
      method: 'POST',
      route: '/v1/adapters/:name/:operation',
      status: 401,
      code: 'POLICY_UNAUTHENTICATED',
    };
    httpRefusedChannel.publish(event);
    const [line] = parsed(observed.lines);
    expect(observed.lines).toHaveLength(1);
    expect(line).toMatchObject({ level: 'info', msg: 'refused', ...event });
    expect(Object.keys(line ?? {}).toSorted()).toEqual(
      ['level', 'time', 'pid', 'msg', ...Object.keys(event)].toSorted(),
    );
    await using quiet = observe('warn');
    httpRefusedChannel.publish(event);
    expect(quiet.lines).toEqual([]);
  });

  it('has one line per notice', async () => {
    await using observed = observe();
    notice({
      level: 'warn',
      event: 'executor.killed',
      message: 'killed at the deadline',
      fields: { executor: 3 },
    });
    expect(parsed(observed.lines)).toMatchObject([
      { level: 'warn', event: 'executor.killed', msg: 'killed at the deadline', executor: 3 },
    ]);
  });

  it('writes nothing below its level', async () => {
    await using observed = observe('warn');
    invokeChannel.publish(invokeEvent());
    notice({ level: 'info', event: 'a.b', message: 'x' });
    observed.telemetry.log.debug('x');
    expect(observed.lines).toEqual([]);
  });

  it('keeps hostile names on one line and short', async () => {
    await using observed = observe();
    invokeChannel.publish(invokeEvent({ operation: `a\n{"level":"fatal"}\u001b[2J${'x'.repeat(100_000)}` }));
    expect(observed.lines).toHaveLength(1);
    for (const control of ['\n', '\u001b']) expect(observed.lines[0]?.trimEnd()).not.toContain(control);
    expect(observed.lines[0]?.length).toBeLessThan(1_000);
  });

  it('never shows a secret, wherever it hides', async () => {
    await using observed = observe('debug');
    const { log } = observed.telemetry;
    const inner = Object.assign(new Error(`connect failed: password=${CANARY}`), { apiKey: CANARY });
    const middle = Object.assign(new Error(`Authorization: Bearer ${CANARY}`, { cause: inner }), {
      config: { headers: { authorization: CANARY, deep: [{ session_token: CANARY }] } },
      payload: new TextEncoder().encode(CANARY),
      response: Buffer.from(CANARY),
    });
    const outer = new AggregateError([inner], `{"client_secret": "${CANARY}"}`, { cause: middle });
    invokeChannel.publish(invokeEvent({}, new HostError('HOST_INTERNAL', 'unexpected', { cause: outer })));
    invokeChannel.publish(
      invokeEvent({}, new HostError('ADAPTER_BAD_INPUT', `cannot parse ${CANARY}`, { cause: CANARY })),
    );
    invokeChannel.publish(
      invokeEvent({}, new HostError('EXECUTOR_TRAP', `token: '${CANARY} and ${CANARY}'`)),
    );
    notice({
      level: 'error',
      event: 'a.b',
      message: `key=${CANARY}`,
      fields: { adminToken: CANARY },
      cause: outer,
    });
    log.info(`Basic ${CANARY}`, {
      request: { headers: { Authorization: `Bearer ${CANARY}`, Cookie: CANARY } },
    });
    log.error('x', {
      KEY: CANARY,
      a: { b: { c: { d: { e: { password: CANARY } } } } },
      raw: Buffer.from(CANARY),
    });
    const all = observed.lines.join('');
    expect(observed.lines).toHaveLength(6);
    expect(all).not.toContain(CANARY);
    expect(all).not.toContain(Buffer.from(CANARY).toString('base64'));
    expect(all).not.toContain([...Buffer.from(CANARY)].join(','));
    // What is not secret is still there to be read.
    expect(all).toContain('connect failed');
  });

  it('that nobody asked for a payload has none: an event carries none', async () => {
    await using observed = observe();
    const event = { ...invokeEvent(), payload: Buffer.from(CANARY), result: CANARY };
    invokeChannel.publish(event);
    expect(observed.lines.join('')).not.toContain(CANARY);
  });

  it('is whole when the process dies of an error', () => {
    const entry = fileURLToPath(new URL('./dying-host.ts', import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [entry], { encoding: 'utf8' });
    expect(status).not.toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter((line) => line.msg === 'invoke')).toHaveLength(500);
    expect(lines.at(-1)).toMatchObject({
      level: 'fatal',
      cause: { message: 'the end, password=[redacted]' },
    });
  });
});

describe('redaction', () => {
  it('ends on cycles, depth, width, length and getters that throw', () => {
    const cycle: Record<string, unknown> = { a: 1 };
    cycle.self = cycle;
    expect(redact(cycle)).toEqual({ a: 1, self: '[circular]' });
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 100_000; depth++) deep = { deep };
    expect(JSON.stringify(redact(deep))).toContain('too deep');
    expect(
      Object.keys(redact(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [i, i]))) as object),
    ).toHaveLength(64);
    expect(redactText('x'.repeat(1_000_000)).length).toBeLessThan(5_000);
    const bad = {
      get field(): never {
        throw new Error('no');
      },
    };
    expect(redact(bad)).toBe('[unreadable: Error]');
  });

  it('of any value gives JSON, and never throws', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withTypedArray: true, withNullPrototype: true }),
        (value) => {
          expect(() => JSON.stringify(redact(value))).not.toThrow();
        },
      ),
    );
  });

  it('removes the value of any field with a secret name, whatever it is', () => {
    const secretName = fc
      .tuple(
        fc.stringMatching(/^[a-z_]{0,5}$/),
        fc.constantFrom('token', 'Secret', 'PASSWORD', 'apiKey', 'Authorization'),
      )
      .map(([before, name]) => before + name);
    fc.assert(
      fc.property(secretName, fc.jsonValue(), (name, value) => {
        expect(redact({ outer: [{ [name]: value }] })).toEqual({ outer: [{ [name]: '[redacted]' }] });
      }),
    );
  });
});
