/**
 * GnuCOBOL and the codec: what a COBOL program writes is read as the program itself says, and what is encoded is read by
 * the program. `gnucobol/` has the programs and says where GnuCOBOL has its own ways.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CopybookOptions, LayoutItem, Records, Refused } from '../../../crypto-wasm/copybook/face.ts';
import { decimalText } from '../../../crypto-wasm/copybook/reference-numbers.ts';
import { isNumber, kindOf } from '../../../crypto-wasm/copybook/reference-values.ts';
import { createRandom, type Random, seedFromEnvironment } from '../random.ts';
import {
  cobolVersion,
  compileCobol,
  DIALECTS,
  type Dialect,
  optionsFor,
  type Program,
  type Said,
  saidOf,
  sourceOf,
  valuesOf,
} from './gnucobol/compiler.ts';
import { kernels } from './implementations.ts';

const version = cobolVersion();
const [named] = await kernels();
if (named === undefined) throw new Error('this engine runs no build of the kernel');
const { kernel } = named;
const seed = seedFromEnvironment();

test('there is a COBOL compiler', (context) => {
  if (version !== undefined) return console.log(`agreement with ${version}, HOTCELL_SEED=${seed}`);
  console.warn(
    '\n!!! NO GNUCOBOL (cobc) here: agreement with a COBOL compiler is NOT checked in this run. !!!\n',
  );
  context.skip('there is no cobc');
});

/** JSON lines, one for each record. Throws the problem, if there was one. */
function done(answer: Records | Refused): Uint8Array {
  if ('problem' in answer) throw new Error(JSON.stringify(answer.problem));
  if (answer.stop !== undefined) throw new Error(JSON.stringify(answer.stop));
  return answer.output;
}

const linesOf = (output: Uint8Array): string[] => Buffer.from(output).toString().trimEnd().split('\n');

// Left out without a compiler: the console.warn( at the top of this file says so.
describe.runIf(version !== undefined).each(DIALECTS)('every usage, -std=%s', (dialect) => {
  const copybook = sourceOf('usages.cpy');
  const options: CopybookOptions = { ...optionsFor(dialect), trim: 'none', numbers: 'text' };
  let program: Program;

  beforeAll(() => {
    program = compileCobol(sourceOf('usages.cob'), dialect);
  });
  afterAll(() => program.close());

  const layout = (): { readonly items: readonly LayoutItem[]; readonly recordBytes: number } => {
    const answer = kernel.layout({ copybook, options });
    if ('problem' in answer) throw new Error(JSON.stringify(answer.problem));
    return answer.layout;
  };

  /** Names and values that the program says and ours has, in an order of its own: by name, as often as it occurs. */
  const compared = (said: readonly Said[], names: ReadonlySet<string>): string[] =>
    said
      .filter(([name]) => names.has(name))
      .map(([name, value]) => `${name}=${value}`)
      .sort();

  const expectSame = (output: string, lines: readonly string[]): void => {
    const items = new Map(layout().items.map((item) => [item.name, item]));
    const isNumberNamed = (name: string): boolean => {
      const item = items.get(name);
      return item !== undefined && isNumber(item);
    };
    const records = output.split(/(?=^WHICH=)/m);
    expect(records.length).toBe(lines.length);
    records.forEach((record, index) => {
      const said = saidOf(record, 9);
      const names = new Set(said.map(([name]) => name));
      // Not shown: MOVE reads them otherwise than they were written.
      expect(
        [...items.values()]
          .filter(({ name, kind }) => kind !== 'group' && !names.has(name))
          .map(({ name }) => name),
      ).toEqual(['E-STAR', 'E-0']);
      const ours = valuesOf(JSON.parse(lines[index] ?? ''), isNumberNamed);
      expect(compared(ours, names)).toEqual(compared(said, names));
    });
  };

  test('what the program wrote is read as the program says, and written again byte for byte', () => {
    const output = program.run('write');
    const records = program.read('USAGES.DAT');
    const lines = done(kernel.decode({ copybook, options }, records));
    expectSame(output, linesOf(lines));
    const encoded = done(kernel.encode({ copybook, options }, lines));
    const { items, recordBytes } = layout();
    expect(encoded.length).toBe(records.length);
    let comparedCount = 0;
    for (let at = 0; at < records.length; at += recordBytes) {
      for (const [item, index] of items.flatMap((item) => occurrencesOf(item))) {
        const length = item.length ?? 0;
        const from = at + (item.offset ?? 0) + index * length;
        if (kindOf(item) === 'group' || item.overlaid === true) continue;
        const [wrote = '', ours = ''] = [records, encoded].map((bytes) =>
          Buffer.from(bytes.subarray(from, from + length)).toString('hex'),
        );
        comparedCount++;
        // MOVE leaves the sign of a number that it cut to zero; JSON has no such zero.
        if (wrote === ours || (isNumber(item) && isZero(item, wrote) && isZero(item, ours))) continue;
        expect(`${item.name} ${ours}`).toBe(`${item.name} ${wrote}`);
      }
    }
    expect(comparedCount).toBeGreaterThan(500);
  });

  const isZero = (item: LayoutItem, hex: string): boolean => {
    if (item.picture === undefined) return false;
    const alone = `       01 R.\n       05 A PIC ${item.picture}\n       ${clauseOf(item)}.`;
    const line = done(kernel.decode({ copybook: alone, options }, Buffer.from(hex, 'hex')));
    return !/[1-9]/.test(Buffer.from(line).toString());
  };

  test('what was encoded is read by the program as it was given', () => {
    const random = createRandom(seed);
    const lines = Array.from({ length: 200 }, () =>
      JSON.stringify(randomRecord(layout().items, random, dialect)),
    );
    program.write('USAGES.DAT', done(kernel.encode({ copybook, options }, Buffer.from(lines.join('\n')))));
    expectSame(program.run('read'), lines);
  });
});

