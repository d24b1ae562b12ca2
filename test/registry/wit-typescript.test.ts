import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { declareOperations } from '../../host/registry/wit-typescript.ts';
import { operationsOf, SHOP } from './wit-samples.ts';

const declared = declareOperations(await operationsOf(SHOP));

/** What the compiler says about declarations and code behind them; empty when all is well. */
function compile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hotcell-declarations-'));
  try {
    writeFileSync(join(folder, 'case.ts'), text);
    const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
    const options = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--target',
      'esnext',
      '--ignoreConfig',
    ];
    execFileSync(process.execPath, [compiler, ...options, join(folder, 'case.ts')], {
      encoding: 'utf8',
      cwd: folder,
    });
    return '';
  } catch (error) {
    return String((error as { stdout?: string }).stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('declarations', () => {
  it('say of a type what its author says', () => {
    expect(declared).toContain(`/**
 * One thing
 * that is sold.
 */
export interface Item {
  /** What it is called. */
  name: string;
  price: string;
  /** In stock; unknown when left out. */
  count: number | null;
  tags: string[];
}
`);
    expect(declared).toContain(`  /** Finds things. */
  'shop-find': {
    arguments: {
      query: string;
      limit?: number | null;
      color: Color;
    };
    result: Item[];
    failure: Failure;
  };
`);
  });

  it('have two forms of a type only where there are two and both are used', () => {
    expect(declared.match(/^export (?:type|interface) \w+/gm)?.map((line) => line.split(' ')[2])).toEqual(
      expect.arrayContaining(['Item', 'ItemInput', 'Color', 'Failure', 'Shape', 'Rights', 'Operations']),
    );
    expect(declared).toContain('  price: number | string;\n');
    expect(declared).toContain('  count?: number | null;\n');
    expect(declared).not.toContain('FailureInput');
  });

  it('are accepted by the compiler, which then refuses what the host would', () => {
    const right = [
      "o['shop-find'].arguments = { query: 'x', color: 'red' };",
      "o.double.arguments.pair = [{ name: '', price: 1, tags: [] }, { name: '', price: '1', count: null, tags: [] }];",
      "const failure = o['shop-find'].failure;",
      "if (failure.tag === 'too-many') { const many: string = failure.value; void many; }",
      "o['tools-find'].arguments.s = { tag: 'circle', value: 'NaN' };",
      'const deep: string | null | undefined = o.deep.arguments.o?.some; void deep;',
    ];
    const wrong = [
      "o['shop-find'].arguments = { query: 'x', color: 'blue' };",
      "o['shop-find'].arguments = { query: 'x' };",
      "o['tools-find'].arguments.s = { tag: 'none', value: 1 };",
      'const price: number = o.then.result.price; void price;',
    ].map((line) => `// @ts-expect-error\n${line}`);
    expect(compile([declared, 'declare let o: Operations;', ...right, ...wrong].join('\n'))).toBe('');
    expect(compile('const a: number = "x"; void a;')).toContain('error TS');
  });

  it('cannot be ended by what an author writes, nor by two types of one name', async () => {
    const text = declareOperations(
      await operationsOf(`package a:b;
        interface i {
          /// */ export const evil = 1; /*
          record a-b { x: u64, n: list<u8> }
          record same { y: u8 }
          record operations { z: option<a-b> }
          /// \u2028 */ evil();
          f: func(%constructor: a-b, c: same, d: operations) -> tuple<a-b, same>;
        }
        interface j { record same { z: a-b-input } record a-b-input { w: u8 } g: func(a: same) -> same; }
        world w { export i; export j; }`),
    );
    expect(compile(text)).toBe('');
    expect(text.replace(/\/\*[\s\S]*?\*\//g, '')).not.toContain('evil');
    expect(text).toContain('export interface Operations2Input ');
    expect(text).toContain('export interface Same2 ');
  });
});
