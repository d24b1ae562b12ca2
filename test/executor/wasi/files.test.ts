import { describe, expect, it } from 'vitest';
import { GuestTrap } from '../../../host/executor/imports.ts';
import { ENTRY_BYTES, PAGE_BYTES } from '../../../host/executor/wasi/file-tree.ts';
import { createFakeCell, type FakeCell, text, toText } from './fake-cell.ts';

const D = 'wasi:filesystem/types#[method]descriptor.';
const IN = 'wasi:io/streams#[method]input-stream.';
const OUT = 'wasi:io/streams#[method]output-stream.';
const OK = { tag: 'ok' };
const err = (val: string) => ({ tag: 'err', val });

// biome-ignore lint/suspicious/noExplicitAny: a descriptor is the host's own object, opaque to a guest
type Descriptor = any;

function stage(maxBytes = 1_000_000): { cell: FakeCell; root: Descriptor } {
  const cell = createFakeCell({ grants: { files: { maxBytes }, clock: { resolutionMs: 1 } } });
  const [[root]] = cell.call('wasi:filesystem/preopens#get-directories');
  return { cell, root };
}

const openAt = (
  cell: FakeCell,
  base: Descriptor,
  path: string,
  open: string[] = [],
  flags = ['read', 'write'],
) => cell.call(`${D}open-at`, base, ['symlink-follow'], path, open, flags);
const create = (cell: FakeCell, base: Descriptor, path: string, contents = ''): Descriptor => {
  const { val } = openAt(cell, base, path, ['create']);
  cell.call(`${D}write`, val, text(contents), 0n);
  return val;
};
const read = (cell: FakeCell, file: Descriptor): string =>
  toText(cell.call(`${D}read`, file, 1000n, 0n).val[0]);
const list = (cell: FakeCell, directory: Descriptor): string[] => {
  const stream = cell.call(`${D}read-directory`, directory).val;
  const names: string[] = [];
  for (;;) {
    const { val } = cell.call(
      'wasi:filesystem/types#[method]directory-entry-stream.read-directory-entry',
      stream,
    );
    if (val === undefined) break;
    names.push(`${val.name} ${val.type}`);
  }
  cell.drop('wasi:filesystem/types#directory-entry-stream', stream);
  return names.sort();
};

describe('paths', () => {
  it.each([
    ['', 'no-entry'],
    ['/', 'not-permitted'],
    ['/etc/passwd', 'not-permitted'],
    ['..', 'not-permitted'],
    ['../x', 'not-permitted'],
    ['d/../../x', 'not-permitted'],
    ['d/../d/../..', 'not-permitted'],
    ['none/..', 'no-entry'],
    ['f/..', 'not-directory'],
    ['f/', 'not-directory'],
    ['f/x', 'not-directory'],
    ['f/.', 'not-directory'],
    ['none', 'no-entry'],
    ['a\0b', 'invalid'],
    ['n'.repeat(256), 'name-too-long'],
    ['é'.repeat(128), 'name-too-long'],
    ['d/'.repeat(2049), 'name-too-long'],
  ])('%j leads nowhere: %s', (path, code) => {
    const { cell, root } = stage();
    cell.call(`${D}create-directory-at`, root, 'd');
    create(cell, root, 'f');
    expect(cell.call(`${D}stat-at`, root, [], path)).toEqual(err(code));
    expect(openAt(cell, root, path, [], ['read'])).toEqual(err(code));
  });

  it.each(['d', './d', 'd/', 'd//.', 'd/../d', 'd/e/..', 'd/./e/../../d/.'])(
    '%j leads to the directory',
    (path) => {
      const { cell, root } = stage();
      cell.call(`${D}create-directory-at`, root, 'd');
      cell.call(`${D}create-directory-at`, root, 'd/e');
      const directory = openAt(cell, root, 'd', ['directory'], ['read']).val;
      const { val } = openAt(cell, root, path, ['directory'], ['read']);
      expect(cell.call(`${D}is-same-object`, val, directory)).toBe(true);
    },
  );

  it('do not lead out of a directory below the root either', () => {
    const { cell, root } = stage();
    cell.call(`${D}create-directory-at`, root, 'd');
    create(cell, root, 'secret', 'x');
    const directory = openAt(cell, root, 'd', ['directory'], ['read']).val;
    expect(openAt(cell, directory, '../secret')).toEqual(err('not-permitted'));
    expect(openAt(cell, directory, '/secret')).toEqual(err('not-permitted'));
    expect(cell.call(`${D}rename-at`, root, 'secret', directory, '../there')).toEqual(err('not-permitted'));
  });

  it('are names and nothing more: what objects have by themselves is no file', () => {
    const { cell, root } = stage();
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect(cell.call(`${D}stat-at`, root, [], name)).toEqual(err('no-entry'));
    create(cell, root, '__proto__', 'file');
    expect(list(cell, root)).toEqual(['__proto__ regular-file']);
  });
});

