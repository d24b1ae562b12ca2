/**
 * `wasi:filesystem` as guests call it, over a tree in the memory of the cell.
 *
 * Open to every component, because the start code of most toolchains asks for preopened directories: without the capability
 * `files` there are none, and no other function can be reached. Links of both kinds are `not-permitted`.
 * Source: wasi:filesystem 0.2, types.wit and preopens.wit.
 */

import {
  type CellContext,
  err,
  type ImportImplementation,
  OK,
  ok,
  type Result,
} from '../imports-contract.ts';
import { type Datetime, datetimeNow } from './clocks.ts';
import {
  createDescriptor,
  type Descriptor,
  type DescriptorFlag,
  directoryOf,
  dropDescriptor,
  fileOf,
  mutableDirectoryOf,
  type OpenFlag,
  openAt,
  readStream,
  toOffset,
  treeOf,
  writeStream,
} from './descriptors.ts';
import { findNode, findPlace } from './file-paths.ts';
import {
  closeNode,
  contains,
  createNode,
  type DirectoryNode,
  type FileErrorCode,
  moveEntry,
  openNode,
  readFile,
  removeEntry,
  resizeFile,
  type TreeNode,
  writeFile,
} from './file-tree.ts';
import { hold, release } from './held.ts';
import { type IoError, WINDOW_BYTES } from './streams.ts';

type FileResult<T> = Result<T, FileErrorCode>;
type NewTimestamp =
  | { readonly tag: 'no-change' }
  | { readonly tag: 'now' }
  | { readonly tag: 'timestamp'; readonly val: Datetime };

/** A directory being listed, one entry a call. Entries that come and go meanwhile may or may not be told. */
interface EntryStream {
  readonly directory: DirectoryNode;
  readonly entries: Iterator<[string, TreeNode]>;
}

const typeOf = (node: TreeNode): string => (node.kind === 'file' ? 'regular-file' : 'directory');

/** `value` unless it is an error. No node or other value of this file system is a string. */
function answer<T extends object | bigint>(value: T | FileErrorCode): FileResult<T> {
  return typeof value === 'string' ? err(value) : ok(value);
}

function done(failure: FileErrorCode | undefined): FileResult<never> {
  return failure === undefined ? OK : err(failure);
}

function nodeAt(base: Descriptor, path: string): TreeNode | FileErrorCode {
  const directory = directoryOf(base);
  return typeof directory === 'string' ? directory : findNode(directory, path);
}

function statOf(node: TreeNode): object {
  return {
    type: typeOf(node),
    'link-count': node.isLinked ? 1n : 0n,
    size: node.kind === 'file' ? BigInt(node.sizeBytes) : 0n,
    'data-access-timestamp': node.accessed,
    'data-modification-timestamp': node.modified,
    'status-change-timestamp': node.changed,
  };
}

/** Not a secret: it says whether it is the same object in the same state, as the specification asks. */
function hashOf(node: TreeNode): object {
  return { lower: BigInt(node.id), upper: BigInt(node.changeCount) };
}

function setTimes(cell: CellContext, node: TreeNode, access: NewTimestamp, modification: NewTimestamp): void {
  const pick = (wanted: NewTimestamp, old: Datetime | undefined): Datetime | undefined =>
    wanted.tag === 'timestamp' ? wanted.val : wanted.tag === 'now' ? datetimeNow(cell) : old;
  node.accessed = pick(access, node.accessed);
  node.modified = pick(modification, node.modified);
  node.changed = datetimeNow(cell);
  node.changeCount++;
}

function createDirectory(cell: CellContext, base: Descriptor, path: string): FileErrorCode | undefined {
  const directory = mutableDirectoryOf(base);
  if (typeof directory === 'string') return directory;
  const place = findPlace(directory, path);
  if (typeof place === 'string') return place;
  if (place.node) return 'exist';
  if (!place.directory?.isLinked) return 'no-entry';
  const made = createNode(treeOf(cell), place.directory, place.name, 'directory');
  return typeof made === 'string' ? made : undefined;
}

