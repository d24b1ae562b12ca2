/** Archives: what is written is read back and is what `tar` itself reads; everything but plain files is refused. */

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { FILES_MAX_COUNT, readTar, writeTar } from '../../host/package/tar.ts';
import { type RawEntry, rawTar } from './raw-tar.ts';

const file = (name: string, bytes: Uint8Array = Buffer.from(name)): RawEntry => ({ name, bytes });

function refusal(archive: Uint8Array): HostError {
  try {
    readTar(archive);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('what is written', () => {
  test('is read back, whatever is in it', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/);
    const bytes = fc.uint8Array({ maxLength: 1100 });
    const lists = fc.uniqueArray(fc.record({ name, bytes }), {
      selector: (one) => one.name,
      maxLength: FILES_MAX_COUNT,
    });
    fc.assert(
      fc.property(lists, (files) => {
        const read = [...readTar(writeTar(files))].map(([name, bytes]) => [name, [...bytes]]);
        expect(read).toEqual(files.map(({ name, bytes }) => [name, [...bytes]]));
      }),
    );
  });

  test('is the same each time, and what the tar of the system reads', () => {
    const files = [
      { name: 'a.txt', bytes: Buffer.from('alpha') },
      { name: 'empty', bytes: new Uint8Array() },
      { name: 'block', bytes: new Uint8Array(512).fill(7) },
    ];
    expect(writeTar(files)).toEqual(writeTar(files));
    const listed = execFileSync('tar', ['-tvf', '-'], { input: writeTar(files), encoding: 'utf8' });
    expect(listed.match(/\b(5|0|512) 1970-01-01 \d\d:\d\d (a\.txt|empty|block)$/gm)).toHaveLength(3);
    expect(execFileSync('tar', ['-xOf', '-', 'a.txt'], { input: writeTar(files) }).toString()).toBe('alpha');
  });

  test('is never read wrongly after any bit of it was turned', () => {
    const archive = writeTar([{ name: 'a', bytes: Buffer.from('alpha') }]);
    const whole = [...readTar(archive)];
    fc.assert(
      fc.property(fc.nat(512 * 8 - 1), (bit) => {
        const damaged = Buffer.from(archive);
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        try {
          expect([...readTar(damaged)]).toEqual(whole);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PACKAGE_INVALID' });
        }
      }),
    );
  });
});

describe('a stranger’s archive', () => {
  test.each<[string, RawEntry, RegExp]>([
    ['a path that climbs out', file('../../etc/passwd'), /"\.\.\/\.\.\/etc\/passwd" is not a plain name/],
    ['an absolute path', file('/etc/passwd'), /"\/etc\/passwd" is not a plain name/],
    ['a path into a folder', file('a/b'), /"a\/b" is not a plain name/],
    ['a path with backslashes', file('..\\a'), /is not a plain name/],
    ['a hidden name', file('.npmrc'), /is not a plain name/],
    ['no name', file(''), /is not a plain name/],
    ['a name continued in the prefix', { name: 'a', prefix: '../..' }, /"a" is not a plain name/],
    ['a hard link', { name: 'a', type: '1' }, /"a" is not a plain file .*links/],
    ['a symbolic link', { name: 'a', type: '2' }, /"a" is not a plain file/],
    ['a device', { name: 'a', type: '3' }, /"a" is not a plain file/],
    ['a folder', { name: 'a', type: '5' }, /"a" is not a plain file/],
    ['an extended header', { name: 'a', type: 'x' }, /"a" is not a plain file/],
    ['a long name of GNU', { name: 'a', type: 'L' }, /"a" is not a plain file/],
    ['another format', { name: 'a', magic: 'wrong\0' }, /"a" is not of ustar/],
    ['a wrong checksum', { name: 'a', checksum: '000000\0 ' }, /header of "a" is damaged/],
    [
      'a size in base 256',
      { name: 'a', size: '\x80\0\0\0\0\0\0\0\0\0\0\x05' },
      /size of "a" is not a number/,
    ],
    ['a negative size', { name: 'a', size: '-0000000001\0' }, /size of "a" is not a number/],
    ['a size beyond the archive', { name: 'a', size: '77777777777\0' }, /"a" is longer than the archive/],
  ])('with %s is refused, naming the entry', (_what, entry, message) => {
    const error = refusal(rawTar([file('first'), entry]));
    expect(error.code).toBe('PACKAGE_INVALID');
    expect(error.detail).toMatch(message);
  });

  test('with a name twice is refused', () => {
    expect(refusal(rawTar([file('a'), file('b'), file('a')])).detail).toBe('"a" is there twice');
  });

  test('with more files than a package has is refused', () => {
    const many = Array.from({ length: FILES_MAX_COUNT + 1 }, (_, i) => file(`f${i}`));
    expect(refusal(rawTar(many)).code).toBe('PACKAGE_TOO_LARGE');
    expect(readTar(rawTar(many.slice(1))).size).toBe(FILES_MAX_COUNT);
  });

  test('that ends early, or goes on behind its end, is refused', () => {
    const whole = rawTar([file('a')]);
    expect(refusal(whole.subarray(0, 700)).detail).toMatch(/ends within/);
    expect(refusal(rawTar([file('a')], new Uint8Array())).detail).toMatch(/ends within/);
    expect(refusal(Buffer.concat([whole, Buffer.from('more')])).detail).toMatch(/behind the end/);
  });
});
