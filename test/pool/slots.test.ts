import { expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createSlots, type Slot } from '../../host/pool/slots.ts';

const make = (count: number, maxCrashes = 3) => {
  const clock = createFakeClock();
  return { clock, slots: createSlots({ count, maxCrashes, clock }) };
};
const take = (slots: { take(): Slot | undefined }): Slot => {
  const slot = slots.take();
  if (!slot) throw new Error('there is a free slot');
  return slot;
};

test('there are as many slots as cells may live, and a freed one is used again', () => {
  const { slots } = make(2);
  const first = take(slots);
  take(slots);
  expect([slots.hasFree(), slots.take()]).toEqual([false, undefined]);
  slots.free(first);
  expect(take(slots)).toBe(first);
});

test('a slot is degraded at half of its crashes and rests when all are used', () => {
  const { slots } = make(2);
  const slot = take(slots);
  slots.crashed(slot);
  expect(slots.health()).toBe('healthy');
  slots.crashed(slot);
  expect([slots.health(), slots.resting()]).toEqual(['degraded', 0]);
  slots.crashed(slot);
  expect([slots.health(), slots.resting()]).toEqual(['degraded', 1]);
});

test('only consecutive crashes count', () => {
  const { slots } = make(1);
  const slot = take(slots);
  for (let n = 0; n < 10; n++) {
    slots.crashed(slot);
    slots.crashed(slot);
    slots.succeeded(slot);
  }
  expect([slots.health(), slots.resting()]).toEqual(['healthy', 0]);
});

test('when every slot rests the adapter is crashed, until the first rest ends', async () => {
  const { clock, slots } = make(2, 1);
  const [one, two] = [take(slots), take(slots)];
  slots.crashed(one);
  slots.free(one);
  await clock.advance(40);
  slots.crashed(two);
  slots.free(two);
  expect([slots.health(), slots.hasFree(), slots.nextRestEndMs()]).toEqual(['crashed', false, 60]);
  await clock.advance(60);
  expect([slots.health(), slots.hasFree(), slots.nextRestEndMs()]).toEqual(['degraded', true, 40]);
});

test.each([1, 3])(
  'each rest is twice as long, up to half a minute, with %i crashes allowed',
  async (maxCrashes) => {
    const { clock, slots } = make(1, maxCrashes);
    const slot = take(slots);
    slots.free(slot);
    for (let n = 1; n < maxCrashes; n++) slots.crashed(slot);
    const rests: number[] = [];
    for (let n = 0; n < 11; n++) {
      slots.crashed(slot);
      rests.push(slots.nextRestEndMs());
      await clock.advance(slots.nextRestEndMs());
    }
    expect(rests).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  },
);

test('a success heals the slot and its back-off', async () => {
  const { clock, slots } = make(1, 1);
  const slot = take(slots);
  slots.free(slot);
  slots.crashed(slot);
  await clock.advance(100);
  slots.crashed(slot);
  await clock.advance(200);
  slots.succeeded(slot);
  expect(slots.health()).toBe('healthy');
  slots.crashed(slot);
  expect(slots.nextRestEndMs()).toBe(100);
});

test('a slot that crashed is passed over for a healthier one', () => {
  const { slots } = make(2);
  const bad = take(slots);
  slots.crashed(bad);
  slots.free(bad);
  expect(take(slots)).not.toBe(bad);
  expect(take(slots)).toBe(bad);
});

test('a slot that is not used any more does not keep the adapter degraded for ever', async () => {
  const { clock, slots } = make(2);
  const bad = take(slots);
  for (let n = 0; n < 3; n++) slots.crashed(bad);
  slots.free(bad);
  await clock.advance(59_999);
  expect(slots.health()).toBe('degraded');
  await clock.advance(1);
  expect(slots.health()).toBe('healthy');
  slots.crashed(bad);
  expect([slots.resting(), bad.crashes]).toEqual([0, 1]);
});
