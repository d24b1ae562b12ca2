/**
 * Descriptors of the file system in memory: open files and directories, with what they may be used for.
 *
 * The functions that guests call are in `files.ts` and `file-paths.ts` finds what they name. Always: a file is read and
 * written only by a descriptor opened for it; a directory changes only through one with `mutate-directory`; what is open
 * is closed when its last descriptor or stream is dropped.
 * Source: wasi:filesystem 0.2, types.wit, "descriptor".
 */

import type { CellContext } from '../imports-contract.ts';
import { datetimeNow } from './clocks.ts';
import { findPlace } from './file-paths.ts';
import {
  closeNode,
  createFileTree,
  createNode,
  type DirectoryNode,
  type FileErrorCode,
  type FileNode,
  type FileTree,
  openNode,
  readFile,
  resizeFile,
  type TreeNode,
  writeFile,
} from './file-tree.ts';
import { hold, release } from './held.ts';
import {
  createInputStream,
  createOutputStream,
  type InputStream,
  IoError,
  type OutputStream,
  WINDOW_BYTES,
} from './streams.ts';

export type DescriptorFlag =
  | 'read'
  | 'write'
  | 'file-integrity-sync'
  | 'data-integrity-sync'
  | 'requested-write-sync'
  | 'mutate-directory';

export type OpenFlag = 'create' | 'directory' | 'exclusive' | 'truncate';

/** In the order in which flags are lifted and lowered. */
const FLAG_ORDER: readonly DescriptorFlag[] = [
  'read',
  'write',
  'file-integrity-sync',
  'data-integrity-sync',
  'requested-write-sync',
  'mutate-directory',
];

export class Descriptor {
  readonly node: TreeNode;
  readonly flags: readonly DescriptorFlag[];

  constructor(node: TreeNode, flags: readonly DescriptorFlag[]) {
    this.node = node;
    this.flags = flags;
  }

  may(flag: DescriptorFlag): boolean {
    return this.flags.includes(flag);
  }
}

const TREE = Symbol('files');

/** The tree of the cell. Only a cell with the capability `files` has descriptors, and so gets here. */
export function treeOf(cell: CellContext): FileTree {
  const { files } = cell.grants;
  if (!files) throw new Error('files without a grant');
  return cell.state(TREE, () => createFileTree(files.maxBytes, () => datetimeNow(cell)));
}

export function createDescriptor(
  cell: CellContext,
  node: TreeNode,
  flags: readonly DescriptorFlag[],
): Descriptor {
  hold(cell);
  openNode(node);
  return new Descriptor(
    node,
    FLAG_ORDER.filter((flag) => flags.includes(flag)),
  );
}

export function dropDescriptor(cell: CellContext, descriptor: Descriptor): void {
  closeNode(treeOf(cell), descriptor.node);
  release(cell);
}

/** The file behind a descriptor that was opened for `flag`. */
export function fileOf(descriptor: Descriptor, flag: 'read' | 'write'): FileNode | FileErrorCode {
  const { node } = descriptor;
  if (node.kind === 'directory') return 'is-directory';
  return descriptor.may(flag) ? node : 'bad-descriptor';
}

/** The directory behind a descriptor. */
export function directoryOf({ node }: Descriptor): DirectoryNode | FileErrorCode {
  return node.kind === 'directory' ? node : 'not-directory';
}

/** The directory behind a descriptor that may change what is in it. */
export function mutableDirectoryOf(descriptor: Descriptor): DirectoryNode | FileErrorCode {
  const directory = directoryOf(descriptor);
  if (typeof directory === 'string' || descriptor.may('mutate-directory')) return directory;
  return 'read-only';
}

/** Opens or creates what `path` names. Flags that ask for more than the base descriptor has are `read-only`. */
export function openAt(
  cell: CellContext,
  base: Descriptor,
  path: string,
  openFlags: readonly OpenFlag[],
  flags: readonly DescriptorFlag[],
): Descriptor | FileErrorCode {
  const directory = directoryOf(base);
  if (typeof directory === 'string') return directory;
  const [creates, wantsDirectory, exclusive, truncates] = (
    ['create', 'directory', 'exclusive', 'truncate'] as const
  ).map((flag) => openFlags.includes(flag));
  const writes = flags.includes('write');
  if (
    (creates || truncates || writes || flags.includes('mutate-directory')) &&
    !base.may('mutate-directory')
  ) {
    return 'read-only';
  }
  if ((creates && wantsDirectory) || (truncates && !writes)) return 'invalid';
  const place = findPlace(directory, path);
  if (typeof place === 'string') return place;
  let { node } = place;
  if (node) {
    if (creates && exclusive) return 'exist';
    if (node.kind === 'file' && wantsDirectory) return 'not-directory';
    if (node.kind === 'directory' && (writes || creates || truncates)) return 'is-directory';
    if (node.kind === 'file' && truncates) {
      const failure = resizeFile(treeOf(cell), node, 0);
      if (failure) return failure;
    }
  } else {
    if (!creates || !place.directory?.isLinked) return 'no-entry';
    if (place.needsDirectory) return 'is-directory';
    const made = createNode(treeOf(cell), place.directory, place.name, 'file');
    if (typeof made === 'string') return made;
    node = made;
  }
  // Start code of POSIX toolchains opens directories without asking to change them, and then does. Who may change a
  // directory may change what is in it, as in other hosts.
  const inherits = node.kind === 'directory' && base.may('mutate-directory');
  return createDescriptor(cell, node, inherits ? [...flags, 'mutate-directory'] : flags);
}

/** An offset as a number: beyond every file when it is beyond what a number can say. */
export function toOffset(offset: bigint): number {
  return offset > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : Number(offset);
}

/** A stream over `file` from `offset`. It has the file open until it is dropped. */
export function readStream(cell: CellContext, file: FileNode, offset: number): InputStream {
  const tree = treeOf(cell);
  let at = offset;
  const stream = createInputStream(cell, {
    ready: () => true,
    read(maxBytes) {
      const bytes = readFile(file, at, maxBytes);
      at += bytes.length;
      return bytes.length === 0 && maxBytes > 0 ? 'closed' : bytes;
    },
    close: () => closeNode(tree, file),
  });
  openNode(file);
  return stream;
}

/** A stream into `file` from `offset`, or from wherever its end is at each write. */
export function writeStream(cell: CellContext, file: FileNode, offset: number | 'end'): OutputStream {
  const tree = treeOf(cell);
  let at = offset;
  const stream = createOutputStream(cell, {
    ready: () => true,
    permit: () => WINDOW_BYTES,
    write(bytes) {
      const failure = writeFile(tree, file, at === 'end' ? file.sizeBytes : at, bytes);
      if (failure)
        return new IoError(`writing to a file failed: ${failure}`, { kind: 'file', code: failure });
      if (at !== 'end') at += bytes.length;
      return undefined;
    },
    close: () => closeNode(tree, file),
  });
  openNode(file);
  return stream;
}
