/** Components that are large in one way: what is refused is refused by our own reader, and jco never sees it. */

import { describe, expect, it } from 'vitest';
import { checkImports } from '../../host/registry/check-imports.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { BLOCKS_MAX, FUNCTIONS_MAX, LOCALS_MAX } from '../../host/registry/limits.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { prepareComponent } from '../../host/registry/prepare-task.ts';
import { leb128, section } from '../../host/registry/wasm-writer.ts';
import { handWritten } from './sample-components.ts';

/** Preparation with the real steps but the last, which only says that it was reached. */
async function prepare(component: Uint8Array): Promise<{ detail: string; wasShownToJco: boolean }> {
  let wasShownToJco = false;
  const reply = await prepareComponent(component, {
    planComponent,
    checkImports: (planned) => checkImports(planned, {}),
    meterModule,
    describeComponent: async () => {
      wasShownToJco = true;
      return '';
    },
  });
  return { detail: reply.kind === 'refused' ? `${reply.code} ${reply.detail}` : 'prepared', wasShownToJco };
}

const sectionOf = (id: number, content: readonly number[]): Uint8Array =>
  section(id, [Uint8Array.from(content)]);

/** A module with these bodies, all of type () -> (). */
function moduleOf(bodies: readonly (readonly number[])[]): Uint8Array {
  const code = bodies.flatMap((body) => [...leb128(body.length), ...body]);
  return Buffer.concat([
    Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]),
    sectionOf(1, [1, 0x60, 0, 0]),
    sectionOf(3, [...leb128(bodies.length), ...bodies.map(() => 0)]),
    sectionOf(10, [...leb128(bodies.length), ...code]),
  ]);
}

const whole = await handWritten();

/** A sound component with these core modules added to its end. */
const withModules = (...modules: Uint8Array[]): Uint8Array =>
  Buffer.concat([whole, ...modules.map((module) => section(1, [module]))]);

const EMPTY = [0, 0x0b];
const functions = (count: number): Uint8Array => moduleOf(Array.from({ length: count }, () => EMPTY));
const locals = (...groups: number[]): Uint8Array =>
  moduleOf([[...leb128(groups.length), ...groups.flatMap((count) => [...leb128(count), 0x7f]), 0x0b]]);
const nested = (depth: number): Uint8Array =>
  moduleOf([
    [
      0,
      ...Array.from({ length: depth }, () => [0x02, 0x40]).flat(),
      ...new Array<number>(depth + 1).fill(0x0b),
    ],
  ]);

describe('a component', () => {
  it.each<[string, () => Uint8Array]>([
    ['that is sound', () => withModules()],
    ['of many functions', () => withModules(functions(FUNCTIONS_MAX - 100))],
    ['with many locals', () => withModules(locals(LOCALS_MAX))],
    ['with deep blocks', () => withModules(nested(BLOCKS_MAX - 1))],
  ])('%s is prepared', async (_, make) => {
    expect(await prepare(make())).toEqual({ detail: 'prepared', wasShownToJco: true });
  });

  it.each<[string, () => Uint8Array, RegExp]>([
    ['with 100,000 functions', () => withModules(functions(100_000)), /more than 50000 functions/],
    [
      'with 100,000 functions in four modules',
      () => withModules(...Array.from({ length: 4 }, () => functions(25_000))),
      /more than 50000 functions/,
    ],
    ['with 50,000 locals', () => withModules(locals(50_000)), /more than 49997 locals/],
    [
      'with 50,000 locals in groups',
      () => withModules(locals(20_000, 20_000, 10_000)),
      /more than 49997 locals/,
    ],
    ['with four thousand million locals', () => withModules(locals(0xffff_ffff)), /not valid/],
    ['with 100,000 blocks in each other', () => withModules(nested(100_000)), /more than 10000 blocks/],
    ['with an instruction that nobody knows', () => withModules(moduleOf([[0, 0xff, 0x0b]])), /not valid/],
  ])('%s is refused before jco sees it', async (_, make, detail) => {
    const result = await prepare(make());
    expect(result.wasShownToJco).toBe(false);
    expect(result.detail).toMatch(/^REGISTRY_REJECTED /);
    expect(result.detail).toMatch(detail);
  });
});
