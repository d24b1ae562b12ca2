/**
 * Copybooks and records that nobody wrote: fast-check makes the copybook, so that a failure shrinks to the few items it
 * needs; values for its items come from one seed, over the layout that the kernel gives.
 */

import fc from 'fast-check';
import type { CopybookLayout, CopybookOptions, LayoutItem } from '../../../crypto-wasm/copybook/face.ts';
import { editedDigits } from '../../../crypto-wasm/copybook/reference-edited.ts';
import { decimalText } from '../../../crypto-wasm/copybook/reference-numbers.ts';
import { type ReferenceNode, treeOf } from '../../../crypto-wasm/copybook/reference-tree.ts';
import { isNumber, kindOf } from '../../../crypto-wasm/copybook/reference-values.ts';
import type { Random } from '../random.ts';

/** A clause without its name, by a size. */
const LEAVES: readonly ((size: number) => string)[] = [
  (size) => `PIC X(${size})`,
  (size) => `PIC X(${size * 9})`,
  (size) => `PIC A(${size})`,
  (size) => `PIC X(${size}) JUSTIFIED RIGHT`,
  (size) => `PIC 9(${size})`,
  (size) => `PIC S9(${size})V99`,
  (size) => `PIC S9(${size}) SIGN LEADING`,
  (size) => `PIC S9(${size})V9 SIGN TRAILING SEPARATE`,
  (size) => `PIC S9(${size}) SIGN LEADING SEPARATE CHARACTER`,
  (size) => `PIC 9(${size}) BLANK WHEN ZERO`,
  (size) => `PIC S9(${size})PP`,
  (size) => `PIC SVPP9(${size})`,
  (size) => `PIC S9(${size})V99 COMP-3`,
  (size) => `PIC 9(${size}) COMP-3`,
  (size) => `PIC S9(${size + 8}) PACKED-DECIMAL`,
  (size) => `PIC 9(${size * 2}) COMP-6`,
  (size) => `PIC S9(${size}) COMP`,
  (size) => `PIC 9(${size + 6}) BINARY`,
  (size) => `PIC S9(${size})V99 COMP-5`,
  (size) => `PIC S9(${size + 9}) COMP`,
  (size) => `PIC 9(${size * 2}) COMP-X`,
  (size) => `PIC S9(${size}) COMP-9`,
  (size) => `PIC 9(${size}) COMP-3U`,
  (size) => `PIC S9(${size + 9}) COMP SYNC`,
  (size) => `PIC X(${size}) COMP-5`,
  () => 'POINTER',
  (size) => `PIC +(${size})9`,
  (size) => `PIC 99/99/9(${size})`,
  () => 'COMP-1',
  () => 'COMP-2',
  (size) => `PIC N(${size})`,
  (size) => `PIC Z(${size})9.99`,
  (size) => `PIC -(${size})9.9`,
  (size) => `PIC $$,$$9.99CR OCCURS ${size}`,
  (size) => `PIC *(${size})9.99DB`,
];

interface Made {
  readonly clause: string;
  readonly children: readonly Made[];
  readonly occurs: number;
  readonly isCounted: boolean;
  readonly isFiller: boolean;
  /** Redefines the item before, where it can. */
  readonly isView: boolean;
}

const leaf: fc.Arbitrary<Made> = fc.record({
  clause: fc
    .tuple(fc.nat(LEAVES.length - 1), fc.integer({ min: 1, max: 9 }))
    .map(([i, size]) => LEAVES[i]?.(size) ?? ''),
  children: fc.constant([]),
  occurs: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 4 })),
  isCounted: fc.boolean(),
  isFiller: fc.nat(9).map((n) => n === 0),
  isView: fc.nat(7).map((n) => n === 0),
});

const { item } = fc.letrec<{ item: Made; group: Made }>((tie) => ({
  item: fc.oneof({ maxDepth: 3, withCrossShrink: true }, { weight: 4, arbitrary: leaf }, tie('group')),
  group: fc.record({
    clause: fc.constant(''),
    children: fc.array(tie('item'), { minLength: 1, maxLength: 4 }),
    occurs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
    isCounted: fc.boolean(),
    isFiller: fc.constant(false),
    isView: fc.nat(7).map((n) => n === 0),
  }),
}));

/** Source text in the columns of the fixed format. */
export const copybookText: fc.Arbitrary<string> = fc
  .array(item, { minLength: 1, maxLength: 6 })
  .map((items) => ['       01 REC.', ...lines(items, 2, { next: 1 }, true)].join('\n'));

function lines(items: readonly Made[], level: number, names: { next: number }, canCount: boolean): string[] {
  let before: { readonly name: string; readonly canShare: boolean } | undefined;
  return items.flatMap((made) => {
    const name = `F-${names.next++}`;
    // A table has no views, and a view no tables that are counted.
    const isView = made.isView && before?.canShare === true;
    const hasTimes = made.occurs > 0 && !made.clause.includes('OCCURS') && !isView;
    const isCounted = hasTimes && made.isCounted && canCount;
    const counter = `${name}-N`;
    const clauses = [
      ...(isView ? [`REDEFINES ${before?.name}`] : []),
      ...(made.clause === '' ? [] : [made.clause]),
      ...(isCounted
        ? [`OCCURS 0 TO ${made.occurs} DEPENDING ON ${counter}`]
        : hasTimes
          ? [`OCCURS ${made.occurs}`]
          : []),
    ];
    const canShare = !hasTimes && !made.clause.includes('OCCURS') && !made.isFiller;
    const inner = lines(made.children, level + 1, names, canCount && !isView && !canShare);
    before = isView ? before : { name, canShare };
    const indent = ' '.repeat(7 + level);
    const number = `${level * 2 + 1}`.padStart(2, '0');
    return [
      ...(isCounted ? [`${indent}${number} ${counter} PIC 9.`] : []),
      [`${indent}${number} ${made.isFiller ? 'FILLER' : name}`, ...clauses]
        .join('\n             ')
        .concat('.'),
      ...inner,
    ];
  });
}

