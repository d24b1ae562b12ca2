import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HostError } from '../../host/errors.ts';
import { createPermits } from '../../host/pool/permits.ts';

const codeOf = (run: () => void): string => {
  try {
    run();
    return 'ok';
  } catch (error) {
    return (error as HostError).code;
  }
};
const make = (total: number, tenantShare: number) =>
  createPermits({ total, tenantShare, retryAfterS: () => 7 });

test('a tenant holds at most its share, and hears 429 with a time to retry after', () => {
  const permits = make(4, 0.5);
  permits.enter('a');
  permits.enter('a');
  expect(() => permits.enter('a')).toThrow(
    expect.objectContaining({ code: 'POOL_TENANT_SHARE', status: 429, retryAfterS: 7 }),
  );
  expect(codeOf(() => permits.enter('b'))).toBe('ok');
});

test('beyond all permits everybody hears 503 with a time to retry after', () => {
  const permits = make(2, 0.5);
  permits.enter('a');
  permits.enter('b');
  expect(() => permits.enter('c')).toThrow(
    expect.objectContaining({ code: 'POOL_FULL', status: 503, retryAfterS: 7 }),
  );
});

test('a tenant that floods a full adapter hears of its own share', () => {
  const permits = make(2, 1);
  permits.enter('a');
  permits.enter('a');
  expect(codeOf(() => permits.enter('a'))).toBe('POOL_TENANT_SHARE');
  expect(codeOf(() => permits.enter('b'))).toBe('POOL_FULL');
});

test('the smallest share is one permit', () => {
  const permits = make(3, 0.1);
  expect(codeOf(() => permits.enter('a'))).toBe('ok');
  expect(codeOf(() => permits.enter('a'))).toBe('POOL_TENANT_SHARE');
});

test('a refused call takes nothing', () => {
  const permits = make(1, 1);
  permits.enter('a');
  codeOf(() => permits.enter('b'));
  expect(permits.taken).toBe(1);
  permits.leave('a');
  expect(permits.taken).toBe(0);
  expect(codeOf(() => permits.enter('b'))).toBe('ok');
});

test('whatever the order of calls, neither the total nor a share is exceeded, and all comes back', () => {
  const step = fc.record({ tenant: fc.constantFrom('a', 'b', 'c'), isEnter: fc.boolean() });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.array(step),
      (total, share, steps) => {
        const permits = make(total, share);
        const held: string[] = [];
        for (const { tenant, isEnter } of steps) {
          if (isEnter) {
            const isOk = codeOf(() => permits.enter(tenant)) === 'ok';
            const mine = held.filter((other) => other === tenant).length;
            expect(isOk).toBe(held.length < total && mine < Math.max(1, Math.floor(total * share)));
            if (isOk) held.push(tenant);
          } else if (held.includes(tenant)) {
            held.splice(held.indexOf(tenant), 1);
            permits.leave(tenant);
          }
          expect(permits.taken).toBe(held.length);
        }
      },
    ),
  );
});
