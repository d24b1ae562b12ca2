/** `hotcell copybook`: files and pipes, options, mistakes shown where they are, and that an output file is whole or not there. */

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { withExcerpt } from '../../host/cli/copybook-print.ts';
import type { HostConfig } from '../../host/config.ts';
import { HostError } from '../../host/errors.ts';
import type { Call, Host } from '../../host/types.ts';
import {
  createFakeCells,
  fixedRecords,
  INVALID,
  lines,
  range,
  variableRecords,
} from '../copybook/fake-cells.ts';
import { folder, stage, useFolders } from './stage.ts';

useFolders();

const at = (name: string): string => join(folder, name);

/** A command line over readable cells. */
function scene(given: Parameters<typeof stage>[0] = {}) {
  const cells = createFakeCells();
  const close = async (): Promise<void> => {};
  const host = { ...cells.host, close } as unknown as Host;
  const createHost = async (_config: HostConfig, only?: readonly string[]): Promise<Host> => {
    expect(only).toEqual(['copybook']);
    return host;
  };
  return { cells, ...stage({ createHost, ...given }) };
}

/** What a call said of the copybook. */
function specificationOf(call: Call | undefined) {
  const bytes = Buffer.from(call?.payload ?? []);
  return JSON.parse(bytes.toString('utf8', 4, 4 + bytes.readUInt32LE(0)));
}

const pipe = (bytes: Uint8Array) =>
  (async function* () {
    for (let from = 0; from < bytes.length; from += 1000) yield bytes.subarray(from, from + 1000);
  })();

beforeEach(() => {
  writeFileSync(at('r.cpy'), 'FIXED');
  writeFileSync(at('v.cpy'), 'VARIABLE');
});

describe('files and pipes', () => {
  test('records become a file of rows, and rows the same records', async () => {
    writeFileSync(at('data'), fixedRecords(range(100_000)));
    const decoding = scene();
    expect(await decoding.run('copybook', 'decode', 'r.cpy', 'data', '--out', 'rows')).toBe(0);
    expect(readFileSync(at('rows'), 'utf8')).toBe(lines(range(100_000)));
    expect(await scene().run('copybook', 'encode', 'r.cpy', 'rows', '--out', 'back')).toBe(0);
    expect(readFileSync(at('back'))).toEqual(readFileSync(at('data')));
    expect(decoding.out() + decoding.err()).toBe('');
  });

  test('a pipe is decoded to standard output, without header and footer, as far as asked', async () => {
    const bytes = Buffer.concat([Buffer.from('HEAD'), fixedRecords(range(50)), Buffer.from('FT')]);
    const flags = ['--header-bytes', '4', '--footer-bytes', '2', '--rows', '7'];
    const { run, out, err } = scene({ stdin: pipe(bytes) });
    expect(await run('copybook', 'decode', 'r.cpy', '-', ...flags, '--format', 'json')).toBe(0);
    expect(JSON.parse(out())).toEqual(range(7).map((N) => ({ N })));
    expect(err()).toBe('');
  });

  test('progress is drawn where people look, and not among rows', async () => {
    writeFileSync(at('data'), fixedRecords(range(100)));
    for (const [args, isDrawn] of [
      [['--out', 'rows'], true],
      [[], false],
    ] as const) {
      const shown: string[] = [];
      const stderr = { isTTY: true, write: (text: string) => shown.push(text) };
      const stdout = { isTTY: true, write: (_: unknown, done?: () => void) => done?.() };
      expect(await scene({ stderr, stdout }).run('copybook', 'decode', 'r.cpy', 'data', ...args)).toBe(0);
      expect(shown.join('').includes('100 %')).toBe(isDrawn);
    }
  });
});

describe('an output file is not there', () => {
  test('after a broken record, whose place is said', async () => {
    writeFileSync(at('data'), fixedRecords([1, 2, INVALID]));
    const { run, err } = scene();
    expect(await run('copybook', 'decode', 'r.cpy', 'data', '--out', 'rows')).toBe(1);
    expect(err()).toBe('COPYBOOK_DATA: record 2, offset 8, field N: no number\n');
    expect(readdirSync(folder).sort()).toEqual(['data', 'r.cpy', 'v.cpy']);
  });

  test('after a signal, however long the input is silent', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const stdin = (async function* () {
      yield fixedRecords([1]);
      ask();
      await new Promise<never>(() => {});
    })();
    const { run, signal, err, events } = scene({ stdin });
    const ended = run('copybook', 'decode', 'r.cpy', '-', '--out', 'rows');
    await asked;
    signal('SIGINT');
    expect(await ended).toBe(1);
    expect(err()).toContain('COPYBOOK_CLOSED: SIGINT');
    expect(readdirSync(folder).sort()).toEqual(['r.cpy', 'v.cpy']);
    expect(events).toContain('exit 1');
  });
});