describe('opening', () => {
  it('makes, truncates and refuses as the flags say', () => {
    const { cell, root } = stage();
    cell.call(`${D}create-directory-at`, root, 'd');
    const file = create(cell, root, 'f', 'contents');
    expect(openAt(cell, root, 'f', ['create', 'exclusive'])).toEqual(err('exist'));
    expect(openAt(cell, root, 'f', ['directory'])).toEqual(err('not-directory'));
    expect(openAt(cell, root, 'd', [], ['read', 'write'])).toEqual(err('is-directory'));
    expect(openAt(cell, root, 'd', ['create'], ['read'])).toEqual(err('is-directory'));
    expect(openAt(cell, root, 'new/', ['create'])).toEqual(err('is-directory'));
    expect(openAt(cell, root, 'new', ['create', 'directory'])).toEqual(err('invalid'));
    expect(openAt(cell, root, 'f', ['truncate'], ['read'])).toEqual(err('invalid'));
    expect(openAt(cell, file, 'x')).toEqual(err('not-directory'));
    expect(read(cell, file)).toBe('contents');
    openAt(cell, root, 'f', ['truncate']);
    expect(read(cell, file)).toBe('');
  });

  it('gives only the rights that were asked for', () => {
    const { cell, root } = stage();
    create(cell, root, 'f', 'contents');
    const reader = openAt(cell, root, 'f', [], ['read']).val;
    const writer = openAt(cell, root, 'f', [], ['write']).val;
    expect(cell.call(`${D}get-flags`, reader)).toEqual({ tag: 'ok', val: ['read'] });
    expect(cell.call(`${D}write`, reader, text('x'), 0n)).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}set-size`, reader, 0n)).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}write-via-stream`, reader, 0n)).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}append-via-stream`, reader)).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}read`, writer, 1n, 0n)).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}read-via-stream`, writer, 0n)).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}read`, root, 1n, 0n)).toEqual(err('is-directory'));
    expect(cell.call(`${D}set-times`, reader, { tag: 'now' }, { tag: 'now' })).toEqual(err('not-permitted'));
  });

  it('of a directory lets change what is in it, as far as the directory above did', () => {
    const { cell, root } = stage();
    cell.call(`${D}create-directory-at`, root, 'd');
    const directory = openAt(cell, root, 'd', ['directory'], ['read']).val;
    expect(openAt(cell, directory, 'f', ['create']).tag).toBe('ok');
    expect(cell.call(`${D}unlink-file-at`, directory, 'f')).toEqual(OK);
  });
});

