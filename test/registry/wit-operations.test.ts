import { componentWit } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { planComponent } from '../../host/registry/plan.ts';
import { readWit } from '../../host/registry/wit.ts';
import { listOperations, type Operations } from '../../host/registry/wit-operations.ts';
import type { ExportedFunction, LinkPlan, NamedType, TypeRef, WitType } from '../../host/types.ts';
import { quickJsComponent } from './sample-components.ts';
import { dummyComponent, operationsOf, SHOP } from './wit-samples.ts';

type Exported = readonly [
  owner: string | undefined,
  name: string,
  parameters?: readonly NamedType[],
  result?: TypeRef,
];

/** As much of a plan as operations are made of. */
function planOf(
  exported: readonly Exported[],
  types: readonly WitType[] = [],
): Parameters<typeof listOperations>[0] {
  const lifted = undefined as unknown as ExportedFunction['lifted'];
  const exports = exported.map(([owner, name, parameters = [], result]) => ({
    interface: owner,
    name,
    type: { parameters, result },
    lifted,
  }));
  const resources: LinkPlan['resources'] = [{ interface: undefined, name: 'blob', destructor: undefined }];
  return { types, resources, exports };
}

const namesOf = (exported: readonly Exported[]): string[] =>
  listOperations(planOf(exported)).operations.map(({ name }) => name);

function refusal(run: () => unknown): HostError {
  try {
    run();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a function of the world that its author does not name', () => {
  it('is no operation: a toolchain put it there', () => {
    const text = readWit('package a:b; world w { export run: func(); export x: interface { go: func(); } }');
    const all = listOperations(
      planOf([
        [undefined, 'init'],
        [undefined, 'run'],
        ['x', 'go'],
        ['a:c/y', 'on'],
      ]),
      text,
    );
    expect(all.operations.map(({ name, exportIndex }) => [name, exportIndex])).toEqual([
      ['run', 1],
      ['go', 2],
      ['on', 3],
    ]);
  });

  it('is none without a text of the author either, where it is the start of a JavaScript engine', async () => {
    const wit = 'package acme:greet@1.0.0; world greet { export greet: func(name: string) -> string; }';
    const component = await quickJsComponent('export const greet = (name) => name;', { wit });
    const printed = readWit(await componentWit(component));
    expect(printed.functions.map(({ name }) => name)).toContain('init');
    const all = listOperations(planComponent(component).plan, printed);
    expect(all.operations.map(({ name }) => name)).toEqual(['greet']);
    // One of the author's own is another function.
    expect(namesOf([[undefined, 'init', [{ name: 'shim', type: 'string' }]]])).toEqual(['init']);
  });

  it('leaves nothing to be called where there is no other', () => {
    const text = readWit('package a:b; world w { export run: func(); }');
    expect(refusal(() => listOperations(planOf([[undefined, 'init']]), text)).code).toBe(
      'REGISTRY_UNSUPPORTED',
    );
  });
});

describe('an operation is called', () => {
  it('like its function while no other export is', () => {
    expect(
      namesOf([
        [undefined, 'run'],
        ['a:b/math@1.0.0', 'add'],
        ['inline', 'go'],
      ]),
    ).toEqual(['run', 'add', 'go']);
  });

  it('after its interface too when another has its name, and no other is renamed by that', () => {
    const before: Exported[] = [
      ['a:b/math@1.0.0', 'add'],
      ['a:b/math@1.0.0', 'sub'],
    ];
    expect(namesOf([...before, ['a:b/sets@1.0.0', 'union']])).toEqual(['add', 'sub', 'union']);
    expect(namesOf([...before, ['a:b/sets@1.0.0', 'add']])).toEqual(['math-add', 'sub', 'sets-add']);
    expect(namesOf([...before, [undefined, 'add']])).toEqual(['math-add', 'sub', 'add']);
  });

  it('in lower case', () => {
    expect(
      namesOf([
        [undefined, 'get-URL'],
        ['a:b/IO', 'x'],
        ['c', 'X'],
      ]),
    ).toEqual(['get-url', 'io-x', 'c-x']);
  });

  it('by nothing that two functions map to: both are named', () => {
    const error = refusal(() =>
      namesOf([
        ['a:x/math', 'add'],
        ['b:y/math', 'add'],
      ]),
    );
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toContain('a:x/math#add and b:y/math#add are both the operation math-add');
    expect(
      refusal(() =>
        namesOf([
          [undefined, 'm-add'],
          ['m', 'add'],
          ['n', 'add'],
        ]),
      ).detail,
    ).toContain('m-add and m#add');
  });

  it('by nothing longer than 64 characters', () => {
    const long = 'a'.repeat(64);
    expect(namesOf([[undefined, long]])).toEqual([long]);
    expect(refusal(() => namesOf([[undefined, `${long}a`]])).detail).toContain('at most 64 characters');
    expect(
      refusal(() =>
        namesOf([
          ['i', long],
          ['j', long],
        ]),
      ).code,
    ).toBe('REGISTRY_REJECTED');
  });

  it('by no method of a resource, and no function that a host calls by itself', () => {
    expect(
      namesOf([
        ['wasi:cli/run@0.2.3', 'run'],
        ['hotcell:adapter/handler@1.0.0', 'invoke'],
        [undefined, 'x'],
      ]),
    ).toEqual(['x']);
    expect(refusal(() => namesOf([['wasi:cli/run@0.2.3', 'run']])).code).toBe('REGISTRY_UNSUPPORTED');
    const many = Array.from({ length: 257 }, (_, i): Exported => [undefined, `f${i}`]);
    expect(namesOf(many.slice(1))).toHaveLength(256);
    expect(refusal(() => namesOf(many)).detail).toContain('more than 256');
  });
});