function remove(
  cell: CellContext,
  base: Descriptor,
  path: string,
  kind: TreeNode['kind'],
): FileErrorCode | undefined {
  const directory = mutableDirectoryOf(base);
  if (typeof directory === 'string') return directory;
  const place = findPlace(directory, path);
  if (typeof place === 'string') return place;
  if (!place.directory) return kind === 'file' ? 'is-directory' : 'invalid';
  if (!place.node) return 'no-entry';
  if (place.node.kind !== kind) return kind === 'file' ? 'is-directory' : 'not-directory';
  if (place.node.kind === 'directory' && place.node.entries.size > 0) return 'not-empty';
  removeEntry(treeOf(cell), place.directory, place.name);
  return undefined;
}

/** Source: POSIX.1-2017, rename. */
function rename(
  cell: CellContext,
  oldBase: Descriptor,
  oldPath: string,
  newBase: Descriptor,
  newPath: string,
): FileErrorCode | undefined {
  const oldDirectory = mutableDirectoryOf(oldBase);
  if (typeof oldDirectory === 'string') return oldDirectory;
  const newDirectory = mutableDirectoryOf(newBase);
  if (typeof newDirectory === 'string') return newDirectory;
  const from = findPlace(oldDirectory, oldPath);
  if (typeof from === 'string') return from;
  const to = findPlace(newDirectory, newPath);
  if (typeof to === 'string') return to;
  if (!from.directory || !to.directory) return 'invalid';
  const { node } = from;
  if (!node || !to.directory.isLinked) return 'no-entry';
  if (node === to.node) return undefined;
  if (contains(node, to.directory)) return 'invalid';
  if (node.kind === 'file') {
    if (to.node?.kind === 'directory') return 'is-directory';
    if (to.needsDirectory) return 'not-directory';
  } else if (to.node?.kind === 'file') return 'not-directory';
  else if (to.node && to.node.entries.size > 0) return 'not-empty';
  // What is replaced goes first and makes room, so that moving over it cannot fail for want of it.
  if (to.node) removeEntry(treeOf(cell), to.directory, to.name);
  return moveEntry(treeOf(cell), from.directory, from.name, to.directory, to.name);
}

export const preopens: ImportImplementation = {
  functions: {
    'get-directories': (cell) =>
      cell.grants.files
        ? [[createDescriptor(cell, treeOf(cell).root, ['read', 'mutate-directory']), '/']]
        : [],
  },
};