export const options: fc.Arbitrary<CopybookOptions> = fc.record({
  trim: fc.constantFrom('right', 'left', 'both', 'none'),
  numbers: fc.constantFrom('auto', 'text'),
  strictSigns: fc.boolean(),
  asciiSigns: fc.constantFrom('ebcdic', 'ascii'),
  nativeEndian: fc.constantFrom('big', 'little'),
  blankNumbers: fc.constantFrom('null', 'zero', 'invalid'),
  truncateBinary: fc.boolean(),
  invalid: fc.constantFrom('error', 'null', 'raw'),
  codePage: fc.constantFrom('cp037', 'cp1140', 'cp273', 'ascii', 'cp939'),
  float: fc.constantFrom('ibm', 'ieee'),
  floatEndian: fc.constantFrom('big', 'little'),
  odo: fc.constantFrom('variable', 'maximum'),
  nationalEndian: fc.constantFrom('big', 'little'),
  omitNulls: fc.boolean(),
  keepRoot: fc.boolean(),
  names: fc.constantFrom('keep', 'underscore'),
});

const CHARACTERS = 'ABCXYZabcxyz0189 .,-/"\\()+$';

export interface ValueRules {
  /** Some values are null. */
  readonly hasNulls: boolean;
  /** Texts do not begin with spaces. */
  readonly isTrimmedLeft: boolean;
}

/** One record's JSON, as a program would hand it in: every counter right, and one view of each area. */
export function makeValues(
  layout: CopybookLayout,
  random: Random,
  isRooted: boolean,
  { hasNulls, isTrimmedLeft }: ValueRules = { hasNulls: true, isTrimmedLeft: false },
): string {
  const counts = new Map<number, number>();
  const most = new Map<number, number>();
  for (const { occurs } of layout.items) {
    const dependsOn = occurs?.dependsOn ?? -1;
    if (occurs && dependsOn >= 0)
      most.set(dependsOn, Math.min(occurs.max, most.get(dependsOn) ?? occurs.max));
  }

  const leafJson = (item: LayoutItem, index: number): string => {
    const bound = most.get(index);
    if (bound !== undefined) {
      const count = random.below(bound + 1);
      counts.set(index, count);
      return `${count}`;
    }
    if (hasNulls && kindOf(item) !== 'float' && random.below(12) === 0) return 'null';
    if (isNumber(item)) return JSON.stringify(numberText(item, random));
    const text = textFor(item, random);
    return JSON.stringify(isTrimmedLeft ? text.trimStart() : text);
  };

  const oneJson = (node: ReferenceNode): string =>
    kindOf(node.item) === 'group'
      ? `{${membersJson(node.children).join(',')}}`
      : leafJson(node.item, node.index);

  const membersJson = (nodes: readonly ReferenceNode[]): string[] =>
    nodes.flatMap((node) => {
      if (node.item.shown !== true || (node.item.redefines ?? -1) >= 0) return [];
      const { occurs } = node.item;
      const count = occurs === undefined ? 1 : (counts.get(occurs.dependsOn ?? -1) ?? occurs.max);
      const elements = Array.from({ length: count }, () => oneJson(node));
      return [
        `${JSON.stringify(node.item.key)}:${occurs === undefined ? elements[0] : `[${elements.join(',')}]`}`,
      ];
    });

  const roots = treeOf(layout);
  return `{${membersJson(isRooted ? roots : roots.flatMap(({ children }) => children)).join(',')}}`;
}

function numberText(item: LayoutItem, random: Random): string {
  if (kindOf(item) === 'float') return `${(random.below(2_000_001) - 1_000_000) / 8}`;
  const isEdited = kindOf(item) === 'edited';
  const digits = isEdited ? editedDigits(item.picture ?? '') : (item.digits ?? 1);
  const count = 1 + random.below(digits);
  const text = Array.from({ length: count }, () => random.below(10)).join('');
  const isNegative =
    (isEdited ? /[-+]|CR|DB/.test(item.picture ?? '') : item.signed === true) && random.below(2) === 1;
  const value = BigInt(text);
  return decimalText(isNegative ? -value : value, item.scale ?? 0);
}

function textFor(item: LayoutItem, random: Random): string {
  const room = kindOf(item) === 'national' ? (item.length ?? 0) / 2 : (item.length ?? 0);
  if (kindOf(item) === 'bytes') return Buffer.from(random.bytes(room)).toString('hex');
  const text = Array.from({ length: random.below(room + 1) }, () => random.oneOf([...CHARACTERS])).join('');
  // Moved to the right, spaces at its end would be its own, and cut when it is read.
  return item.justified === true ? text.trimEnd() : text;
}

/** Some bytes changed, most often one, to what matters in some kind of item. */
export function mutate(record: Uint8Array, random: Random): Uint8Array {
  const changed = record.slice();
  const telling = [0x00, 0x40, 0x20, 0x0c, 0x0d, 0xf0, 0xff, 0x4e, 0x60, 0xd5, 0xa1, 0x0e, 0x0f];
  for (let count = 1 + random.below(3); count > 0 && changed.length > 0; count--) {
    changed[random.below(changed.length)] = random.below(2) === 0 ? random.below(256) : random.oneOf(telling);
  }
  return changed;
}