test('--force replaces files: no folder, and no device that a path leads to', async () => {
  writeFileSync(at('data'), fixedRecords([1]));
  symlinkSync('/dev/null', at('device'));
  for (const target of [folder, at('device')]) {
    const { run, err } = scene();
    expect(await run('copybook', 'decode', 'r.cpy', 'data', '--out', target, '--force')).toBe(1);
    expect(err()).toContain('only a file can be replaced');
  }
  expect(readdirSync(folder).sort()).toEqual(['data', 'device', 'r.cpy', 'v.cpy']);
});

describe('options', () => {
  test('a flag beats --option, which beats the file, which beats what was detected', async () => {
    writeFileSync(at('data'), variableRecords([3]));
    writeFileSync(at('o.json'), '{"trim":"none","codePage":"cp500","recordFormat":"D"}');
    const { run, cells } = scene();
    const flags = ['--options', 'o.json', '--option', 'trim=both', '--option', 'codePage=cp273'];
    const more = ['--code-page', 'cp1047', '--fields', 'A, B.C', '--option', 'recordLength=80', '--detect'];
    expect(await run('copybook', 'decode', 'v.cpy', 'data', ...flags, ...more)).toBe(0);
    expect(specificationOf(cells.calls.findLast(({ operation }) => operation === 'decode')).options).toEqual({
      trim: 'both',
      codePage: 'cp1047',
      recordFormat: 'D',
      recordLength: 80,
      fields: ['A', 'B.C'],
      rdw: { endian: 'little' },
      output: 'jsonl',
    });
  });

  test('copies are read from files named and from folders, and what they copy too', async () => {
    mkdirSync(at('lib'));
    writeFileSync(at('r.cpy'), 'COPY ONE. COPY "TWO". COPY four REPLACING A BY B. COPY NONE.');
    writeFileSync(at('one'), '1');
    writeFileSync(at('lib/TWO.cpy'), 'COPY THREE. COPY TWO.');
    writeFileSync(at('lib/three.cbl'), Buffer.from([0x33, 0xfc]));
    writeFileSync(at('lib/FOUR'), '4');
    writeFileSync(at('lib/unused.cpy'), 'x');
    const { run, cells } = scene();
    await run('copybook', 'layout', 'r.cpy', '--copy', 'ONE=one', '--copy-dir', 'lib');
    expect(specificationOf(cells.calls[0]).copies).toEqual({
      ONE: '1',
      TWO: 'COPY THREE. COPY TWO.',
      THREE: '3ü',
      four: '4',
    });
  });

  test.each([
    [['decode', 'none.cpy', 'data'], 1, 'CONFIG_INVALID: none.cpy cannot be read (ENOENT)'],
    [['decode', 'r.cpy', 'none'], 1, 'CONFIG_INVALID: none cannot be read (ENOENT)'],
    [['detect', 'r.cpy', 'none'], 1, 'CONFIG_INVALID: none cannot be read (ENOENT)'],
    [['decode', 'r.cpy', 'data', '--out', 'data'], 1, 'CONFIG_INVALID: data exists: --force replaces it'],
    [['decode', 'r.cpy', 'data', '--option', 'trim'], 1, 'CONFIG_INVALID: --option trim: it has the form'],
    [['decode', 'r.cpy', 'data', '--options', 'r.cpy'], 1, 'CONFIG_INVALID: r.cpy is not JSON'],
    [['decode', 'r.cpy', 'data', '--copy', 'A'], 1, 'CONFIG_INVALID: --copy A: it has the form'],
    [['decode', 'r.cpy', 'data', '--rows', '0'], 2, 'whole number from 1'],
    [['decode', 'r.cpy', 'data', '--format', 'xml'], 2, 'Allowed choices'],
    [['decode', 'r.cpy'], 2, 'missing required argument'],
  ])('%j is refused', async (args, code, text) => {
    writeFileSync(at('data'), '');
    const { run, err, cells } = scene();
    expect(await run('copybook', ...args)).toBe(code);
    expect(err()).toContain(text);
    expect(cells.calls).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['data', 'r.cpy', 'v.cpy']);
  });

  test.each([
    ['encode', []],
    ['decode', ['--format', 'arrow']],
  ])('%s %j does not go to a terminal', async (direction, flags) => {
    writeFileSync(at('data'), '');
    const stdout = { isTTY: true, write: () => expect.unreachable() };
    const { run, err } = scene({ stdout });
    expect(await run('copybook', direction, 'r.cpy', 'data', ...flags)).toBe(1);
    expect(err()).toContain('name a file with --out');
  });
});

