/**
 * The file system against a model: a map from whole paths to contents, where a directory is a path and nothing more. Moving
 * is renaming by prefix there, so that the two have no code and no idea in common.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { treeOf } from '../../../host/executor/wasi/descriptors.ts';
import { ENTRY_BYTES, PAGE_BYTES, type TreeNode } from '../../../host/executor/wasi/file-tree.ts';
import { createFakeCell, type FakeCell } from './fake-cell.ts';

const D = 'wasi:filesystem/types#[method]descriptor.';
const MAX_BYTES = 3 * PAGE_BYTES;

/** Contents, or undefined for a directory. */
type Model = Map<string, Uint8Array | undefined>;

const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
const isDirectory = (model: Model, path: string): boolean =>
  path === '' || (model.has(path) && model.get(path) === undefined);
const isBelow = (path: string, directory: string): boolean => path.startsWith(`${directory}/`);
const isEmpty = (model: Model, path: string): boolean =>
  ![...model.keys()].some((other) => isBelow(other, path));

/** What the model says: whether it works. Space is the file system's to know. */
const MODEL = {
  create(model: Model, path: string): boolean {
    if (!isDirectory(model, parent(path)) || isDirectory(model, path)) return false;
    if (!model.has(path)) model.set(path, new Uint8Array(0));
    return true;
  },
  mkdir(model: Model, path: string): boolean {
    if (!isDirectory(model, parent(path)) || model.has(path)) return false;
    model.set(path, undefined);
    return true;
  },
  unlink(model: Model, path: string): boolean {
    return model.get(path) !== undefined && model.delete(path);
  },
  rmdir(model: Model, path: string): boolean {
    return isDirectory(model, path) && isEmpty(model, path) && model.delete(path);
  },
  rename(model: Model, from: string, to: string): boolean {
    if (!model.has(from) || !isDirectory(model, parent(to)) || isBelow(to, from)) return false;
    if (from === to) return true;
    if (model.has(to)) {
      if (isDirectory(model, from) !== isDirectory(model, to) || !isEmpty(model, to)) return false;
    }
    for (const [path, contents] of [...model]) {
      if (path !== from && !isBelow(path, from)) continue;
      model.delete(path);
      model.set(to + path.slice(from.length), contents);
    }
    return true;
  },
};

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const step = fc.oneof(
  fc.record({ do: fc.constantFrom('create', 'mkdir', 'unlink', 'rmdir'), path }),
  fc.record({ do: fc.constant('rename'), path, to: path }),
  fc.record({
    do: fc.constant('write'),
    path,
    at: fc.constantFrom(0, 1, PAGE_BYTES - 1, PAGE_BYTES, 2 * PAGE_BYTES),
    length: fc.constantFrom(0, 1, 2, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1),
  }),
  fc.record({ do: fc.constant('resize'), path, at: fc.constantFrom(0, 1, PAGE_BYTES, 2 * PAGE_BYTES + 1) }),
);
type Step = { do: string; path: string; to?: string; at?: number; length?: number };

/** Opens a file, uses it, and closes it. */
function withFile<T>(cell: FakeCell, root: unknown, at: string, use: (file: unknown) => T): T | undefined {
  const { tag, val } = cell.call(`${D}open-at`, root, [], at, [], ['read', 'write']);
  if (tag === 'err') return undefined;
  const result = use(val);
  cell.drop('wasi:filesystem/types#descriptor', val);
  return result;
}

const CALLS: Readonly<
  Record<string, (cell: FakeCell, root: unknown, step: Step, fill: number) => { tag: string; val?: unknown }>
> = {
  create(cell, root, { path: at }) {
    const result = cell.call(`${D}open-at`, root, [], at, ['create'], ['write']);
    if (result.tag === 'ok') cell.drop('wasi:filesystem/types#descriptor', result.val);
    return result;
  },
  mkdir: (cell, root, { path: at }) => cell.call(`${D}create-directory-at`, root, at),
  unlink: (cell, root, { path: at }) => cell.call(`${D}unlink-file-at`, root, at),
  rmdir: (cell, root, { path: at }) => cell.call(`${D}remove-directory-at`, root, at),
  rename: (cell, root, { path: at, to }) => cell.call(`${D}rename-at`, root, at, root, to),
  write: (cell, root, { path: at, at: offset = 0, length = 0 }, fill) =>
    withFile(cell, root, at, (file) =>
      cell.call(`${D}write`, file, new Uint8Array(length).fill(fill), BigInt(offset)),
    ) ?? { tag: 'err' },
  resize: (cell, root, { path: at, at: size = 0 }) =>
    withFile(cell, root, at, (file) => cell.call(`${D}set-size`, file, BigInt(size))) ?? { tag: 'err' },
};

