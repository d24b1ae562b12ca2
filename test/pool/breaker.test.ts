import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createBreaker } from '../../host/pool/breaker.ts';

const make = () => {
  const clock = createFakeClock();
  const changes: string[] = [];
  const breaker = createBreaker({ adapter: 'echo', clock, onChange: (state) => changes.push(state) });
  const record = (outcomes: string): void => {
    for (const outcome of outcomes) breaker.record(outcome === '+', false);
  };
  return { clock, changes, breaker, record };
};
const OPEN = '-'.repeat(20);

test('fewer than 20 attempts are no judgement', () => {
  const { breaker, record } = make();
  record('-'.repeat(19));
  expect(breaker.state).toBe('closed');
  record('-');
  expect(breaker.state).toBe('open');
});

test('half of the attempts may fail, more than half may not', () => {
  const { breaker, record } = make();
  record('+-'.repeat(100));
  expect(breaker.state).toBe('closed');
  record('-');
  expect(breaker.state).toBe('open');
});

test('only the last 40 attempts count', () => {
  const { breaker, record } = make();
  record('+'.repeat(1_000));
  record('-'.repeat(20));
  expect(breaker.state).toBe('closed');
  record('-');
  expect(breaker.state).toBe('open');
});

test('a crash rate of ten percent never opens it', () => {
  const { changes, record } = make();
  record('+++++++++-'.repeat(1_000));
  expect(changes).toEqual([]);
});

test('a success opens nothing, old failures beside it or not', () => {
  const { breaker, record } = make();
  record(`${'-'.repeat(19)}+`);
  expect(breaker.state).toBe('closed');
});

test('open, it refuses with the seconds until the next trial', async () => {
  const { clock, breaker, record } = make();
  record(OPEN);
  expect(() => breaker.enter()).toThrow(
    expect.objectContaining({ code: 'POOL_BREAKER_OPEN', status: 503, retryAfterS: 1 }),
  );
  await clock.advance(999);
  expect(() => breaker.enter()).toThrow(expect.objectContaining({ retryAfterS: 1 }));
});

test('half-open it lets exactly one trial in, and closes when that succeeds', async () => {
  const { clock, changes, breaker, record } = make();
  expect(breaker.enter(), 'closed, nobody is a trial').toBe(false);
  record(OPEN);
  await clock.advance(1_000);
  expect(breaker.enter()).toBe(true);
  expect(() => breaker.enter()).toThrow(expect.objectContaining({ code: 'POOL_BREAKER_OPEN' }));
  breaker.record(true, true);
  expect(breaker.enter()).toBe(false);
  expect(changes).toEqual(['open', 'half-open', 'closed']);
});

test('each failed trial doubles the pause up to a minute, a good one resets it', async () => {
  const { clock, breaker, record } = make();
  const pauses: number[] = [];
  const pauseS = (): number => {
    try {
      breaker.enter();
    } catch (error) {
      return (error as { retryAfterS: number }).retryAfterS;
    }
    return 0;
  };
  record(OPEN);
  for (let n = 0; n < 8; n++) {
    pauses.push(pauseS());
    await clock.advance(pauseS() * 1_000);
    breaker.enter();
    breaker.record(false, true);
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  await clock.advance(60_000);
  breaker.enter();
  breaker.record(true, true);
  record(OPEN);
  expect(pauseS()).toBe(1);
});

test('a trial that was given up leaves the trial to the next', async () => {
  const { clock, breaker, record } = make();
  record(OPEN);
  await clock.advance(1_000);
  expect(breaker.enter()).toBe(true);
  breaker.abandon();
  expect(breaker.state).toBe('half-open');
  expect(breaker.enter()).toBe(true);
});

test('what began before the pause neither closes nor opens it, and the past is forgotten', async () => {
  const { clock, breaker, record } = make();
  record(OPEN);
  record('+++---');
  await clock.advance(1_000);
  breaker.enter();
  record('+-');
  expect(breaker.state).toBe('half-open');
  breaker.record(true, true);
  record('-'.repeat(19));
  expect(breaker.state).toBe('closed');
});
