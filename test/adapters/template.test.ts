/**
 * The language of the adapter `template`, case by case as the specification of Mustache has it, and what holds for every template.
 *
 * The source itself is run here, by the engine of the tests: that it does the same in its cell is shown by its `cases.json`.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { templates } from '../../adapters/template/guest.js';
import { anyText } from './any-text.ts';

const render = (
  template: string,
  data: unknown,
  partials: Record<string, string> = {},
  strict = false,
): string =>
  templates.render(
    template,
    JSON.stringify(data),
    Object.entries(partials).map(([name, text]) => ({ name, text })),
    strict,
  );

/** What it throws. */
function failureOf(run: () => unknown): { readonly tag: string; readonly val: unknown } {
  try {
    run();
  } catch (error) {
    return error as { tag: string; val: unknown };
  }
  throw new Error('it did not fail');
}

describe('the language of Mustache', () => {
  it.each([
    ['a text without tags stays', 'Hello {world}!\n', {}, 'Hello {world}!\n'],
    ['a variable is written', '{{ subject }}', { subject: 'x' }, 'x'],
    ['HTML is escaped', '{{a}}', { a: `& " < > '` }, '&amp; &quot; &lt; &gt; &#39;'],
    ['three braces do not escape', '{{{a}}}', { a: '& " < >' }, '& " < >'],
    ['an ampersand does not escape', '{{&a}}', { a: '& " < >' }, '& " < >'],
    ['white space in tags counts for nothing', '|{{  a  }}|{{{ a }}}|{{& a }}|', { a: 1 }, '|1|1|1|'],
    ['white space around tags stays', '  {{a}}\n', { a: 1 }, '  1\n'],
    ['numbers are written as they are', '{{a}} {{b}}', { a: 85, b: 1.21 }, '85 1.21'],
    ['null and what is missing are empty', '[{{a}}{{b}}]', { a: null }, '[]'],
    ['a dotted name is a field of a field', '{{a.b.c}}', { a: { b: { c: 'x' } } }, 'x'],
    ['a dotted name that breaks is empty', '[{{a.b.c}}]', { a: {} }, '[]'],
    ['the first part decides', '{{#a}}[{{b.c}}]{{/a}}', { a: { b: {} }, b: { c: 'outer' } }, '[]'],
    ['a dot is the present value', '{{#l}}<{{.}}>{{/l}}', { l: ['a', 1, true] }, '<a><1><true>'],
    ['a section of true is written', '{{#a}}x{{/a}}', { a: true }, 'x'],
    ['a section of false is not', '[{{#a}}x{{/a}}]', { a: false }, '[]'],
    ['a section of nothing is not', '[{{#a}}x{{/a}}]', {}, '[]'],
    ['a section of an object has its fields', '{{#a}}{{b}}{{/a}}', { a: { b: 'x' } }, 'x'],
    ['a section of a list is written for each', '{{#l}}{{n}}{{/l}}', { l: [{ n: 1 }, { n: 2 }] }, '12'],
    ['a section of an empty list is not', '[{{#l}}x{{/l}}]', { l: [] }, '[]'],
    ['lists in lists', '{{#l}}({{#.}}{{.}}{{/.}}){{/l}}', { l: [[1, 2], [], [3]] }, '(12)()(3)'],
    [
      'what is around is seen within',
      '{{#a}}{{#b}}{{x}}{{y}}{{/b}}{{/a}}',
      { x: 1, a: { y: 2, b: {} } },
      '12',
    ],
    ['sections of one name in each other', '{{#a}}A{{#a}}B{{/a}}{{/a}}', { a: true }, 'AB'],
    ['a dotted section', '{{#a.b}}x{{/a.b}}', { a: { b: 1 } }, 'x'],
    ['an inverted section of nothing', '{{^a}}x{{/a}}', {}, 'x'],
    ['an inverted section of something', '[{{^a}}x{{/a}}]', { a: [0] }, '[]'],
    ['a comment vanishes', '1{{! x }}2{{!\n}}3', {}, '123'],
    ['a line of a comment vanishes', 'a\n  {{! x }}\nb', {}, 'a\nb'],
    ['lines of sections vanish', 'a\n{{#t}}\nb\n{{/t}}\nc', { t: 1 }, 'a\nb\nc'],
    ['so do indented ones', '|\n  {{#t}}\n|\n  {{/t}}\n|', { t: 1 }, '|\n|\n|'],
    ['with the line ends of other systems', '|\r\n{{#t}}\r\n{{/t}}\r\n|', { t: 1 }, '|\r\n|'],
    ['at the beginning', '  {{#t}}\n#{{/t}}\n/', { t: 1 }, '#\n/'],
    ['at the end', '#{{#t}}\n/\n  {{/t}}', { t: 1 }, '#\n/\n'],
    ['two tags share a line and leave it', ' {{#t}}{{/t}}\n', { t: 1 }, ' \n'],
    ['a variable never takes its line', '  {{a}}\nx', { a: '' }, '  \nx'],
  ])('%s', (_claim, template, data, expected) => {
    expect(render(template, data)).toBe(expected);
  });

  it.each([
    ['is written', '[{{>p}}]', { p: 'text' }, '[text]'],
    ['has the data of its place', '{{#a}}{{> p }}{{/a}}', { p: '*{{x}}*' }, '*1*'],
    ['may include itself', '{{>p}}', { p: 'X<{{#l}}{{>p}}{{/l}}>' }, 'X<X<>>'],
    ['keeps white space around it', '| {{>p}} |', { p: '\t|\t' }, '| \t|\t |'],
    ['is indented as its line is', '\\\n {{>p}}\n/\n', { p: '|\n{{{c}}}\n|\n' }, '\\\n |\n <\n->\n |\n/\n'],
    ['is not indented on a line that it shares', '  {{x}}  {{>p}}\n', { p: '>\n>' }, '  1  >\n>\n'],
    ['takes the line ends of other systems', '|\r\n {{>p}}\r\n|', { p: 'a\r\nb' }, '|\r\n a\r\n b|'],
  ])('a partial %s', (_claim, template, partials, expected) => {
    const data = { x: 1, a: { b: 1 }, c: '<\n->', l: [{ l: [] }] };
    expect(render(template, data, partials)).toBe(expected);
  });
});