describe('files', () => {
  it('keep what is written, with zeros in the gaps', () => {
    const { cell, root } = stage();
    const file = create(cell, root, 'f');
    cell.call(`${D}write`, file, text('end'), BigInt(2 * PAGE_BYTES - 1));
    const [bytes, isEnd] = cell.call(`${D}read`, file, 100_000n, 0n).val;
    expect(isEnd).toBe(true);
    expect(bytes).toEqual(Uint8Array.from([...new Uint8Array(2 * PAGE_BYTES - 1), ...text('end')]));
    expect(cell.call(`${D}read`, file, 2n, BigInt(2 * PAGE_BYTES)).val).toEqual([text('nd'), true]);
    expect(cell.call(`${D}read`, file, 9n, 2n ** 64n - 1n).val).toEqual([new Uint8Array(0), true]);
    expect(cell.call(`${D}read`, file, 0n, 0n).val).toEqual([new Uint8Array(0), false]);
  });

  it('show zeros, not their old contents, when they grow again', () => {
    const { cell, root } = stage();
    const file = create(cell, root, 'f', 'secret');
    cell.call(`${D}set-size`, file, 1n);
    cell.call(`${D}set-size`, file, 6n);
    expect(read(cell, file)).toBe('s\0\0\0\0\0');
  });

  it('are read and written through streams', () => {
    const { cell, root } = stage();
    const file = create(cell, root, 'f', 'hello');
    const append = cell.call(`${D}append-via-stream`, file).val;
    cell.call(`${OUT}blocking-write-and-flush`, append, text(' world'));
    const overwrite = cell.call(`${D}write-via-stream`, file, 1n).val;
    cell.call(`${OUT}blocking-write-and-flush`, overwrite, text('E'));
    cell.call(`${OUT}blocking-write-and-flush`, overwrite, text('L'));
    cell.call(`${OUT}blocking-write-and-flush`, append, text('!'));
    const input = cell.call(`${D}read-via-stream`, file, 1n).val;
    expect(toText(cell.call(`${IN}blocking-read`, input, 100n).val)).toBe('ELlo world!');
    expect(cell.call(`${IN}blocking-read`, input, 100n)).toEqual({ tag: 'err', val: { tag: 'closed' } });
  });

  it('live on without a name as long as somebody has them open', () => {
    const { cell, root } = stage(3 * PAGE_BYTES);
    const file = create(cell, root, 'f', 'x'.repeat(2 * PAGE_BYTES));
    const input = cell.call(`${D}read-via-stream`, file, 0n).val;
    cell.call(`${D}unlink-file-at`, root, 'f');
    expect(cell.call(`${D}stat`, file).val).toMatchObject({ 'link-count': 0n, size: BigInt(2 * PAGE_BYTES) });
    cell.drop('wasi:filesystem/types#descriptor', file);
    expect(cell.call(`${IN}read`, input, 3n).val).toEqual(text('xxx'));
    const other = create(cell, root, 'g');
    const large = new Uint8Array(2 * PAGE_BYTES);
    expect(cell.call(`${D}write`, other, large, 0n)).toEqual(err('insufficient-space'));
    cell.drop('wasi:io/streams#input-stream', input);
    expect(cell.call(`${D}write`, other, large, 0n)).toEqual({ tag: 'ok', val: BigInt(large.length) });
  });

  it('have times, sizes, and a hash that changes when they do', async () => {
    const { cell, root } = stage();
    const file = create(cell, root, 'f', 'abc');
    const now = { seconds: 1000n, nanoseconds: 0 };
    expect(cell.call(`${D}stat-at`, root, [], 'f').val).toEqual({
      type: 'regular-file',
      'link-count': 1n,
      size: 3n,
      'data-access-timestamp': now,
      'data-modification-timestamp': now,
      'status-change-timestamp': now,
    });
    const before = cell.call(`${D}metadata-hash`, file).val;
    expect(cell.call(`${D}metadata-hash-at`, root, [], 'f').val).toEqual(before);
    await cell.clock.advance(5);
    cell.call(`${D}write`, file, text('d'), 3n);
    expect(cell.call(`${D}metadata-hash`, file).val).not.toEqual(before);
    expect(cell.call(`${D}stat`, file).val['data-modification-timestamp'].nanoseconds).toBe(5_000_000);
    const set = { tag: 'timestamp', val: { seconds: 5n, nanoseconds: 6 } };
    expect(cell.call(`${D}set-times-at`, root, [], 'f', { tag: 'no-change' }, set)).toEqual(OK);
    expect(cell.call(`${D}set-times`, file, { tag: 'now' }, { tag: 'no-change' })).toEqual(OK);
    expect(cell.call(`${D}stat`, file).val).toMatchObject({
      'data-access-timestamp': { nanoseconds: 5_000_000 },
      'data-modification-timestamp': set.val,
    });
  });

  it('have no times for a guest without a clock', () => {
    const cell = createFakeCell({ grants: { files: { maxBytes: 10_000 } } });
    const [[root]] = cell.call('wasi:filesystem/preopens#get-directories');
    expect(cell.call(`${D}stat`, root).val['data-access-timestamp']).toBeUndefined();
  });

  it('take advice, and syncing is nothing to do', () => {
    const { cell, root } = stage();
    const file = create(cell, root, 'f');
    expect(cell.call(`${D}advise`, file, 0n, 0n, 'normal')).toEqual(OK);
    expect(cell.call(`${D}advise`, root, 0n, 0n, 'normal')).toEqual(err('bad-descriptor'));
    expect(cell.call(`${D}sync`, file)).toEqual(OK);
    expect(cell.call(`${D}sync-data`, file)).toEqual(OK);
    expect(cell.call(`${D}get-type`, file)).toEqual({ tag: 'ok', val: 'regular-file' });
  });
});

