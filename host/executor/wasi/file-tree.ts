/**
 * A tree of files and directories in memory, under one byte quota: what a guest with the capability `files` sees as `/`.
 *
 * Files are pages of 4 KiB, allocated when they are written; a name costs its entry. Always: `usedBytes` is the sum of the
 * pages and entries that exist; a file that was unlinked keeps its pages until nobody has it open; a directory is never its
 * own ancestor. It knows neither paths (`file-paths.ts`) nor rights (`descriptors.ts`).
 */

import type { Datetime } from './clocks.ts';

export const PAGE_BYTES = 4096;

/** What an entry of a directory costs beside its name: an estimate of the objects behind it. */
export const ENTRY_BYTES = 512;

/** Names that POSIX systems take, in bytes of UTF-8. */
export const NAME_MAX_BYTES = 255;

/** Codes of `wasi:filesystem/types.error-code` that this file system answers with. */
export type FileErrorCode =
  | 'bad-descriptor'
  | 'exist'
  | 'file-too-large'
  | 'insufficient-space'
  | 'invalid'
  | 'is-directory'
  | 'name-too-long'
  | 'no-entry'
  | 'not-directory'
  | 'not-empty'
  | 'not-permitted'
  | 'read-only';

/** What every node has. `changeCount` rises with each change of contents or times. */
interface NodeState {
  /** Never used twice in a tree. */
  readonly id: number;
  changeCount: number;
  /** Undefined where the guest has no clock. */
  accessed: Datetime | undefined;
  modified: Datetime | undefined;
  changed: Datetime | undefined;
  /** Descriptors and streams that have it open. */
  openCount: number;
}

export interface FileNode extends NodeState {
  readonly kind: 'file';
  /** By page number; a page that is not there is zeros. */
  readonly pages: Map<number, Uint8Array>;
  sizeBytes: number;
  isLinked: boolean;
}

export interface DirectoryNode extends NodeState {
  readonly kind: 'directory';
  readonly entries: Map<string, FileNode | DirectoryNode>;
  /** Undefined for the root and for what was removed. */
  parent: DirectoryNode | undefined;
  isLinked: boolean;
}

export type TreeNode = FileNode | DirectoryNode;

export interface FileTree {
  readonly root: DirectoryNode;
  readonly maxBytes: number;
  usedBytes: number;
  lastId: number;
  /** The guest's time. */
  readonly now: () => Datetime | undefined;
}

const encoder = new TextEncoder();

export function createFileTree(maxBytes: number, now: () => Datetime | undefined): FileTree {
  const root: DirectoryNode = {
    ...newState(1, now()),
    kind: 'directory',
    entries: new Map(),
    parent: undefined,
  };
  return { root, maxBytes, usedBytes: 0, lastId: 1, now };
}

function newState(id: number, at: Datetime | undefined): NodeState & { isLinked: boolean } {
  return { id, changeCount: 0, accessed: at, modified: at, changed: at, openCount: 0, isLinked: true };
}

function touch(tree: FileTree, node: TreeNode): void {
  node.changeCount++;
  node.modified = tree.now();
  node.changed = node.modified;
}

function entryBytes(name: string): number {
  return ENTRY_BYTES + encoder.encode(name).length;
}

/** Makes an empty file or directory. `directory` is linked and has no entry `name`. */
export function createNode<K extends TreeNode['kind']>(
  tree: FileTree,
  directory: DirectoryNode,
  name: string,
  kind: K,
): Extract<TreeNode, { kind: K }> | FileErrorCode {
  const costBytes = entryBytes(name);
  if (tree.usedBytes + costBytes > tree.maxBytes) return 'insufficient-space';
  tree.usedBytes += costBytes;
  const state = newState(++tree.lastId, tree.now());
  const node: TreeNode =
    kind === 'file'
      ? { ...state, kind: 'file', pages: new Map(), sizeBytes: 0 }
      : { ...state, kind: 'directory', entries: new Map(), parent: directory };
  directory.entries.set(name, node);
  touch(tree, directory);
  return node as Extract<TreeNode, { kind: K }>;
}

/** Takes an entry away; a directory has to be empty. */
export function removeEntry(tree: FileTree, directory: DirectoryNode, name: string): void {
  const node = directory.entries.get(name);
  if (!node) throw new Error('an entry that is not there was removed');
  directory.entries.delete(name);
  tree.usedBytes -= entryBytes(name);
  node.isLinked = false;
  node.changed = tree.now();
  if (node.kind === 'directory') node.parent = undefined;
  else freeIfGone(tree, node);
  touch(tree, directory);
}