export const files: ImportImplementation = {
  functions: {
    '[method]descriptor.read-via-stream'(cell, self: Descriptor, offset: bigint) {
      const file = fileOf(self, 'read');
      return typeof file === 'string' ? err(file) : ok(readStream(cell, file, toOffset(offset)));
    },
    '[method]descriptor.write-via-stream'(cell, self: Descriptor, offset: bigint) {
      const file = fileOf(self, 'write');
      return typeof file === 'string' ? err(file) : ok(writeStream(cell, file, toOffset(offset)));
    },
    '[method]descriptor.append-via-stream'(cell, self: Descriptor) {
      const file = fileOf(self, 'write');
      return typeof file === 'string' ? err(file) : ok(writeStream(cell, file, 'end'));
    },
    '[method]descriptor.advise': (_cell, self: Descriptor) =>
      self.node.kind === 'file' ? OK : err('bad-descriptor'),
    '[method]descriptor.sync-data': () => OK,
    '[method]descriptor.sync': () => OK,
    '[method]descriptor.get-flags': (_cell, self: Descriptor) => ok(self.flags),
    '[method]descriptor.get-type': (_cell, self: Descriptor) => ok(typeOf(self.node)),
    '[method]descriptor.set-size'(cell, self: Descriptor, size: bigint) {
      const file = fileOf(self, 'write');
      return done(typeof file === 'string' ? file : resizeFile(treeOf(cell), file, toOffset(size)));
    },
    '[method]descriptor.set-times'(cell, self: Descriptor, access: NewTimestamp, modification: NewTimestamp) {
      if (!self.may('write') && !self.may('mutate-directory')) return err('not-permitted');
      setTimes(cell, self.node, access, modification);
      return OK;
    },
    '[method]descriptor.read'(_cell, self: Descriptor, length: bigint, offset: bigint) {
      const file = fileOf(self, 'read');
      if (typeof file === 'string') return err(file);
      const bytes = readFile(file, toOffset(offset), Math.min(toOffset(length), WINDOW_BYTES));
      return ok([bytes, toOffset(offset) + bytes.length >= file.sizeBytes]);
    },
    '[method]descriptor.write'(cell, self: Descriptor, buffer: Uint8Array, offset: bigint) {
      const file = fileOf(self, 'write');
      if (typeof file === 'string') return err(file);
      return answer(writeFile(treeOf(cell), file, toOffset(offset), buffer) ?? BigInt(buffer.length));
    },
    '[method]descriptor.read-directory'(cell, self: Descriptor) {
      const directory = directoryOf(self);
      if (typeof directory === 'string') return err(directory);
      hold(cell);
      openNode(directory);
      const stream: EntryStream = { directory, entries: directory.entries.entries() };
      return ok(stream);
    },
    '[method]directory-entry-stream.read-directory-entry'(_cell, { entries }: EntryStream) {
      const next = entries.next();
      return ok(next.done ? undefined : { type: typeOf(next.value[1]), name: next.value[0] });
    },
    '[method]descriptor.create-directory-at': (cell, self: Descriptor, path: string) =>
      done(createDirectory(cell, self, path)),
    '[method]descriptor.stat': (_cell, self: Descriptor) => ok(statOf(self.node)),
    '[method]descriptor.stat-at'(_cell, self: Descriptor, _follow: readonly string[], path: string) {
      const node = nodeAt(self, path);
      return typeof node === 'string' ? err(node) : ok(statOf(node));
    },
    '[method]descriptor.set-times-at'(
      cell,
      self: Descriptor,
      _follow: readonly string[],
      path: string,
      access: NewTimestamp,
      modification: NewTimestamp,
    ) {
      const directory = mutableDirectoryOf(self);
      const node = typeof directory === 'string' ? directory : findNode(directory, path);
      if (typeof node === 'string') return err(node);
      setTimes(cell, node, access, modification);
      return OK;
    },
    '[method]descriptor.link-at': () => err('not-permitted'),
    '[method]descriptor.symlink-at': () => err('not-permitted'),
    '[method]descriptor.readlink-at'(_cell, self: Descriptor, path: string) {
      const node = nodeAt(self, path);
      return err(typeof node === 'string' ? node : 'invalid');
    },
    '[method]descriptor.open-at': (
      cell,
      self: Descriptor,
      _follow: readonly string[],
      path: string,
      openFlags: readonly OpenFlag[],
      flags: readonly DescriptorFlag[],
    ) => answer(openAt(cell, self, path, openFlags, flags)),
    '[method]descriptor.remove-directory-at': (cell, self: Descriptor, path: string) =>
      done(remove(cell, self, path, 'directory')),
    '[method]descriptor.unlink-file-at': (cell, self: Descriptor, path: string) =>
      done(remove(cell, self, path, 'file')),
    '[method]descriptor.rename-at': (
      cell,
      self: Descriptor,
      oldPath: string,
      newBase: Descriptor,
      newPath: string,
    ) => done(rename(cell, self, oldPath, newBase, newPath)),
    '[method]descriptor.is-same-object': (_cell, self: Descriptor, other: Descriptor) =>
      self.node === other.node,
    '[method]descriptor.metadata-hash': (_cell, self: Descriptor) => ok(hashOf(self.node)),
    '[method]descriptor.metadata-hash-at'(_cell, self: Descriptor, _follow: readonly string[], path: string) {
      const node = nodeAt(self, path);
      return typeof node === 'string' ? err(node) : ok(hashOf(node));
    },
    'filesystem-error-code': (_cell, { cause }: IoError) => (cause.kind === 'file' ? cause.code : undefined),
  },
  drops: {
    descriptor: dropDescriptor,
    'directory-entry-stream'(cell, { directory }: EntryStream) {
      closeNode(treeOf(cell), directory);
      release(cell);
    },
  },
};
