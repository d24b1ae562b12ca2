/** Who is refused, who waits, and in which order they are served. */

import { describe, expect, test } from 'vitest';
import { hasCode } from '../../host/errors.ts';
import type { Lease } from '../../host/pool/lease.ts';
import { cellOf, createStage, errorOf, runOn, settle, stateOf } from './stage.ts';

describe('backpressure', () => {
  test('a tenant beyond its share is refused at once with a time to retry after', async () => {
    const stage = createStage({ pool: { max: 2, permits: 4, tenantShare: 0.5 } });
    await stage.acquire('a');
    await stage.acquire('a');
    const error = await errorOf(stage.acquire('a'));
    expect(error).toMatchObject({ code: 'POOL_TENANT_SHARE', status: 429, retryAfterS: 1 });
  });

  test('beyond all permits everybody is refused at once with a time to retry after', async () => {
    const stage = createStage({ pool: { max: 2, permits: 2 } });
    await stage.acquire('a');
    await stage.acquire('a');
    const error = await errorOf(stage.acquire('b'));
    expect(error).toMatchObject({ code: 'POOL_FULL', status: 503, retryAfterS: 1 });
    expect(stage.pool.snapshot()).toMatchObject({ waiting: 0, permitsTaken: 2 });
  });

  test('a refused call gives its permit back', async () => {
    const stage = createStage({ pool: { max: 1, permits: 2 } });
    const lease = await stage.acquire();
    const waiting = stage.acquire();
    void waiting.catch(() => {});
    await stage.clock.advance(1_001);
    expect(stage.pool.snapshot().permitsTaken).toBe(1);
    lease.end();
    expect(stage.pool.snapshot().permitsTaken).toBe(0);
  });

  test('who waits too long is told that no cell became free', async () => {
    const stage = createStage({ pool: { max: 1 } });
    await stage.acquire();
    const error = errorOf(stage.acquire('b'));
    await stage.clock.advance(1_000);
    expect(await error).toMatchObject({ code: 'POOL_TIMEOUT', retryAfterS: 1 });
    expect(stage.pool.snapshot()).toMatchObject({ waiting: 0, counters: { waits: 1, refusals: 1 } });
  });

  test('nobody waits past the deadline of the call', async () => {
    const stage = createStage({ pool: { max: 1 } });
    await stage.acquire();
    const error = errorOf(stage.acquire('b', undefined, 50));
    await stage.clock.advance(50);
    expect((await error).code).toBe('EXECUTOR_DEADLINE');
  });

  test('a call is not held past its deadline by a creation that does not end', async () => {
    const stage = createStage({ script: { onCreate: 'hold' } });
    const error = errorOf(stage.acquire('a', undefined, 100));
    await stage.clock.advance(100);
    expect((await error).code).toBe('EXECUTOR_DEADLINE');
    stage.executors[0]?.creations[0]?.succeed();
    await settle();
    expect(stage.pool.snapshot(), 'the late cell is kept').toMatchObject({
      idle: 1,
      leased: 0,
      permitsTaken: 0,
    });
  });

  test('a call that cannot expect a cell in time is refused without waiting', async () => {
    const stage = createStage({ pool: { max: 1, permits: 9 } });
    const first = await stage.acquire();
    const running = runOn(first, stage.clock);
    await stage.clock.advance(400);
    stage.executors[0]?.runs[0]?.ok();
    await running;
    expect(stage.pool.snapshot().leased).toBe(1);
    expect((await errorOf(stage.acquire('b', undefined, 300))).code).toBe('EXECUTOR_DEADLINE');
    expect(await stateOf(stage.acquire('b', undefined, 5_000))).toBe('pending');
    expect(await stateOf(stage.acquire('b', undefined, 5_000))).toBe('pending');
    expect((await errorOf(stage.acquire('b', undefined, 5_000))).code).toBe('POOL_TIMEOUT');
  });

  test('an idle session does not make the pool believe that calls are long', async () => {
    const stage = createStage({ pool: { max: 1 } });
    const session = await stage.acquire();
    await cellOf(session, stage.executors, stage.clock);
    await stage.clock.advance(20_000);
    session.end();
    await stage.acquire('a');
    expect(await stateOf(stage.acquire('b'))).toBe('pending');
  });

  test('those who wait are served in turn across tenants, first come first served within one', async () => {
    const stage = createStage({ isolation: 'shared', pool: { max: 1, permits: 10 } });
    let lease = await stage.acquire('x');
    const served: string[] = [];
    const opened: Lease[] = [];
    for (const [tenant, name] of [
      ['a', 'a1'],
      ['a', 'a2'],
      ['a', 'a3'],
      ['b', 'b1'],
      ['c', 'c1'],
    ] as const) {
      void stage.acquire(tenant).then((got) => {
        served.push(name);
        opened.push(got);
      });
    }
    await settle();
    for (let n = 0; n < 5; n++) {
      lease.end();
      await settle();
      lease = opened.at(-1) as Lease;
    }
    expect(served).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  test('a free cell goes to who waits, not to who comes', async () => {
    const stage = createStage({ isolation: 'shared', pool: { max: 1 } });
    const lease = await stage.acquire();
    const waiting = stage.acquire('b');
    await settle();
    lease.end();
    const late = stage.acquire('c');
    expect(await stateOf(waiting)).toBe('ok');
    expect(await stateOf(late)).toBe('pending');
  });
});

test('a refusal is a HostError that its code tells apart', async () => {
  const stage = createStage({ pool: { max: 1, permits: 1 } });
  await stage.acquire();
  expect(hasCode(await errorOf(stage.acquire()), 'POOL_TENANT_SHARE')).toBe(true);
});
