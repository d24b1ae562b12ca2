/** The specification and its options: what is not right is refused by name. */

import { describe, expect, test } from 'vitest';
import type { Problem } from '../../../crypto-wasm/copybook/face.ts';
import { kernel, layoutOf } from './layout-answers.ts';

const COPYBOOK = '01 R.\n05 N PIC 9.\n05 A PIC X(3).\n05 T PIC X OCCURS 1 TO 2 DEPENDING ON N.';

/** `layout` of a specification as it is, valid or not. */
function ask(specification: string | Uint8Array): Problem | undefined {
  const text = typeof specification === 'string' ? Buffer.from(specification) : specification;
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const answer = kernel.call('layout', Buffer.concat([length, text]));
  return 'problem' in answer ? answer.problem : undefined;
}

const withOptions = (options: unknown): Problem | undefined =>
  ask(JSON.stringify({ copybook: COPYBOOK, options }));

const right: readonly Record<string, unknown>[] = [
  { sourceFormat: 'free', syncDoubleword: 8, smallBinary: 1, nationalIsDbcs: true, nationalEndian: 'little' },
  { codePage: 'cp500', fieldCodePages: { A: 'cp1047', 'r.t': 'ascii' }, trim: 'both', numbers: 'text' },
  { float: 'ieee', floatEndian: 'little', strictSigns: true, blankNumbers: 'invalid', truncateBinary: true },
  { invalid: 'raw', invalidFields: { a: 'null', N: 'error' }, errorColumn: true, keepRoot: true },
  { names: 'underscore', groupFillers: true, valueFillers: true, fillerNames: 'previous', omitNulls: true },
  { groupsAsText: ['R'], fields: ['A', 'R.T'] },
  { recordFormat: 'VB', rdw: { endian: 'little', includesItself: false, adjustment: -4 }, bdw: {} },
  { recordFormat: 'FB', recordLength: 6, blockLength: 12, recordStart: 0, recordEnd: 0 },
  { recordFormat: 'D', recordLengthField: 'A', recordLengthMap: { ABC: 4 } },
  { recordMin: 1, recordMax: 100, odo: 'maximum', recordIds: true },
  { occursMappings: { T: { 1: 1, 2: 2 } }, segmentField: 'A', segmentFilter: ['x'] },
  { output: 'json' },
];

const wrong: readonly (readonly [string, unknown])[] = [
  ['frobnicate', true],
  ['sourceFormat', 'Fixed'],
  ['sourceFormat', 1],
  ['syncDoubleword', 2],
  ['syncDoubleword', '4'],
  ['smallBinary', 0],
  ['strictSigns', 1],
  ['strictSigns', null],
  ['codePage', 'cp9999'],
  ['codePage', 37],
  ['fieldCodePages', { A: 'cp9999' }],
  ['fieldCodePages', { NO: 'cp037' }],
  ['fieldCodePages', ['A']],
  ['invalidFields', { A: 'ignore' }],
  ['invalidFields', { B: 'null' }],
  ['trim', 'up'],
  ['fields', 'A'],
  ['fields', ['A', 1]],
  ['fields', ['R.B']],
  ['groupsAsText', ['NO']],
  ['recordFormat', 'VS'],
  ['recordLength', -1],
  ['recordLength', 1.5],
  ['recordLength', 1e12],
  ['recordLength', true],
  ['rdw', { endian: 'middle' }],
  ['rdw', { size: 4 }],
  ['rdw', 'big'],
  ['recordLengthField', 'NO'],
  ['recordLengthMap', { A: 'x' }],
  ['occursMappings', { A: { X: 1 } }],
  ['occursMappings', { T: { X: 'one' } }],
  ['segmentField', 'NO'],
  ['redefineSegments', { NO: ['A'] }],
  ['redefineSegments', { R: 'A' }],
  ['segmentChildren', { R: ['NO'] }],
  ['segmentIdLevels', ['A']],
  ['output', 'xml'],
];

