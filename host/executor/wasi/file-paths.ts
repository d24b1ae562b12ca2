/**
 * Paths of the file system in memory: from a directory and a string to a node, or to the place for one.
 *
 * Always: no path leads above the directory it begins at, and none begins at the root of the host or of the tree by itself:
 * both are `not-permitted`. There are no symbolic links, so that names are all there is to follow.
 * Source: wasi:filesystem 0.2, types.wit, "WASI filesystem path resolution" and `path-resolution.md`.
 */

import { type DirectoryNode, type FileErrorCode, NAME_MAX_BYTES, type TreeNode } from './file-tree.ts';

/** In bytes of UTF-8; what POSIX systems take. Bounds the steps of one resolution. */
export const PATH_MAX_BYTES = 4096;

/** Where a path leads: an entry that may or may not be there. */
export interface Place {
  /** Undefined when the path is the directory itself, like `.` or `a/..`. */
  readonly directory: DirectoryNode | undefined;
  readonly name: string;
  readonly node: TreeNode | undefined;
  /** The path ended in a slash: only a directory will do. */
  readonly needsDirectory: boolean;
}

const encoder = new TextEncoder();

/** Finds the place of `path`, all directories of which but the last name have to exist. */
export function findPlace(base: DirectoryNode, path: string): Place | FileErrorCode {
  // A character of UTF-16 is at most three bytes, so that a long string is not encoded to be measured.
  if (path.length > PATH_MAX_BYTES || encoder.encode(path).length > PATH_MAX_BYTES) return 'name-too-long';
  if (path === '') return 'no-entry';
  if (path.includes('\0')) return 'invalid';
  if (path.startsWith('/')) return 'not-permitted';
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const needsDirectory = /(^|\/)\.{0,2}$/.test(path);
  const trail: DirectoryNode[] = [base];
  for (const [i, name] of names.entries()) {
    const directory = trail.at(-1) as DirectoryNode;
    if (name === '..') {
      trail.pop();
      if (trail.length === 0) return 'not-permitted';
      continue;
    }
    if (encoder.encode(name).length > NAME_MAX_BYTES) return 'name-too-long';
    const node = directory.entries.get(name);
    if (i === names.length - 1) {
      if (node?.kind === 'file' && needsDirectory) return 'not-directory';
      return { directory, name, node, needsDirectory };
    }
    if (!node) return 'no-entry';
    if (node.kind === 'file') return 'not-directory';
    trail.push(node);
  }
  return { directory: undefined, name: '', node: trail.at(-1), needsDirectory: true };
}

/** The node at `path`. */
export function findNode(base: DirectoryNode, path: string): TreeNode | FileErrorCode {
  const place = findPlace(base, path);
  if (typeof place === 'string') return place;
  return place.node ?? 'no-entry';
}