test('a layout is a table, JSON, or a schema', async () => {
  const shown = async (...flags: string[]) => {
    const { run, out } = scene();
    expect(await run('copybook', 'layout', 'r.cpy', ...flags)).toBe(0);
    return out();
  };
  expect(await shown()).toBe(
    'A record has 4 bytes.\n\n' +
      'LEVEL  NAME  PICTURE  USAGE   OFFSET  LENGTH  TYPE    OCCURS\n' +
      '05     N     9(9)     BINARY  0       4       binary\n',
  );
  expect(JSON.parse(await shown('--json')).items[0].name).toBe('N');
  expect(JSON.parse(await shown('--schema'))).toEqual({ type: 'object' });
});

test('detection says what, why, and how to decode', async () => {
  writeFileSync(at('data'), variableRecords([3, 4]));
  const { run, out } = scene();
  expect(await run('copybook', 'detect', 'r.cpy', 'data')).toBe(0);
  expect(out()).toBe(
    'V (confidence 0.9)\n  7 bytes\nDecode with\n' +
      '  --option \'recordFormat=V\'\n  --option \'rdw={"endian":"little"}\'\n',
  );
});

test('detection of a pipe loses nothing of it', async () => {
  const { run, out, cells } = scene({ stdin: pipe(fixedRecords(range(200_000))) });
  expect(await run('copybook', 'decode', 'r.cpy', '-', '--detect')).toBe(0);
  expect(out()).toBe(lines(range(200_000)));
  expect(cells.calls[0]?.operation).toBe('detect');
});

test('a file that no record format fits is not decoded by a guess', async () => {
  writeFileSync(at('data'), 'abc');
  const decoding = scene();
  expect(await decoding.run('copybook', 'decode', 'r.cpy', 'data', '--detect')).toBe(1);
  expect(decoding.err()).toBe('CONFIG_INVALID: no record format fits data: name one with --record-format\n');
  const detecting = scene();
  expect(await detecting.run('copybook', 'detect', 'r.cpy', 'data')).toBe(0);
  expect(detecting.out()).toBe('No record format fits. The nearest is V:\n  3 bytes\n');
});

describe('a mistake in a copybook', () => {
  test('is shown with its line and a caret beneath the column', async () => {
    writeFileSync(at('bad.cpy'), 'BROKEN');
    const { run, err } = scene();
    expect(await run('copybook', 'layout', 'bad.cpy')).toBe(1);
    expect(err()).toBe(
      'COPYBOOK_SYNTAX: line 1, column 1: not a clause: BROKEN\n  bad.cpy:1:1 \n\n    BROKEN\n    ^\n',
    );
  });

  test.each([
    [2, 5, 'in a tab', '\n\n            05 B X.\n        ^'],
    [2, 16, 'at the end of a line', '\n\n            05 B X.\n                   ^'],
    [2, 40, 'behind a line', undefined],
    [9, 1, 'behind the end', undefined],
  ])('in line %d, column %d: %s', (line, column, _what, excerpt) => {
    const error = new HostError('COPYBOOK_SYNTAX', 'x', { place: { line, column } });
    const shown = withExcerpt(error, 'f', { copybook: '01 A.\r\n\t05 B X.' }) as HostError;
    expect(shown.problems?.[0]?.message).toBe(excerpt);
  });

  test('in a text that it copies is shown in that text, not in the line of the same number', () => {
    const detail = 'line 1, column 6: in COPY INNER: not a clause';
    const error = new HostError('COPYBOOK_SYNTAX', detail, { place: { line: 1, column: 6 } });
    const given = { copybook: '01 A. COPY INNER.', copies: { inner: '05 B X.' } };
    const shown = withExcerpt(error, 'f', given) as HostError;
    expect(shown.problems?.[0]).toEqual({ at: 'COPY INNER:1:6', message: '\n\n    05 B X.\n         ^' });
    expect(withExcerpt(error, 'f', { copybook: given.copybook })).toBe(error);
  });

  test('elsewhere is left as it is', () => {
    const error = new HostError('COPYBOOK_DATA', 'x', { place: { record: 1 } });
    expect(withExcerpt(error, 'f', { copybook: '' })).toBe(error);
  });
});