describe('options', () => {
  test.each(right)('%j are taken', (options) => {
    expect(withOptions(options)).toBeUndefined();
  });

  test.each(wrong)('%s: %j is refused, and the problem names the option', (name, value) => {
    const problem = withOptions({ [name]: value });
    expect(problem).toMatchObject({ code: 'OPTIONS' });
    expect(problem?.message).toContain(name);
  });
});

describe('the specification', () => {
  test.each([
    ['', 'a value is missing'],
    ['[]', 'not an object'],
    ['{}', 'no copybook'],
    ['{"copybook":1}', 'copybook is not a text'],
    ['{"copybook":"","extra":1}', 'extra'],
    ['{"copybook":"","copybook":""}', 'twice'],
    ['{"copybook":"","copies":[]}', 'copies'],
    ['{"copybook":"","copies":{"A":1}}', 'copies.A'],
    ['{"copybook":"","copies":{"A":"","a":""}}', 'twice'],
    ['{"copybook":"","options":[]}', 'options'],
    ['{"copybook":"01 A PIC X."', 'a comma or the end'],
    ['{"copybook":"01 A PIC X."}}', 'something follows'],
    ['{"copybook":"\\q"}', 'escape'],
    ['{"copybook":"\\u12g4"}', 'hexadecimal'],
    ['{"copybook":"\\ud800"}', 'surrogate'],
    ['{"copybook":"\\ud800\\u0041"}', 'surrogate'],
    ['{"copybook":"\\udc00"}', 'surrogate'],
    ['{"copybook":"a\nb"}', 'control character'],
    ['{"copybook":"a', 'no end'],
    ['{"copybook" "a"}', 'colon'],
    ['{copybook:"a"}', 'no name'],
    ['{"copybook":"","options":{"recordLength":01}}', 'begins with zero'],
    ['{"copybook":"","options":{"recordLength":1.}}', 'digit is missing'],
    ['{"copybook":nul}', 'a value is missing'],
  ])('%j is refused: %s', (text, reason) => {
    const problem = ask(text);
    expect(problem).toMatchObject({ code: 'OPTIONS' });
    expect(problem?.message).toContain(reason);
  });

  test.each([
    [[0x80]],
    [[0xc0, 0xaf]],
    [[0xc3]],
    [[0xe0, 0x80, 0x80]],
    [[0xed, 0xa0, 0x80]],
    [[0xf4, 0x90, 0x80, 0x80]],
    [[0xf5, 0x80, 0x80, 0x80]],
    [[0xff]],
  ])('bytes %j are not UTF-8', (bytes) => {
    const text = Buffer.concat([Buffer.from('{"copybook":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(ask(text)).toMatchObject({ code: 'OPTIONS', message: expect.stringContaining('UTF-8') });
  });

  test('nesting, values and bytes have bounds', () => {
    expect(ask(`{"options":${'['.repeat(100_000)}`)).toMatchObject({ code: 'LIMIT' });
    expect(ask(`{"options":{"fields":[${'"A",'.repeat(200_001)}"A"]}}`)).toMatchObject({ code: 'LIMIT' });
    expect(ask(`{"copybook":"${'x'.repeat(5 * 1024 * 1024)}"}`)).toMatchObject({ code: 'LIMIT' });
    expect(withOptions({})).toBeUndefined();
  });

  test('escapes and every plane of Unicode come through', () => {
    const text = `01 A PIC X VALUE "\u20ac\u{1f600}é/\\".`;
    const layout = layoutOf(text);
    expect(layout.items[0]?.value).toBe('"\u20ac\u{1f600}é/\\"');
    const escaped = [...text].map((unit) => [...unit.split('')].map(escape16).join('')).join('');
    expect(ask(`{"copybook":"${escaped}"}`)).toBeUndefined();
  });
});

function escape16(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