describe('every template', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      '{{',
      '}}',
      '{{{',
      '}}}',
      '{{#a}}',
      '{{/a}}',
      '{{^b}}',
      '{{/b}}',
      '{{a}}',
      '{{.}}',
      '{{> p}}',
      '\n',
      ' ',
      '{{!',
      '🌍',
    ),
  );
  const source = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

  it('gives a text, or a failure with a place that is in it', () => {
    fc.assert(
      fc.property(
        source,
        source,
        fc.jsonValue({ maxDepth: 3 }),
        fc.boolean(),
        (template, partial, data, strict) => {
          try {
            expect(typeof render(template, data, { p: partial }, strict)).toBe('string');
          } catch (error) {
            const { tag, val } = error as {
              tag: string;
              val: { partial?: string; line: number; column: number };
            };
            expect(['syntax', 'missing', 'too-large']).toContain(tag);
            const line = (val.partial === undefined ? template : partial).split('\n')[val.line - 1] as string;
            expect(val.column).toBeGreaterThanOrEqual(1);
            expect(val.column).toBeLessThanOrEqual([...line].length);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('without tags is its own result, and a value in it comes back, escaped or not', () => {
    fc.assert(
      fc.property(anyText(40), (value) => {
        const plain = value.replaceAll('{', '');
        expect(render(plain, {})).toBe(plain);
        expect(render('{{{v}}}', { v: value })).toBe(value);
        const escaped = render('{{v}}', { v: value });
        expect(escaped).not.toMatch(/[<>"']/);
        const back = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
        expect(
          escaped.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => back[entity as keyof typeof back]),
        ).toBe(value);
      }),
    );
  });

  it('that renders says its tags too, in the order of their places', () => {
    fc.assert(
      fc.property(source, (template) => {
        let tags: { line: number; column: number }[];
        try {
          tags = templates.inspect(template);
        } catch (error) {
          expect(failureOf(() => render(template, {}))).toEqual(error);
          return;
        }
        const lines = template.split('\n');
        const places = tags.map(({ line, column }) => {
          expect([...(lines[line - 1] as string)].slice(column - 1, column + 1)).toEqual(['{', '{']);
          return line * 1_000 + column;
        });
        expect(places).toEqual(places.toSorted((a, b) => a - b));
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends within its limits, whatever it multiplies', () => {
    const list = Array.from({ length: 1_000 }, (_, index) => index);
    const lists = '{{#l}}{{#l}}{{#l}}{{.}}{{/l}}{{/l}}{{/l}}';
    expect(failureOf(() => render(lists, { l: list }))).toMatchObject({
      tag: 'too-large',
      val: { message: 'the result is longer than 1000000 characters', line: 1, column: 19 },
    });
    expect(failureOf(() => render('{{#a}}'.repeat(101), {}))).toMatchObject({ tag: 'too-large' });
    expect(
      failureOf(() => templates.render('', `${'['.repeat(100_000)}`, undefined, undefined)),
    ).toMatchObject({ tag: 'bad-data' });
    expect(templates.render('{{a}}', '{"a": "\\\\\\"[[[[\\\\"}', undefined, undefined)).toBe(
      '\\&quot;[[[[\\',
    );
    const large = '{{x}} '.repeat(50_000);
    expect(templates.inspect(large)).toHaveLength(50_000);
  });
});