/** Moves an entry; the target has no such entry, and is not within what is moved. */
export function moveEntry(
  tree: FileTree,
  from: DirectoryNode,
  oldName: string,
  to: DirectoryNode,
  newName: string,
): FileErrorCode | undefined {
  const node = from.entries.get(oldName);
  if (!node) throw new Error('an entry that is not there was moved');
  const costBytes = entryBytes(newName) - entryBytes(oldName);
  if (tree.usedBytes + costBytes > tree.maxBytes) return 'insufficient-space';
  tree.usedBytes += costBytes;
  from.entries.delete(oldName);
  to.entries.set(newName, node);
  if (node.kind === 'directory') node.parent = to;
  node.changed = tree.now();
  touch(tree, from);
  if (to !== from) touch(tree, to);
  return undefined;
}

/** Whether `node` is `directory` or somewhere above it. */
export function contains(node: TreeNode, directory: DirectoryNode): boolean {
  for (let at: DirectoryNode | undefined = directory; at; at = at.parent) if (at === node) return true;
  return false;
}

export function openNode(node: TreeNode): void {
  node.openCount++;
}

export function closeNode(tree: FileTree, node: TreeNode): void {
  node.openCount--;
  if (node.kind === 'file') freeIfGone(tree, node);
}

function freeIfGone(tree: FileTree, file: FileNode): void {
  if (file.isLinked || file.openCount > 0) return;
  tree.usedBytes -= file.pages.size * PAGE_BYTES;
  file.pages.clear();
}

/** A copy of at most `length` bytes from `offset`; fewer at the end of the file. */
export function readFile(file: FileNode, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, file.sizeBytes - offset)));
  for (let done = 0; done < bytes.length; ) {
    const within = (offset + done) % PAGE_BYTES;
    const count = Math.min(PAGE_BYTES - within, bytes.length - done);
    const page = file.pages.get(Math.floor((offset + done) / PAGE_BYTES));
    if (page) bytes.set(page.subarray(within, within + count), done);
    done += count;
  }
  return bytes;
}

/** Writes all of `bytes` or nothing. A gap behind the old end is zeros. */
export function writeFile(
  tree: FileTree,
  file: FileNode,
  offset: number,
  bytes: Uint8Array,
): FileErrorCode | undefined {
  if (bytes.length === 0) return undefined;
  const end = offset + bytes.length;
  if (end > tree.maxBytes) return 'file-too-large';
  const firstPage = Math.floor(offset / PAGE_BYTES);
  const lastPage = Math.floor((end - 1) / PAGE_BYTES);
  let missingCount = 0;
  for (let n = firstPage; n <= lastPage; n++) if (!file.pages.has(n)) missingCount++;
  if (tree.usedBytes + missingCount * PAGE_BYTES > tree.maxBytes) return 'insufficient-space';
  tree.usedBytes += missingCount * PAGE_BYTES;
  for (let done = 0; done < bytes.length; ) {
    const number = Math.floor((offset + done) / PAGE_BYTES);
    const within = (offset + done) % PAGE_BYTES;
    const page = file.pages.get(number) ?? new Uint8Array(PAGE_BYTES);
    file.pages.set(number, page);
    const part = bytes.subarray(done, done + PAGE_BYTES - within);
    page.set(part, within);
    done += part.length;
  }
  file.sizeBytes = Math.max(file.sizeBytes, end);
  touch(tree, file);
  return undefined;
}

/** Cuts a file, or lets it grow by zeros, which cost nothing. */
export function resizeFile(tree: FileTree, file: FileNode, sizeBytes: number): FileErrorCode | undefined {
  if (sizeBytes > tree.maxBytes) return 'file-too-large';
  if (sizeBytes < file.sizeBytes) {
    const kept = Math.ceil(sizeBytes / PAGE_BYTES);
    for (const number of [...file.pages.keys()]) {
      if (number < kept) continue;
      file.pages.delete(number);
      tree.usedBytes -= PAGE_BYTES;
    }
    // What a later growth uncovers is zeros, not the old contents.
    if (sizeBytes % PAGE_BYTES !== 0) file.pages.get(kept - 1)?.fill(0, sizeBytes % PAGE_BYTES);
  }
  file.sizeBytes = sizeBytes;
  touch(tree, file);
  return undefined;
}
