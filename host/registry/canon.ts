/**
 * Reads the canonical functions of a component: lift, lower with their options, and the resource builtins.
 *
 * Everything that belongs to the asynchronous ABI is refused by name: a cell makes one synchronous call at a time.
 * Source: component model, Binary, "Canonical Definitions".
 */

import { type ByteReader, rejectAt, unsupportedAt } from './binary.ts';
import { readIndex, type Scope } from './index-space.ts';

export interface CanonOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
  /** Index of a core memory. */
  readonly memory: number | undefined;
  /** Indices of core functions. */
  readonly realloc: number | undefined;
  readonly postReturn: number | undefined;
}

export type Canon =
  | { readonly kind: 'lift'; readonly core: number; readonly type: number; readonly options: CanonOptions }
  | { readonly kind: 'lower'; readonly func: number; readonly options: CanonOptions }
  /** `type` is the index of a resource. */
  | { readonly kind: 'resource'; readonly builtin: 'new' | 'drop' | 'rep'; readonly type: number };

/** Builtins of the asynchronous ABI, by opcode: known, and refused. */
const ASYNC_BUILTINS: Readonly<Record<number, string>> = {
  5: 'task.cancel', // 0x05
  6: 'subtask.cancel',
  7: 'resource.drop async',
  8: 'backpressure.set',
  9: 'task.return',
  10: 'context.get', // 0x0a
  11: 'context.set',
  12: 'thread.yield',
  13: 'subtask.drop',
  14: 'stream.new',
  15: 'stream.read',
  16: 'stream.write', // 0x10
  17: 'stream.cancel-read',
  18: 'stream.cancel-write',
  19: 'stream.drop-readable',
  20: 'stream.drop-writable',
  21: 'future.new',
  22: 'future.read',
  23: 'future.write',
  24: 'future.cancel-read',
  25: 'future.cancel-write',
  26: 'future.drop-readable',
  27: 'future.drop-writable',
  28: 'error-context.new',
  29: 'error-context.debug-message',
  30: 'error-context.drop',
  31: 'waitable-set.new',
  32: 'waitable-set.wait', // 0x20
  33: 'waitable-set.poll',
  34: 'waitable-set.drop',
  35: 'waitable.join',
  36: 'backpressure.inc',
  37: 'backpressure.dec',
  38: 'thread.index',
  39: 'thread.new-indirect',
  40: 'thread.resume-later',
  41: 'thread.suspend',
  42: 'thread.suspend-then-resume',
  43: 'thread.yield-then-resume',
  44: 'thread.suspend-then-promote',
  45: 'thread.yield-then-promote',
  64: 'thread.spawn-ref', // 0x40
  65: 'thread.spawn-indirect',
  66: 'thread.available-parallelism',
};

const ENCODINGS = ['utf8', 'utf16', 'latin1+utf16'] as const;

/** Throws REGISTRY_REJECTED — an unknown or repeated option; REGISTRY_UNSUPPORTED — `async` and `callback`. */
function readOptions(reader: ByteReader, scope: Scope): CanonOptions {
  let encoding: CanonOptions['encoding'] = 'utf8';
  let memory: number | undefined;
  let realloc: number | undefined;
  let postReturn: number | undefined;
  let seen = 0;
  for (let left = reader.count('canonical options'); left > 0; left--) {
    const offset = reader.offset;
    const code = reader.byte('a canonical option');
    if (code === 0x06) unsupportedAt(offset, 'the canonical option async');
    if (code === 0x07) unsupportedAt(offset, 'the canonical option callback');
    if (code > 0x07) rejectAt(offset, `0x${code.toString(16)} is not a canonical option`);
    // The three encodings exclude each other, so they share a bit.
    const bit = 1 << Math.max(code, 2);
    if ((seen & bit) !== 0) rejectAt(offset, 'a canonical option is given twice');
    seen |= bit;
    if (code <= 0x02) encoding = ENCODINGS[code] ?? 'utf8';
    else if (code === 0x03) memory = readIndex(reader, scope, 'core memory');
    else if (code === 0x04) realloc = readIndex(reader, scope, 'core func');
    else postReturn = readIndex(reader, scope, 'core func');
  }
  return { encoding, memory, realloc, postReturn };
}

/** Reads one canonical function and adds what it defines to the scope. */
export function readCanon(reader: ByteReader, scope: Scope): Canon {
  const offset = reader.offset;
  const code = reader.byte('a canonical function');
  if (code === 0x00 || code === 0x01) {
    if (reader.byte('the sort of a canonical function') !== 0x00)
      rejectAt(offset, 'only functions are lifted and lowered');
    if (code === 0x00) {
      const core = readIndex(reader, scope, 'core func');
      const options = readOptions(reader, scope);
      const type = readIndex(reader, scope, 'type');
      scope.counts.func++;
      return { kind: 'lift', core, type, options };
    }
    const func = readIndex(reader, scope, 'func');
    const options = readOptions(reader, scope);
    scope.counts['core func']++;
    return { kind: 'lower', func, options };
  }
  if (code === 0x02 || code === 0x03 || code === 0x04) {
    const type = readIndex(reader, scope, 'type');
    scope.counts['core func']++;
    const builtin = code === 0x02 ? 'new' : code === 0x03 ? 'drop' : 'rep';
    return { kind: 'resource', builtin, type };
  }
  const name = ASYNC_BUILTINS[code];
  if (name !== undefined) unsupportedAt(offset, `the asynchronous builtin ${name}`);
  return rejectAt(offset, `0x${code.toString(16)} is not a canonical function`);
}