describe('a function with a resource', () => {
  const text = `package a:b;
interface i {
  resource blob { read: func() -> u8; }
  record pair { a: option<list<blob>>, b: u8 }
  take: func(p: pair);
  give: func() -> blob;
  fine: func();
}
world w { export i; }`;

  it('is refused with its place in the text, and so is every other', async () => {
    const { plan } = planComponent(await dummyComponent(text));
    const error = refusal(() => listOperations(plan, readWit(text)));
    expect(error.code).toBe('REGISTRY_UNSUPPORTED');
    expect(error.detail).toContain('takes a resource (blob)');
    expect(error.problems).toEqual(
      expect.arrayContaining([
        { at: '3:19', message: 'function [method]blob.read takes a resource (blob)' },
        { at: '5:3', message: 'function take takes a resource (blob)' },
        { at: '6:3', message: 'function give gives a resource (blob)' },
      ]),
    );
    expect(error.problems).toHaveLength(3);
  });

  it('is refused without a text too', () => {
    const types: WitType[] = [
      { kind: 'own', resource: 0 },
      { kind: 'list', element: 0 },
    ];
    const error = refusal(() => listOperations(planOf([['i', 'f', [{ name: 'a', type: 1 }]]], types)));
    expect(error.detail).toContain('i#f: function f takes a resource (blob)');
  });
});

describe('bytes and text of a component', () => {
  const of = (all: Operations, name: string) => {
    const found = all.operations.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no operation ${name}`);
    return found;
  };

  it('are joined: structure of the one, names and documentation of the other', async () => {
    const all = await operationsOf(SHOP);
    expect(all.operations.map(({ name }) => name).sort()).toEqual(
      ['deep', 'digest', 'double', 'key', 'outcome', 'ping', 'shop-find', 'then', 'tools-find'].sort(),
    );
    expect(of(all, 'shop-find').description).toBe('Finds things.');
    expect(
      all.notes
        .map((note) => note?.name)
        .filter((name) => name !== undefined)
        .sort(),
    ).toEqual(['color', 'failure', 'item', 'rights', 'shape'].sort());
    const { plan } = planComponent(await dummyComponent(SHOP));
    for (const { exportIndex, functionName } of all.operations) {
      expect(plan.exports[exportIndex]?.name).toBe(functionName);
    }
  });

  it('are joined with the text that tools print as well', async () => {
    const component = await dummyComponent(SHOP);
    const { plan } = planComponent(component);
    const all = listOperations(plan, readWit(await componentWit(component)));
    expect(all.operations).toHaveLength(9);
    expect(listOperations(plan).operations.map(({ name }) => name)).toEqual(
      all.operations.map(({ name }) => name),
    );
  });

  it.each([
    ['price: cents,', 'price: u64,', 'the WIT text says u64 where the component has s64'],
    ['green,', 'blue,', 'the WIT text says red, blue where the component has red, green'],
    ['polygon(list<tuple<f32, f32>>)', 'polygon(list<tuple<f32, f64>>)', 's.polygon[].1'],
    ['empty,\n', '', 'circle, polygon, none where'],
    ['list<u8, 16>', 'list<u8, 17>', 'length 17'],
    ['option<option<char>>', 'option<char>', 'function deep, o?: the WIT text says char'],
    ['query: string,', 'search: string,', '(search, limit, color)'],
    ['-> string;', ';', 'whether it has a result'],
    ['-> result<u32>;', '-> result<u32, u8>;', 'the WIT text says a value where the component has nothing'],
  ])('are refused when the text has %s changed to %s', async (from, to, message) => {
    const { plan } = planComponent(await dummyComponent(SHOP));
    expect(SHOP).toContain(from);
    const error = refusal(() => listOperations(plan, readWit(SHOP.replace(from, to))));
    expect(error.code).toBe('REGISTRY_REJECTED');
    expect(error.detail).toContain(message);
  });

  it('say which operation takes and gives plain bytes', async () => {
    const all = await operationsOf(`package a:b; world w {
      type data = list<u8>;
      export one: func(a: list<u8>) -> result<list<u8>, u8>;
      export two: func(a: data, b: u8) -> string;
      export three: func(a: list<u8, 4>) -> result<list<u8, 4>>;
      export four: func(a: option<list<u8>>) -> result<_, string>;
      export five: func(a: data) -> result<string>;
    }`);
    expect(
      all.operations.map(({ name, isRawArgument, rawResult }) => [name, isRawArgument, rawResult]),
    ).toEqual([
      ['one', true, 'bytes'],
      ['two', false, 'text'],
      ['three', false, undefined],
      ['four', false, undefined],
      ['five', true, 'text'],
    ]);
    expect(all.operations.map(({ failure }) => failure)).toEqual([
      { error: 'u8' },
      undefined,
      { error: undefined },
      { error: 'string' },
      { error: undefined },
    ]);
  });
});

it('types are refused when they are deeper than schemas go, however deep', () => {
  const chain = (depth: number): WitType[] =>
    Array.from({ length: depth }, (_, i): WitType => ({ kind: 'list', element: i === 0 ? 'u32' : i - 1 }));
  const of = (depth: number) => planOf([[undefined, 'f', [{ name: 'a', type: depth - 1 }]]], chain(depth));
  expect(listOperations(of(100)).types).toHaveLength(100);
  expect(refusal(() => listOperations(of(101))).detail).toContain('nested more than 100 deep');
  expect(refusal(() => listOperations(of(200_000))).detail).toContain('nested more than 100 deep');
});
