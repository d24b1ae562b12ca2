/** Utilisation from looks at a pool. */

import { expect, test } from 'vitest';
import { poolFigures } from '../../../bench/suite/capacity.ts';
import type { PoolSnapshot } from '../../../host/types.ts';

const look = (leased: number, idle: number, target: number): PoolSnapshot =>
  ({ leased, idle, target }) as PoolSnapshot;

test('utilisation is lent by live cells over all looks, so that a look at a large pool counts for more', () => {
  const figures = poolFigures([look(1, 1, 2), look(9, 1, 14)]);
  expect(figures.utilisation).toEqual({ value: (100 * 10) / 12, unit: '%', n: 2 });
  expect(figures).toMatchObject({ leased: { value: 5 }, live: { value: 6 }, target: { value: 8 } });
});

test('an empty pool is not used at all', () => {
  expect(poolFigures([look(0, 0, 0)]).utilisation?.value).toBe(0);
});
