import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { readWit } from '../../host/registry/wit.ts';
import type { WitText } from '../../host/registry/wit-types.ts';
import { SHOP, written } from './wit-samples.ts';

function refusal(text: string, world?: string): HostError {
  try {
    readWit(text, world);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the text was accepted');
}

const functionOf = (text: WitText, name: string) => {
  const found = text.functions.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no function ${name}`);
  return found;
};

const typeOf = (type: string, before = ''): unknown => {
  const text = readWit(`package a:b; interface i { ${before} f: func(a: ${type}); } world w { export i; }`);
  return written(text.types, functionOf(text, 'f').parameters[0]?.type);
};

describe('a text', () => {
  const shop = readWit(SHOP);

  it('gives the functions of its world, with the names that the binary has for their interfaces', () => {
    expect(shop.functions.map(({ interface: owner, name }) => [owner, name])).toEqual([
      [undefined, 'double'],
      ['extra', 'then'],
      ['acme:shop/shop@1.2.3', 'find'],
      ['acme:shop/shop@1.2.3', 'ping'],
      ['acme:shop/shop@1.2.3', 'deep'],
      ['acme:shop/tools@1.2.3', 'find'],
      ['acme:shop/tools@1.2.3', 'outcome'],
      ['acme:shop/tools@1.2.3', 'digest'],
      ['acme:shop/tools@1.2.3', 'key'],
    ]);
  });

  it('gives what its author says about the world, functions, types and their parts', () => {
    expect(shop.description).toBe('A shop.');
    expect(functionOf(shop, 'double').description).toBe('Doubles.');
    expect(functionOf(shop, 'ping').description).toBeUndefined();
    const note = (name: string) => shop.notes.find((one) => one?.name === name);
    expect(note('item')?.description).toBe('One thing\nthat is sold.');
    expect([...(note('item')?.members ?? [])]).toEqual([
      ['name', 'What it is called.'],
      ['count', 'In stock; unknown when left out.'],
    ]);
    expect(note('color')?.members.get('red')).toBe('Like blood.');
    expect(note('shape')?.members.get('none')).toBe('Nothing at all.');
  });

  it('says where each function stands', () => {
    const { line, column } = functionOf(shop, 'ping');
    expect(SHOP.split('\n')[line - 1]?.slice(column - 1)).toBe('ping: func();');
  });

  it.each([
    ['list<u8>', { kind: 'list', element: 'u8' }],
    ['list<char, 4>', { kind: 'list', element: 'char', length: 4 }],
    ['tuple<bool, s8>', { kind: 'tuple', parts: ['bool', 's8'] }],
    ['option<option<u64>>', { kind: 'option', some: { kind: 'option', some: 'u64' } }],
    ['result', { kind: 'result' }],
    ['result<u8>', { kind: 'result', ok: 'u8' }],
    ['result<_, f32>', { kind: 'result', error: 'f32' }],
    ['result<s16, string>', { kind: 'result', ok: 's16', error: 'string' }],
  ])('reads %s', (type, expected) => {
    expect(typeOf(type)).toEqual(expected);
  });

  it.each([
    [
      'record t { a: u8, %record: s64, }',
      {
        kind: 'record',
        fields: [
          { name: 'a', type: 'u8' },
          { name: 'record', type: 's64' },
        ],
      },
    ],
    ['variant t { a, b(u8) }', { kind: 'variant', cases: [{ name: 'a' }, { name: 'b', type: 'u8' }] }],
    ['enum t { a, b }', { kind: 'enum', names: ['a', 'b'] }],
    ['flags t { a, b }', { kind: 'flags', names: ['a', 'b'] }],
    ['type t = x; type x = u16;', 'u16'],
    ['type t = list<x>; enum x { y }', { kind: 'list', element: { kind: 'enum', names: ['y'] } }],
    ['resource t;', { kind: 'own', resource: 0 }],
    ['type t = borrow<r>; resource r { constructor(); }', { kind: 'borrow', resource: 0 }],
  ])('reads %s', (definition, expected) => {
    expect(typeOf('t', definition)).toEqual(expected);
  });

  it('names the functions of a resource as the binary does', () => {
    const text = readWit(
      'package a:b; interface i { resource r { constructor(a: u8); get: func() -> u8; make: static func() -> r; } } world w { export i; }',
    );
    expect(text.functions.map(({ name }) => name)).toEqual([
      '[constructor]r',
      '[method]r.get',
      '[static]r.make',
    ]);
    expect(text.functions.map(({ parameters }) => parameters.map(({ name }) => name))).toEqual([
      ['a'],
      ['self'],
      [],
    ]);
    expect(text.resources).toEqual(['r']);
  });

  it('finds types through other interfaces, packages, names and included worlds', () => {
    const text = readWit(
      `package a:b;
      use c:d/types@2.0.0-rc.1 as others;
      interface one { use others.{point as spot}; }
      interface two { use one.{spot}; f: func(p: spot); }
      world base { export two; }
      world w { include base; include c:d/far@2.0.0-rc.1 with { x as y } }
      package c:d@2.0.0-rc.1 {
        interface types { record point { x: f32 } }
        world far { export g: func(); }
      }`,
      'w',
    );
    expect(text.functions.map(({ interface: owner, name }) => [owner, name])).toEqual([
      ['a:b/two', 'f'],
      [undefined, 'g'],
    ]);
    expect(written(text.types, functionOf(text, 'f').parameters[0]?.type)).toEqual({
      kind: 'record',
      fields: [{ name: 'x', type: 'f32' }],
    });
  });

  it('of a component leaves types of other packages open', () => {
    const text = readWit(
      'package root:component; world root { import x:y/z@1.0.0; use x:y/z@1.0.0.{t}; export f: func(a: t) -> list<t>; export x:y/z@1.0.0; }',
    );
    expect(written(text.types, functionOf(text, 'f').result)).toEqual({
      kind: 'list',
      element: { kind: 'unknown' },
    });
  });

  it('may be one of those that adapters are written against', () => {
    const folder = new URL('../../adapters/wit/', import.meta.url);
    const text = readWit(readFileSync(new URL('hotcell.wit', folder), 'utf8'));
    expect(text.functions.map(({ name }) => name)).toEqual(['invoke', 'health']);
  });
});

describe('a text is refused with line and column for', () => {
  it.each([
    ['package a:b; world w {\n  export f: func(a: nope); }', '2:21: nope is not a type here'],
    ['package a:b; world w { type t = list<t>; export f: func(a: t); }', '1:38: the type t contains itself'],
    [
      'package a:b; interface i { use j.{t}; f: func(a: t); } interface j { use i.{t}; } world w { export i; }',
      't is used in a round',
    ],
    [
      'package a:b; interface i { use j.{t}; f: func(a: t); } world w { export i; }',
      'j is not an interface here',
    ],
    ['package a:b; world w { export f: func(a: u8) }', '1:46: expected `;` and not `}`'],
    ['package a:b; world w { record r { a: u8, A: u8 } }', 'two members of r are called A'],
    ['package a:b; world w { export f: func(); export f: func(); }', 'two functions are called f'],
    ['package a:b; world w { enum e { } }', '1:29: the enum e has no members'],
    ['package a:b; world w { type t = list<u8, 0>; }', 'a list has a length from 1'],
    ['package a:b; world w { type t = own<u8>; export f: func(a: t); type u8 = string; }', 'u8'],
    ['package a:b; world w {', 'expected an item of a world and not `the end`'],
    ['package a:b; ~', '1:14: U+007e is not expected here'],
    ['package a:b; /* a /* b */', '1:14: the comment does not end'],
    ['package a:b@1; ', 'expected a version'],
    ['package a:b; package c:d;', 'the package is named twice'],
    ['interface i {}', 'it has no world'],
  ])('%s', (text, message) => {
    const error = refusal(text);
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toContain(message);
    expect(error.place).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
  });

  it.each([
    ['export f: async func();', 'asynchronous'],
    ['type t = stream<u8>;', 'stream'],
    ['type t = future;', 'future'],
    ['type t = map<string, u8>;', 'map'],
    ['export f: func(e: error-context);', 'error-context'],
  ])('what this host does not run: %s', (item, word) => {
    const error = refusal(`package a:b; world w { ${item} }`);
    expect(error.code).toBe('REGISTRY_UNSUPPORTED');
    expect(error.detail).toContain(word);
  });

  it('several worlds, unless one is named', () => {
    const text = 'package a:b; world x { export f: func(); } world y { export g: func(); }';
    expect(refusal(text).detail).toContain('x, y');
    expect(refusal(text, 'z').detail).toContain('no world z, but x, y');
    expect(readWit(text, 'y').functions.map(({ name }) => name)).toEqual(['g']);
  });

  it('more than it may hold, in bounded time', () => {
    const deep = `package a:b; world w { export f: func(a: ${'list<'.repeat(40_000)}`;
    expect(refusal(deep).detail).toContain('nested more than 64 deep');
    const many = `package a:b; world w { ${'type t = u8;'.repeat(20_001)} }`;
    expect(refusal(many).detail).toContain('more than 20000');
    expect(refusal(`// ${'x'.repeat(256 * 1024)}`).detail).toContain('longer than 262144 characters');
    expect(refusal('/*'.repeat(100_000)).detail).toContain('does not end');
    const rows = Array.from({ length: 300 }, (_, i) => `record r${i} { a: ${i === 0 ? 'u8' : `r${i - 1}`} }`);
    const chain = `package a:b; world w { ${rows.join(' ')} export f: func(a: r299); }`;
    expect(refusal(chain).detail).toContain('nested more than 200 deep');
    const includes = 'package a:b; world w { include v; } world v { include w; }';
    expect(readWit(includes, 'w').functions).toEqual([]);
  });
});

it('a damaged text is read or refused, and nothing else', () => {
  const counts = { read: 0, refused: 0 };
  const pieces = [
    '{',
    '}',
    '<',
    '>',
    '(',
    ')',
    ',',
    ';',
    ':',
    '%',
    '/*',
    '*/',
    '///',
    '@',
    'use ',
    'func',
    'type ',
    'list<',
    '\u0000',
    '1',
  ];
  const edit = fc.record({
    at: fc.nat(SHOP.length - 1),
    remove: fc.nat(12),
    insert: fc.oneof(fc.constantFrom('', ...pieces), fc.string({ unit: 'binary', maxLength: 4 })),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      let text = SHOP;
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      try {
        readWit(text);
        counts.read++;
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        counts.refused++;
      }
    }),
    { numRuns: 1_000 },
  );
  console.log(`${counts.read} damaged texts read, ${counts.refused} refused`);
  expect(counts.refused).toBeGreaterThan(250);
});
