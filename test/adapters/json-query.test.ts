/** json-query: the tables of RFC 6901, the language of JMESPath case by case, and what holds for every document and every query. */

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyText } from './any-text.ts';
import { type Answer, type BundledSession, openBundled } from './bundled-session.ts';

let tool: BundledSession;
beforeAll(async () => {
  tool = await openBundled('json-query');
}, 120_000);
afterAll(() => tool[Symbol.asyncDispose]());

const asked = (operation: 'pointer' | 'query', document: unknown, text: string): Promise<Answer> =>
  tool.call(operation, { document: JSON.stringify(document), [operation]: text });

/** The result as a value. */
async function resultOf(operation: 'pointer' | 'query', document: unknown, text: string): Promise<unknown> {
  const answer = await asked(operation, document, text);
  expect(answer, text).toHaveProperty('ok');
  return JSON.parse((answer as { ok: string }).ok);
}

interface Failure {
  readonly tag: string;
  readonly value: { readonly message: string; readonly offset: number };
}

const failureOf = (answer: Answer): Failure => {
  expect(answer).toMatchObject({ code: 'ADAPTER_FAILED' });
  return (answer as { failure: Failure }).failure;
};

describe('a pointer', () => {
  const RFC_6901 = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  };

  it.each([
    ['', RFC_6901],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ])('of RFC 6901, section 5: "%s"', async (pointer, expected) => {
    expect(await resultOf('pointer', RFC_6901, pointer)).toEqual(expected);
  });

  it.each([
    ['foo', 'syntax', 0],
    ['/a~', 'syntax', 2],
    ['/世~2', 'syntax', 2],
    ['/bar', 'not-found', 0],
    ['/foo/2', 'not-found', 4],
    ['/foo/-', 'not-found', 4],
    ['/foo/01', 'not-found', 4],
    ['/foo/1e0', 'not-found', 4],
    ['/foo/', 'not-found', 4],
    ['/foo/4294967296', 'not-found', 4],
    ['/foo/0/x', 'not-found', 6],
    ['/ /世/x', 'not-found', 2],
  ])('that names nothing says so: "%s"', async (pointer, tag, offset) => {
    expect(failureOf(await asked('pointer', RFC_6901, pointer))).toMatchObject({ tag, value: { offset } });
  });

  it('leads to every part of any document', async () => {
    const name = fc.oneof(fc.constantFrom('~', '/', '', 'a', '0', '__proto__'), anyText(4));
    const { document } = fc.letrec<{ document: unknown }>((tie) => ({
      document: fc.oneof(
        { maxDepth: 4 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.array(tie('document'), { maxLength: 4 }),
        fc.dictionary(name, tie('document'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(document, async (root) => {
        const walk = async (value: unknown, pointer: string): Promise<void> => {
          expect(await resultOf('pointer', root, pointer)).toEqual(JSON.parse(JSON.stringify(value)));
          if (typeof value !== 'object' || value === null) return;
          for (const [key, inner] of Object.entries(value)) {
            await walk(inner, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
          }
        };
        await walk(root, '');
      }),
      { numRuns: 60 },
    );
  });
});

describe('a document', () => {
  it('is JSON for it when it is JSON for others, and comes back the same', async () => {
    const spoiled = fc
      .tuple(
        fc.json({ maxDepth: 3 }),
        fc.nat(),
        fc.constantFrom(
          '',
          ',',
          '"',
          '\\',
          '\\u12',
          '0',
          '-',
          '.',
          'e',
          ']',
          '}',
          '{',
          ' ',
          '\t',
          '\u0001',
          'tru',
        ),
      )
      .map(
        ([text, at, put]) =>
          text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + (at % 2)),
      );
    await fc.assert(
      fc.asyncProperty(fc.oneof(spoiled, fc.json()), async (text) => {
        fc.pre(text.isWellFormed());
        const answer = await tool.call('pointer', { document: text, pointer: '' });
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          const { tag, value } = failureOf(answer);
          expect(tag).toBe('bad-json');
          expect(value.offset).toBeLessThanOrEqual([...text].length);
          return;
        }
        expect(JSON.parse((answer as { ok: string }).ok)).toEqual(expected);
      }),
      { numRuns: 600 },
    );
  });

  it('keeps its numbers and texts as they are written', async () => {
    const document = '{ "n": [12345678901234567890, 1.0, -0, 1E+400, 0.1e-2], "s": "\\u00e9\\/\\ud800" }';
    expect(await tool.call('pointer', { document, pointer: '' })).toEqual({
      ok: document.replaceAll(' ', ''),
    });
    expect(await tool.call('query', { document, query: 'join(``, [s, s])'.replace('``', "''") })).toEqual({
      ok: '"é/\\ud800é/\\ud800"',
    });
  });

  it.each(['[1],', '{"":1},', '{},', '[],', '1,', '-0.5e-3,', '"",', '"\\u0041",', 'null,'])(
    'of as many "%s" as a call may carry has room',
    async (part) => {
      // Quotes and backslashes are two characters in the arguments.
      const count = Math.floor(1_000_000 / (JSON.stringify(part).length - 2));
      const answer = await tool.call('query', { document: `[${part.repeat(count)}0]`, query: 'length(@)' });
      expect(answer).toEqual({ ok: `${count + 1}` });
    },
  );

  it('that is nested too deeply is refused', async () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(await tool.call('pointer', { document: nested(100), pointer: '/0'.repeat(99) })).toEqual({
      ok: '[]',
    });
    expect(failureOf(await tool.call('pointer', { document: nested(101), pointer: '' }))).toMatchObject({
      tag: 'too-large',
      value: { offset: 100 },
    });
  });
});

const SHOP = {
  name: 'Ada’s',
  open: true,
  items: [
    { sku: 'tea', price: 3, tags: ['hot', 'green'], stock: { here: 2, there: 5 } },
    { sku: 'pot', price: 20, tags: [], stock: { here: 1 } },
    { sku: 'cup', price: 7.5, tags: ['hot'], stock: null },
  ],
  'dotted.name': { ü: 1 },
  lists: [[1, 2], [], [3, [4]], 5],
  numbers: [5, 3, 9, 1],
  words: ['pear', 'apple', 'fig', 'Öl'],
};

describe('a query', () => {
  it.each<[string, unknown]>([
    ['name', 'Ada’s'],
    ['@.open', true],
    ['missing', null],
    ['missing.deeper[0]', null],
    ['"dotted.name"."ü"', 1],
    ['"dotted.name"."\\u00fc"', 1],
    ['items[0].sku', 'tea'],
    ['items[-1].sku', 'cup'],
    ['items[7]', null],
    ['items[*].sku', ['tea', 'pot', 'cup']],
    ['items[].tags[]', ['hot', 'green', 'hot']],
    ['items[*].tags[0]', ['hot', 'hot']],
    ['items[*].stock.here', [2, 1]],
    ['items[0].stock.*', [2, 5]],
    ['*.sku', []],
    ['items[0].*[]', ['tea', 3, 'hot', 'green', { here: 2, there: 5 }]],
    ['lists[]', [1, 2, 3, [4], 5]],
    ['lists[][]', [1, 2, 3, 4, 5]],
    ['numbers[1:3]', [3, 9]],
    ['numbers[:2]', [5, 3]],
    ['numbers[::2]', [5, 9]],
    ['numbers[::-1]', [1, 9, 3, 5]],
    ['numbers[-2:]', [9, 1]],
    ['numbers[10:]', []],
    ['numbers[3:0:-2]', [1, 3]],
    ['items[:2].sku', ['tea', 'pot']],
    ['items[?price > `5`].sku', ['pot', 'cup']],
    ["items[?sku == 'tea'].price | [0]", 3],
    ['items[?tags[0]].sku', ['tea', 'cup']],
    ['items[?!tags].sku', ['pot']],
    ['items[?stock.here == `1` || price < `4`].sku', ['tea', 'pot']],
    ["items[?contains(tags, 'hot') && price >= `7.5`].sku", ['cup']],
    ['items[?price != `3`] | length(@)', 2],
    ["items[?sku > 'a']", []],
    [
      'items[*].[sku, price]',
      [
        ['tea', 3],
        ['pot', 20],
        ['cup', 7.5],
      ],
    ],
    ['items[0].{id: sku, "the price": price}', { id: 'tea', 'the price': 3 }],
    [
      'items[*].{s: sku, h: stock.here}',
      [
        { s: 'tea', h: 2 },
        { s: 'pot', h: 1 },
        { s: 'cup', h: null },
      ],
    ],
    ['missing.{a: b}', null],
    ['[name, items[0].sku]', ['Ada’s', 'tea']],
    ['{n: name}', { n: 'Ada’s' }],
    ['open && name', 'Ada’s'],
    ['missing || name', 'Ada’s'],
    ['missing && name', null],
    ['!open', false],
    ['!missing && (open || missing)', true],
    ['`{"a": [1, "\\`"]}`.a', [1, '`']],
    ["'it\\'s \\n'", "it's \\n"],
    ['`"\\\\n"`', '\\n'],
    ['items[*].sku | [1]', 'pot'],
    ['length(name)', 5],
    ['length(items)', 3],
    ['keys(items[0].stock)', ['here', 'there']],
    ['values(items[0].stock)', [2, 5]],
    ['sort(numbers)', [1, 3, 5, 9]],
    ['sort(words)', ['apple', 'fig', 'pear', 'Öl']],
    ['sort_by(items, &price)[*].sku', ['tea', 'cup', 'pot']],
    ['sort_by(items, &sku)[-1].sku', 'tea'],
    ['reverse(sort(numbers))', [9, 5, 3, 1]],
    ['max(numbers)', 9],
    ['min(words)', 'apple'],
    ['max_by(items, &price).sku', 'pot'],
    ['min_by(items, &price).sku', 'tea'],
    ['max(lists[1])', null],
    ['sum(numbers)', 18],
    ['sum(items[*].price)', 30.5],
    ["join(', ', words)", 'pear, apple, fig, Öl'],
    ['map(&length(@), words)', [4, 5, 3, 2]],
    ["starts_with(name, 'Ada')", true],
    ["ends_with(name, '’s')", true],
    ["contains(name, 'a’')", true],
    ['contains(lists, `[1, 2.0]`)', true],
    ['type(items[2].stock)', 'null'],
    [
      '[type(@), type(numbers), type(name), type(open), type(`1`)]',
      ['object', 'array', 'string', 'boolean', 'number'],
    ],
    ['to_string(lists)', '[[1,2],[],[3,[4]],5]'],
    ["[to_number('1.50'), to_number('x'), to_number(open)]", [1.5, null, null]],
    ['not_null(missing, items[2].stock, name)', 'Ada’s'],
    ['items[0].stock == `{"there": 5, "here": 2}`', true],
    ['`1.0` == `1`', true],
    ['`9007199254740993` == `9007199254740992`', false],
    ['`9007199254740993` > `9007199254740992`', true],
    ['`-9007199254740993` < `-9007199254740992`', true],
    ['sort_by(`[{"a": 1, "b": 1}, {"a": 0, "b": 2}, {"a": 1, "b": 3}]`, &a)[*].b', [2, 1, 3]],
    [' items [ 0 ] . sku ', 'tea'],
  ])('%s', async (query, expected) => {
    expect(await resultOf('query', SHOP, query)).toEqual(expected);
  });

  it.each<[string, string, number]>([
    ['', 'syntax', 0],
    ['foo.', 'syntax', 4],
    ['.foo', 'syntax', 0],
    ['foo..bar', 'syntax', 4],
    ['foo bar', 'syntax', 4],
    ['foo[', 'syntax', 4],
    ['foo[abc]', 'syntax', 4],
    ['foo[*', 'syntax', 5],
    ['foo[0', 'syntax', 5],
    ['foo[0:1:0]', 'syntax', 8],
    ['foo[0:1:2:3]', 'syntax', 9],
    ['foo[1234567890]', 'syntax', 4],
    ['[?a', 'syntax', 3],
    ['{a: }', 'syntax', 4],
    ['{a b}', 'syntax', 3],
    ['{}', 'syntax', 1],
    ['[a,]', 'syntax', 3],
    ['a = b', 'syntax', 2],
    ['a == ', 'syntax', 5],
    ['(a', 'syntax', 2],
    ['length(', 'syntax', 7],
    ['length(a,)', 'syntax', 9],
    ['"a"(b)', 'syntax', 3],
    ['a.b(c)(d)', 'syntax', 6],
    ["'open", 'syntax', 0],
    ['"open', 'syntax', 0],
    ['`[1`', 'syntax', 3],
    ['`tru`', 'syntax', 1],
    ['"\\x"', 'syntax', 1],
    ['世', 'syntax', 0],
    ["'世' #", 'syntax', 4],
    ['#', 'syntax', 0],
    ['-', 'syntax', 0],
    ['a.b | nope(@)', 'bad-call', 6],
    ['length(`1`)', 'bad-call', 0],
    ['length()', 'bad-call', 0],
    ['length(@, @)', 'bad-call', 0],
    ["join(',', `[1]`)", 'bad-call', 0],
    ['sort(`[1, "a"]`)', 'bad-call', 0],
    ['sum(`["a"]`)', 'bad-call', 0],
    ['sort_by(@, a)', 'bad-call', 0],
    ['not_null()', 'bad-call', 0],
    ['type(&a)', 'bad-call', 0],
    [`${'('.repeat(101)}a${')'.repeat(101)}`, 'too-large', 100],
    [`a${'.a'.repeat(300)}`, 'too-large', 599],
  ])('that is wrong says where: %s', async (query, tag, offset) => {
    expect(failureOf(await asked('query', [], query))).toMatchObject({ tag, value: { offset } });
  });

  it('of whatever parts is answered, or refused with a place that is in it', async () => {
    const part = fc.constantFrom(
      ...[
        'a',
        'b',
        '"c"',
        '@',
        '*',
        '.',
        '[',
        ']',
        '[*]',
        '[]',
        '[0]',
        '[-1]',
        '[1:]',
        '[?',
        '{',
        '}',
        '(',
        ')',
        ',',
        ':',
        '&',
        '|',
        '||',
        '&&',
        '!',
      ],
      ...[
        '==',
        '<',
        '`1`',
        '`{"a": [1, {"b": 2}]}`',
        "'x'",
        'length(',
        'sort_by(',
        'map(',
        'keys(',
        'to_string(',
        '世',
        '`',
        "'",
      ],
    );
    const document = { a: [{ a: 1, b: [1, 2] }, { b: 'x' }], b: { a: { b: null } }, c: '世' };
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 12 }), async (parts) => {
        const query = parts.join('');
        const answer = await asked('query', document, query);
        if ('ok' in answer) return void JSON.parse(answer.ok as string);
        const { tag, value } = failureOf(answer);
        expect(['syntax', 'bad-call']).toContain(tag);
        expect(value.offset).toBeLessThanOrEqual([...query].length);
      }),
      { numRuns: 1_500 },
    );
  });

  it('that multiplies what it finds ends within its limits, and the cell goes on', async () => {
    for (const stage of ['[@, @]', '[@, @][]', '{a: @, b: @}', '[@, @] | [*]']) {
      const query = Array(60).fill(stage).join(' | ');
      expect(failureOf(await asked('query', [1, 2, 3], query)).tag).toBe('too-large');
    }
    const many = Array.from({ length: 20_000 }, (_, index) => 20_000 - index);
    expect(await resultOf('query', many, 'sort(@)[0]')).toBe(1);
    expect(
      failureOf(
        await asked('query', many, '[?contains(@, `1`) || @ == `2`].x || map(&sum(map(&@, `[1]`)), @)'),
      ).tag,
    ).toBe('bad-call');
  });
});