describe('directories', () => {
  it('are listed without themselves and their parents', () => {
    const { cell, root } = stage();
    cell.call(`${D}create-directory-at`, root, 'd');
    create(cell, root, 'f');
    expect(list(cell, root)).toEqual(['d directory', 'f regular-file']);
    expect(cell.call(`${D}read-directory`, create(cell, root, 'g'))).toEqual(err('not-directory'));
  });

  it('are made and removed by the rules', () => {
    const { cell, root } = stage();
    expect(cell.call(`${D}create-directory-at`, root, 'd/')).toEqual(OK);
    expect(cell.call(`${D}create-directory-at`, root, 'd')).toEqual(err('exist'));
    expect(cell.call(`${D}create-directory-at`, root, '.')).toEqual(err('exist'));
    expect(cell.call(`${D}create-directory-at`, root, 'x/y')).toEqual(err('no-entry'));
    create(cell, root, 'd/f');
    expect(cell.call(`${D}remove-directory-at`, root, 'd')).toEqual(err('not-empty'));
    expect(cell.call(`${D}unlink-file-at`, root, 'd')).toEqual(err('is-directory'));
    expect(cell.call(`${D}unlink-file-at`, root, 'd/.')).toEqual(err('is-directory'));
    expect(cell.call(`${D}remove-directory-at`, root, 'd/f')).toEqual(err('not-directory'));
    expect(cell.call(`${D}unlink-file-at`, root, 'd/f')).toEqual(OK);
    expect(cell.call(`${D}remove-directory-at`, root, '.')).toEqual(err('invalid'));
    const open = openAt(cell, root, 'd', ['directory'], ['read']).val;
    expect(cell.call(`${D}remove-directory-at`, root, 'd')).toEqual(OK);
    expect(openAt(cell, open, 'f', ['create'])).toEqual(err('no-entry'));
    expect(cell.call(`${D}create-directory-at`, open, 'e')).toEqual(err('no-entry'));
    expect(cell.call(`${D}remove-directory-at`, root, 'd')).toEqual(err('no-entry'));
  });

  it('are never moved into themselves', () => {
    const { cell, root } = stage();
    for (const path of ['a', 'a/b', 'a/b/c']) cell.call(`${D}create-directory-at`, root, path);
    const inner = openAt(cell, root, 'a/b/c', ['directory'], ['read']).val;
    expect(cell.call(`${D}rename-at`, root, 'a', root, 'a/b/x')).toEqual(err('invalid'));
    expect(cell.call(`${D}rename-at`, root, 'a', inner, 'x')).toEqual(err('invalid'));
    expect(cell.call(`${D}rename-at`, root, 'a', root, 'a')).toEqual(OK);
    expect(cell.call(`${D}rename-at`, root, '.', root, 'x')).toEqual(err('invalid'));
    expect(cell.call(`${D}rename-at`, root, 'a/b', root, 'b')).toEqual(OK);
    expect(cell.call(`${D}rename-at`, root, 'a', inner, 'x')).toEqual(OK);
    expect(cell.call(`${D}stat-at`, root, [], 'b/c/x')).toMatchObject({ tag: 'ok' });
  });

  it('and files replace each other in a move only where they are of a kind', () => {
    const { cell, root } = stage();
    for (const path of ['d', 'e', 'full']) cell.call(`${D}create-directory-at`, root, path);
    create(cell, root, 'full/x');
    create(cell, root, 'f', 'f');
    create(cell, root, 'g', 'g');
    const rename = (from: string, to: string) => cell.call(`${D}rename-at`, root, from, root, to);
    expect(rename('f', 'd')).toEqual(err('is-directory'));
    expect(rename('d', 'f')).toEqual(err('not-directory'));
    expect(rename('d', 'full')).toEqual(err('not-empty'));
    expect(rename('f', 'h/')).toEqual(err('not-directory'));
    expect(rename('none', 'x')).toEqual(err('no-entry'));
    expect(rename('d', 'e')).toEqual(OK);
    expect(rename('f', 'g')).toEqual(OK);
    expect(read(cell, openAt(cell, root, 'g').val)).toBe('f');
    expect(list(cell, root)).toEqual(['e directory', 'full directory', 'g regular-file']);
  });

  it('have no links of either kind', () => {
    const { cell, root } = stage();
    create(cell, root, 'f');
    expect(cell.call(`${D}symlink-at`, root, '/etc/passwd', 'l')).toEqual(err('not-permitted'));
    expect(cell.call(`${D}link-at`, root, [], 'f', root, 'l')).toEqual(err('not-permitted'));
    expect(cell.call(`${D}readlink-at`, root, 'f')).toEqual(err('invalid'));
    expect(cell.call(`${D}readlink-at`, root, 'l')).toEqual(err('no-entry'));
  });
});

