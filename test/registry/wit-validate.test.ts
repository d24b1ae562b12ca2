import { describe, expect, it } from 'vitest';
import { badArguments } from '../../host/arguments.ts';
import type { Operations } from '../../host/registry/wit-operations.ts';
import { createValidator } from '../../host/registry/wit-validate.ts';
import { operationsOf } from './wit-samples.ts';

/** Written apart: an object with a field `then` looks like a promise. */
const THEN = 'then';

const all = await operationsOf(`package a:b;
interface i {
  record %constructor { %constructor: u8, then: u64, to-string: option<string>, value-of: list<s8> }
  variant choice { %constructor, to-string(%constructor), value(list<choice-part>), then(tuple<u8, char>) }
  record choice-part { %enum: f32, proto: option<choice-tag> }
  enum choice-tag { %constructor, then }
  flags has { %constructor, own-property, %flags }
  %f: func(a: %constructor, b: option<choice>, c: has);
  data: func(bytes: list<u8>, key: list<u8, 4>);
  names: func(%constructor: u8, then: u8, to-string: u8, value-of: u8, has-own-property: option<u8>, %import: u8);
  many: func(items: list<u32>);
  free: func(%constructor: option<u8>, value-of: option<choice-part>);
}
world w { export i; }`);

const validator = (name: string, from: Operations = all) => {
  const operation = from.operations.find((one) => one.name === name);
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return createValidator(from, operation);
};
const check = (name: string, value: unknown): string[] =>
  validator(name)
    .check(JSON.parse(JSON.stringify(value)), JSON.stringify(value).length)
    .map(({ at, message }) => `${at} ${message}`);

const A = { constructor: 1, [THEN]: '18446744073709551615', 'value-of': [-128] };

describe('arguments', () => {
  it('with names that mean something to JavaScript are like any others', () => {
    expect(check('f', { a: A, b: { tag: 'constructor' }, c: ['constructor', 'own-property'] })).toEqual([]);
    expect(check('f', { a: A, b: { tag: 'to-string', value: A }, c: [] })).toEqual([]);
    expect(
      check('f', { a: A, c: [], b: { tag: 'value', value: [{ enum: 'NaN', proto: 'constructor' }] } }),
    ).toEqual([]);
    expect(check('f', { a: {}, c: [] })).toEqual([
      '/a/constructor is required',
      '/a/then is required',
      '/a/value-of is required',
    ]);
    expect(check('names', {})).toHaveLength(5);
    expect(check('free', {})).toEqual([]);
    expect(check('free', { constructor: -1 })).toEqual(['/constructor must be >= 0']);
    expect(check('names', { constructor: 1, [THEN]: 2, 'to-string': 3, 'value-of': 4, import: 5 })).toEqual(
      [],
    );
  });

  it('are told everything that is wrong with them', () => {
    const wrong = {
      a: { constructor: 256, [THEN]: -1, 'to-string': 7, 'value-of': [0, 'x', 1.5], more: 1 },
      b: { tag: 'then', value: [1, 'ab', 3] },
      c: ['flags', 'flags', 'nothing'],
      d: null,
    };
    expect(check('f', wrong).sort()).toEqual(
      [
        '/a/constructor must be <= 255',
        '/a/then must be >= 0',
        '/a/to-string must be string or null',
        '/a/value-of/1 must be integer',
        '/a/value-of/2 must be integer',
        '/a/more is not a known field',
        '/b/value must NOT have more than 2 items',
        '/b/value/1 must NOT have more than 1 characters',
        '/c must NOT have duplicate items (items ## 1 and 0 are identical)',
        '/c/2 must be one of constructor, own-property, flags',
        '/d is not a known field',
      ].sort(),
    );
  });

  it('are told about the case that they name, and of no other', () => {
    expect(check('f', { a: A, c: [], b: { tag: 'to-string', value: { ...A, constructor: -1 } } })).toEqual([
      '/b/value/constructor must be >= 0',
    ]);
    expect(check('f', { a: A, c: [], b: { tag: 'toString' } })).toEqual([
      '/b/tag must be one of to-string, value, then, constructor',
    ]);
    expect(check('f', { a: A, c: [], b: {} })).toEqual(['/b/tag is required']);
    expect(check('f', { a: A, c: [], b: 7 })).toEqual(['/b must be object']);
    expect(check('f', { a: A, c: [], b: null })).toEqual([]);
  });

  it('of 64 bits, bytes and text are checked to the last digit', () => {
    expect(check('f', { a: { ...A, [THEN]: '18446744073709551616' }, c: [] })).toEqual([
      '/a/then must be an integer of 64 bits that is not negative',
    ]);
    expect(check('data', { bytes: 'AA==', key: 'AAAAAA==' })).toEqual([]);
    expect(check('data', { bytes: 'AA', key: 'AAAAAAA=' }).map((line) => line.split(' ')[0])).toEqual([
      '/bytes',
      '/key',
    ]);
    expect(check('data', { bytes: 'AB==', key: 'AAAAAA==' })).toEqual([
      '/bytes must be base64, padded, without blanks',
    ]);
    const b = { tag: 'then', value: [1, '\ud800'] };
    expect(check('f', { a: A, b, c: [] })).toEqual(['/b/value/1 must not hold a lone surrogate']);
  });

  it('are not coerced, and not changed', () => {
    const value = { items: ['1', true, null] };
    const before = structuredClone(value);
    expect(check('many', value)).toHaveLength(3);
    expect(value).toEqual(before);
  });

  it('that are wrong in a million places are told a few of them', () => {
    const items = Array.from({ length: 10_000 }, () => -1);
    expect(check('many', { items })).toHaveLength(50);
    const more = Array.from({ length: 1_000_000 }, () => '');
    expect(validator('many').check({ items: more }, 4_000_000)).toEqual([
      { at: '/items/0', message: 'must be integer' },
    ]);
  });

  it('that are wrong are a refusal of the input', () => {
    const problems = [
      { at: '/a', message: 'is required' },
      { at: '', message: 'must be object' },
    ];
    const error = badArguments(problems);
    expect([error.code, error.status, error.detail, error.problems]).toEqual([
      'ADAPTER_BAD_INPUT',
      400,
      '/a is required and 1 more',
      problems,
    ]);
  });
});