function changeModel(
  model: Model,
  { do: what, path: at, to = '', at: offset = 0, length = 0 }: Step,
  fill: number,
): boolean {
  if (what === 'rename') return MODEL.rename(model, at, to);
  if (what === 'write' || what === 'resize') {
    const old = model.get(at);
    if (!old) return false;
    const end =
      what === 'resize' ? offset : length === 0 ? old.length : Math.max(old.length, offset + length);
    const bytes = new Uint8Array(end);
    bytes.set(old.subarray(0, end));
    if (what === 'write') bytes.fill(fill, offset, offset + length);
    model.set(at, bytes);
    return true;
  }
  return MODEL[what as 'create' | 'mkdir' | 'unlink' | 'rmdir'](model, at);
}

/** All of the tree by its public functions: paths with contents. */
function contentsOf(cell: FakeCell, directory: unknown, prefix = ''): Model {
  const found: Model = new Map();
  const stream = cell.call(`${D}read-directory`, directory).val;
  for (;;) {
    const { val } = cell.call(
      'wasi:filesystem/types#[method]directory-entry-stream.read-directory-entry',
      stream,
    );
    if (val === undefined) break;
    const full = prefix + val.name;
    const opened = cell.call(`${D}open-at`, directory, [], val.name, [], ['read']).val;
    if (val.type === 'directory') {
      found.set(full, undefined);
      for (const [key, contents] of contentsOf(cell, opened, `${full}/`)) found.set(key, contents);
    } else found.set(full, cell.call(`${D}read`, opened, 1_000_000n, 0n).val[0]);
    cell.drop('wasi:filesystem/types#descriptor', opened);
  }
  cell.drop('wasi:filesystem/types#directory-entry-stream', stream);
  return found;
}

/** What the tree must have charged: its pages and entries, counted afresh. */
function chargeOf(node: TreeNode): number {
  if (node.kind === 'file') return node.pages.size * PAGE_BYTES;
  let bytes = 0;
  for (const [entry, child] of node.entries) bytes += ENTRY_BYTES + entry.length + chargeOf(child);
  return bytes;
}

/** Four pages in a file system of three. */
const FULL = [
  { do: 'create' as const, path: 'a' },
  { do: 'write' as const, path: 'a', at: 0, length: PAGE_BYTES + 1 },
  { do: 'create' as const, path: 'b' },
  { do: 'write' as const, path: 'b', at: 0, length: PAGE_BYTES + 1 },
];

const sorted = (model: Model): unknown => [...model].sort(([a], [b]) => (a < b ? -1 : 1));

describe('the file system', () => {
  it('does what a map of paths does, and charges what exists', () => {
    let refusedForSpace = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 40 }), (steps) => {
        const cell = createFakeCell({ grants: { files: { maxBytes: MAX_BYTES } } });
        const [[root]] = cell.call('wasi:filesystem/preopens#get-directories');
        const model: Model = new Map();
        const tree = treeOf(cell.context);
        for (const [i, one] of (steps as Step[]).entries()) {
          const fill = (i % 250) + 1;
          const result = CALLS[one.do]?.(cell, root, one, fill);
          if (result?.val === 'insufficient-space' || result?.val === 'file-too-large') refusedForSpace++;
          else expect([one, result?.tag === 'ok']).toEqual([one, changeModel(model, one, fill)]);
          expect(tree.usedBytes).toBe(chargeOf(tree.root));
          expect(tree.usedBytes).toBeLessThanOrEqual(MAX_BYTES);
        }
        expect(sorted(contentsOf(cell, root))).toEqual(sorted(model));
        cell.drop('wasi:filesystem/types#descriptor', root);
        expect(cell.heldBytes()).toBe(0);
      }),
      { numRuns: 400, examples: [[FULL]] },
    );
    expect(refusedForSpace).toBeGreaterThan(0);
  });
});