function occurrencesOf(item: LayoutItem): [LayoutItem, number][] {
  return Array.from({ length: item.occurs?.max ?? 1 }, (_, index) => [item, index]);
}

/** Usage and sign of an item, as a copybook has them. */
function clauseOf(item: LayoutItem): string {
  const sign =
    item.signed && item.usage === 'DISPLAY' && kindOf(item) === 'zoned'
      ? ` SIGN ${item.signLeading ? 'LEADING' : 'TRAILING'}${item.signSeparate ? ' SEPARATE' : ''}`
      : '';
  return `${item.usage ?? ''}${sign}${item.blankWhenZero ? ' BLANK WHEN ZERO' : ''}`;
}

type Value = string | readonly Value[] | { readonly [name: string]: Value };

/** Values from zero to the largest, every group and table there is; of views, the first. */
function randomRecord(items: readonly LayoutItem[], random: Random, dialect: Dialect): Value {
  const oneOf = (item: LayoutItem, index: number): Value => {
    if (kindOf(item) === 'group') return membersOf(index);
    if (item.name === 'WHICH') return 'random  ';
    if (!isNumber(item)) return textFor(item, random);
    if (kindOf(item) === 'float') return `${(random.below(33_554_431) - 16_777_215) / 64}`;
    return numberFor(item, random, dialect);
  };
  const membersOf = (parent: number): Value =>
    Object.fromEntries(
      items.flatMap((item, index): [string, Value][] =>
        (item.parent ?? -1) !== parent || (item.redefines ?? -1) >= 0
          ? []
          : [
              [
                item.key,
                item.occurs
                  ? Array.from({ length: item.occurs.max }, () => oneOf(item, index))
                  : oneOf(item, index),
              ],
            ],
      ),
    );
  const record = membersOf(0) as Readonly<Record<string, Value>>;
  // The view of AREA-N as the program shows it.
  const area = `${record['AREA-N']}`;
  const view = { 'AREA-SIGN': area.startsWith('-') ? '-' : '+', 'AREA-DIGITS': area.replace('-', '') };
  return { ...record, 'AREA-X': view };
}

function textFor(item: LayoutItem, random: Random): string {
  const length = item.length ?? 0;
  if (item.name === 'T-E') return `${random.oneOf(['ab', 'Q ', '  '])} cd/e0f`;
  return Array.from({ length }, () => random.oneOf([...'ABCxyz 019'])).join('');
}

function numberFor(item: LayoutItem, random: Random, dialect: Dialect): string {
  const digits = item.digits ?? 1;
  const isBinary = kindOf(item) === 'binary';
  const bits = BigInt((item.length ?? 1) * 8 - (item.signed ? 1 : 0));
  // -std=ibm does not cut binaries to their pictures.
  const isWhole = isBinary && (item.nativeBinary === true || dialect === 'ibm') && item.usage !== 'COMP-X';
  const most = isWhole ? 2n ** bits - 1n : 10n ** BigInt(digits) - 1n;
  const drawn = BigInt(`0x${Buffer.from(random.bytes(16)).toString('hex')}`);
  const magnitude = random.oneOf([
    0n,
    1n,
    most,
    most - 1n,
    drawn % (most + 1n),
    drawn % (most + 1n),
    drawn % 1000n,
  ]);
  const value = magnitude > most ? most : magnitude;
  return decimalText(item.signed && random.below(2) === 1 ? -value : value, item.scale ?? 0);
}

// Left out without a compiler: the console.warn( at the top of this file says so.
describe.runIf(version !== undefined)('tables that are as long as they count', () => {
  const copybook = sourceOf('tables.cpy');
  let program: Program;

  beforeAll(() => {
    // On z/OS what lies behind a table begins where its last occurrence ends.
    program = compileCobol(sourceOf('tables.cob'), 'ibm', ['-fodoslide']);
  });
  afterAll(() => program.close());

  test.each([
    ['0', { recordFormat: 'V', rdw: { includesItself: false } }],
    ['1', { recordFormat: 'prefix' }],
    ['2', { recordFormat: 'prefix', rdw: { endian: 'little' } }],
  ] as const)(
    'in records of COB_VARSEQ_FORMAT %s are read as the program says, and written byte for byte',
    (format, framing) => {
      const environment = { COB_VARSEQ_FORMAT: format };
      const said = saidOf(program.run('write', environment), 2);
      const records = Buffer.from(program.read('TABLES.DAT'));
      const options: CopybookOptions = { ...optionsFor('ibm'), ...framing, trim: 'none', numbers: 'text' };
      const lines = done(kernel.decode({ copybook, options }, records));
      const isText = ['CUSTOMER', 'PART', 'NOTE'];
      const values = linesOf(lines).flatMap((line) =>
        valuesOf(JSON.parse(line), (name) => !isText.includes(name)),
      );
      expect(values).toEqual(said);
      expect(said.length).toBeGreaterThan(250);
      const encoded = done(kernel.encode({ copybook, options }, lines));
      expect(Buffer.from(encoded).equals(records)).toBe(true);
      // And the way back: the program reads what was encoded.
      program.write('TABLES.DAT', encoded);
      expect(saidOf(program.run('read', environment), 2)).toEqual(said);
    },
  );
});
