/** Profiles of V8 as trees, and as flame graphs. */

import { describe, expect, test } from 'vitest';
import {
  type CallNode,
  type CpuProfile,
  readCallTree,
  topBySelf,
} from '../../../../bench/suite/profile/call-tree.ts';
import { renderFlames, renderSvg } from '../../../../bench/suite/profile/flame-graph.ts';
import { describeTop } from '../../../../bench/suite/profile/profile-row.ts';

const node = (
  id: number,
  functionName: string,
  children: readonly number[] = [],
  url = '',
  lineNumber = -1,
) => ({
  id,
  callFrame: { functionName, url, lineNumber },
  children,
});

// root → main → (work, <sort & "find">); main is there twice; one sample is idle.
const profile: CpuProfile = {
  nodes: [
    node(1, '(root)', [2, 3, 7]),
    node(2, 'main', [4, 5], 'file:///somewhere/else/main.ts', 9),
    node(3, 'main', [6], 'file:///somewhere/else/main.ts', 9),
    node(4, 'work'),
    node(5, '<sort & "find">'),
    node(6, 'work'),
    node(7, '(idle)'),
  ],
  samples: [4, 4, 5, 7, 6, 2, 4],
  // The first is the distance from the start; each of the others belongs to the sample before it.
  timeDeltas: [999, 10, 20, 30, 400, 50, 5],
};

const tree = readCallTree(profile);
const [main] = tree.children;

describe('a call tree', () => {
  test('counts each sample until the next one, without idle time, and the last one not at all', () => {
    expect(tree.totalUs).toBe(10 + 20 + 30 + 50 + 5);
    expect(tree.children).toHaveLength(1);
  });

  test('joins what V8 keeps apart, with the largest first', () => {
    expect(main).toMatchObject({ name: 'main main.ts:10', selfUs: 5, totalUs: 115 });
    expect(main?.children.map(({ name, totalUs }) => [name, totalUs])).toEqual([
      ['work', 80],
      ['<sort & "find">', 30],
    ]);
  });

  test('names no folder of the machine', () => {
    expect(JSON.stringify(tree)).not.toMatch(/somewhere/);
  });

  test('gives functions by their own time, wherever they were called from', () => {
    expect(topBySelf(tree, 2)).toEqual([
      { name: 'work', selfUs: 80 },
      { name: '<sort & "find">', selfUs: 30 },
    ]);
    expect(describeTop(tree)[0]).toBe(' 69.6 %      0.1 ms  work');
  });

  test('of a profile without samples is empty', () => {
    expect(readCallTree({ nodes: [node(1, '(root)')] })).toMatchObject({ totalUs: 0, children: [] });
  });
});

describe('a flame graph', () => {
  const page = renderFlames('Where <it> goes', [{ title: 'main', tree, notes: describeTop(tree) }]);

  test('is the same for the same tree', () => {
    expect(
      renderFlames('Where <it> goes', [
        { title: 'main', tree: readCallTree(profile), notes: describeTop(tree) },
      ]),
    ).toBe(page);
  });

  test('has names as text, loads nothing and runs nothing', () => {
    expect(page).toContain('&lt;sort &amp; &quot;find&quot;&gt;');
    expect(page).not.toMatch(/<sort|<script|\bon\w+=|https?:\/\/(?!www\.w3\.org\/2000\/svg)|url\(/);
  });

  test('gives each box the width of its time, callers below what they call', () => {
    const boxes = [
      ...renderSvg(tree).matchAll(
        /<title>([^<]*): [^<]*<\/title><rect x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g,
      ),
    ];
    expect(boxes.map(([, name, x, y, width]) => [name, Number(x), Number(y), Number(width)])).toEqual([
      ['(root)', 0, 34, 1_200],
      ['main main.ts:10', 0, 17, 1_200],
      ['work', 0, 0, 834.78],
      ['&lt;sort &amp; &quot;find&quot;&gt;', 834.78, 0, 313.04],
    ]);
  });

  test('of a stack without end is cut', () => {
    let deep: CallNode = { name: 'leaf', selfUs: 1, totalUs: 1, children: [] };
    for (let depth = 0; depth < 1_000; depth++) deep = { name: 'f', selfUs: 0, totalUs: 1, children: [deep] };
    expect(renderSvg(deep).match(/<rect/g)).toHaveLength(121);
  });
});