describe('the quota', () => {
  it('counts contents by pages and names by entries', () => {
    const { cell, root } = stage(2 * PAGE_BYTES + 3 * (ENTRY_BYTES + 1));
    const file = create(cell, root, 'a', 'x');
    create(cell, root, 'b', 'x');
    cell.call(`${D}create-directory-at`, root, 'c');
    expect(openAt(cell, root, 'd', ['create'])).toEqual(err('insufficient-space'));
    expect(cell.call(`${D}create-directory-at`, root, 'd')).toEqual(err('insufficient-space'));
    expect(cell.call(`${D}write`, file, text('y'), BigInt(PAGE_BYTES))).toEqual(err('insufficient-space'));
    expect(cell.call(`${D}rename-at`, root, 'a', root, 'longer')).toEqual(err('insufficient-space'));
    expect(cell.call(`${D}write`, file, text('y'), 2n ** 64n - 1n)).toEqual(err('file-too-large'));
    expect(cell.call(`${D}set-size`, file, 2n ** 62n)).toEqual(err('file-too-large'));
    cell.call(`${D}set-size`, file, 0n);
    expect(cell.call(`${D}rename-at`, root, 'a', root, 'longer')).toEqual(OK);
  });

  it('is told by a stream as the code of the file system', () => {
    const { cell, root } = stage(PAGE_BYTES);
    const output = cell.call(`${D}append-via-stream`, create(cell, root, 'f')).val;
    const { val } = cell.call(`${OUT}blocking-write-and-flush`, output, text('x'.repeat(PAGE_BYTES)));
    expect(cell.call('wasi:filesystem/types#filesystem-error-code', val.val)).toBe('insufficient-space');
  });

  it('does not bound open descriptors: those end the guest', () => {
    const { cell, root } = stage();
    create(cell, root, 'f');
    expect(() => {
      for (;;) openAt(cell, root, 'f');
    }).toThrow(GuestTrap);
  });
});
