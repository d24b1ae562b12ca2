/** What the calls of the typed bench carry: (string, u32, record of 5 fields, list of 100 records), some 20 KB in a guest. */

export interface Item {
  readonly id: number;
  readonly name: string;
  readonly price: number;
  readonly stock: bigint;
  readonly active: boolean;
}

const item = (index: number): Item => ({
  id: index,
  name: `item number ${index}${index % 10 === 0 ? ' – größer' : ''}`,
  price: index * 1.25,
  stock: BigInt(index) * 1_000_000_007n,
  active: index % 3 === 0,
});

export type Arguments = readonly [title: string, limit: number, filter: Item, items: readonly Item[]];

export const ARGUMENTS: Arguments = [
  'a list of a hundred records',
  100,
  item(7),
  Array.from({ length: 100 }, (_, index) => item(index)),
];

/** The answer in a form that does not depend on who lifted it. */
export const toBytes = (items: readonly Item[]): Uint8Array =>
  Buffer.from(
    JSON.stringify(items.map(({ id, name, price, stock, active }) => [id, name, price, `${stock}`, active])),
  );

/** Integers of 64 bits as text. */
export const asJson = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}` : value;
