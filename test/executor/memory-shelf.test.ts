import { describe, expect, it } from 'vitest';
import { createMemoryShelves } from '../../host/executor/memory-shelf.ts';

const PAGE_BYTES = 65_536;
const ONE = [{ initialPages: 1, maximumPages: 4 }];
const bytesOf = (memory: WebAssembly.Memory | undefined): Uint8Array =>
  new Uint8Array((memory as WebAssembly.Memory).buffer);

describe('a memory that was given back', () => {
  it('serves the next cell, and every byte of it is zero', () => {
    const shelf = createMemoryShelves()(ONE);
    const first = shelf.open();
    const memory = first.lend(0);
    bytesOf(memory).fill(0xa5);
    expect(first.giveBack()).toBe(1);
    const again = shelf.open().lend(0);
    expect(again).toBe(memory);
    expect(bytesOf(again).every((byte) => byte === 0)).toBe(true);
  });

  it('serves one cell at a time, however often it was given back', () => {
    const shelf = createMemoryShelves()(ONE);
    const loan = shelf.open();
    const memory = loan.lend(0);
    expect([loan.giveBack(), loan.giveBack()]).toEqual([1, 0]);
    const [one, other] = [shelf.open().lend(0), shelf.open().lend(0)];
    expect(one).toBe(memory);
    expect(other).not.toBe(memory);
  });

  it('is not kept when it grew: it cannot shrink', () => {
    const shelf = createMemoryShelves()(ONE);
    const loan = shelf.open();
    loan.lend(0)?.grow(1);
    expect(loan.giveBack()).toBe(0);
    expect(bytesOf(shelf.open().lend(0)).byteLength).toBe(PAGE_BYTES);
  });

  it('stays with its version and its module', () => {
    const shelfOf = createMemoryShelves();
    const two = shelfOf([...ONE, undefined, ...ONE]);
    const loan = two.open();
    const [first, none, third] = [loan.lend(0), loan.lend(1), loan.lend(2)];
    expect(none).toBeUndefined();
    expect(loan.giveBack()).toBe(2);
    expect(shelfOf(ONE).open().lend(0)).not.toBe(first);
    const next = two.open();
    expect([next.lend(2), next.lend(0)]).toEqual([third, first]);
  });

  it('is not kept for a version that is gone', () => {
    const shelf = createMemoryShelves()(ONE);
    const loan = shelf.open();
    const memory = loan.lend(0);
    shelf.close();
    expect(loan.giveBack()).toBe(0);
    expect(shelf.open().lend(0)).not.toBe(memory);
  });

  it('is one of 32 of a version at most, and of 64 MiB a thread', () => {
    const shelfOf = createMemoryShelves();
    const keepMany = (count: number, pages: number): number => {
      const shelf = shelfOf([{ initialPages: pages, maximumPages: pages }]);
      const loans = Array.from({ length: count }, () => {
        const loan = shelf.open();
        loan.lend(0);
        return loan;
      });
      return loans.reduce((sum, loan) => sum + loan.giveBack(), 0);
    };
    expect(keepMany(40, 1)).toBe(32);
    // 32 pages are kept; 62 of 16 pages fill 1,024.
    expect([keepMany(32, 16), keepMany(32, 16), keepMany(1, 1)]).toEqual([32, 30, 0]);
  });

  it('has an end: the engine keeps a list of all its instances', () => {
    const shelf = createMemoryShelves()(ONE);
    let uses = 0;
    const first = shelf.open();
    const memory = first.lend(0);
    for (let loan = first; loan.giveBack() === 1; uses++) {
      loan = shelf.open();
      expect(loan.lend(0)).toBe(memory);
    }
    expect(uses).toBe(1_000);
  });
});
