/**
 * Random record layouts with tables, counters, views and groups, and bytes for them: mostly small digits, so that
 * counters count, with enough of everything else that much is not valid, and records that end early.
 */

import type { Random } from '../random.ts';
import type { FlatItem, FlatOptions } from './flat-probe.ts';

export interface Structure {
  readonly items: readonly FlatItem[];
  readonly options: FlatOptions;
  readonly records: readonly Uint8Array[];
  readonly segments: readonly number[];
}

const COLUMNS_MAX_COUNT = 60;

type Mutable = { -readonly [Key in keyof FlatItem]: FlatItem[Key] };

export function structureOf(random: Random): Structure {
  const items: Mutable[] = [{ name: 'REC', kind: 'group', offset: 0, length: 0 }];
  const views: number[] = [];
  let columns = 0;

  /** Adds members of a group and gives its end; counters seen so far may count tables. */
  const fill = (parent: number, begin: number, depth: number, counters: number[], times: number): number => {
    let at = begin;
    const count = 1 + random.below(4);
    for (let n = 0; n < count && columns < COLUMNS_MAX_COUNT; n++) {
      const choice = random.below(depth > 2 ? 4 : 8);
      if (choice < 4) {
        at = leaf(parent, at, choice, counters, times);
      } else if (choice === 4) {
        at = group(parent, at, depth, counters, times, 1);
        // Another view of the same bytes, shorter or longer.
        const first = items.findLastIndex((item) => item.parent === parent && item.redefines === undefined);
        const end = group(parent, (items[first] as Mutable).offset, depth, counters, times, 1, first);
        views.push(
          first,
          items.findLastIndex((item) => item.redefines === first),
        );
        at = Math.max(at, end);
      } else {
        at = group(parent, at, depth, counters, times, 1 + random.below(3));
      }
    }
    return at;
  };

  const leaf = (parent: number, at: number, choice: number, counters: number[], times: number): number => {
    const name = `I${items.length}`;
    columns += times;
    if (choice < 2) {
      const digits = 1 + random.below(choice === 0 ? 1 : 3);
      items.push({ name, kind: 'zoned', offset: at, length: digits, digits, parent });
      if (digits === 1) counters.push(items.length - 1);
      return at + digits;
    }
    const length = 1 + random.below(5);
    if (choice === 2) items.push({ name, kind: 'text', offset: at, length, parent });
    else
      items.push({
        name,
        kind: 'packed',
        offset: at,
        length,
        digits: length * 2 - 1,
        scale: 1,
        signed: true,
        parent,
      });
    return at + length;
  };

  const group = (
    parent: number,
    at: number,
    depth: number,
    counters: number[],
    times: number,
    occurs: number,
    redefines?: number,
  ): number => {
    const index = items.length;
    const made: Mutable = { name: `G${index}`, kind: 'group', offset: at, length: 0, parent };
    items.push(made);
    if (redefines !== undefined) made.redefines = redefines;
    if (occurs > 1) made.occurs = occurs;
    if (occurs > 1 && counters.length > 0 && random.below(4) > 0) made.dependsOn = random.oneOf(counters);
    // What counts within a table or a view counts nothing outside of it.
    made.length = fill(index, at, depth + 1, [...counters], times * occurs) - at;
    if (made.dependsOn !== undefined) markVariable(index);
    return at + made.length * occurs;
  };

  const markVariable = (from: number): void => {
    for (
      let index: number | undefined = from;
      index !== undefined;
      index = index === 0 ? undefined : items[index]?.parent
    ) {
      (items[index] as Mutable).variable = true;
    }
  };

  const record = items[0] as Mutable;
  items.push({ name: 'SEGMENT', kind: 'text', offset: 0, length: 1, parent: 0 });
  record.length = fill(0, 1, 0, [], 1);
  const chosen = views.filter(() => random.below(3) === 0);
  const redefineSegments = Object.fromEntries(
    chosen.map((index) => [(items[index] as Mutable).name, random.below(2) === 0 ? ['A'] : ['B']]),
  );
  const hasSegments = chosen.length > 0;
  const records = Array.from({ length: 1 + random.below(8) }, () => bytesFor(random, record.length));
  return {
    items,
    options: {
      invalid: 1,
      odoIsVariable: random.below(4) === 0 ? 0 : 1,
      trim: random.below(4),
      ...(hasSegments ? { redefineSegments, segmentField: 'SEGMENT' } : {}),
    },
    records,
    segments: records.map(() => (hasSegments ? random.below(3) - 1 : -1)),
  };
}

function bytesFor(random: Random, length: number): Uint8Array {
  const isShort = random.below(4) === 0;
  return Uint8Array.from({ length: isShort ? random.below(length + 1) : length }, () => {
    const sort = random.below(20);
    if (sort < 14) return 0xf0 + random.below(4);
    if (sort < 17) return 0xc1 + random.below(4);
    return sort < 19 ? random.oneOf([0x40, 0x0c, 0x1c, 0x6b, 0x00]) : random.below(256);
  });
}
