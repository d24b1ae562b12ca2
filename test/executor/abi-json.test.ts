import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { createJsonCodec } from '../../host/executor/abi-json.ts';
import type { TypeRef, WitType } from '../../host/types.ts';
import { planOf } from './random-types.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A codec of `(a: T) -> T`, T being the last of `types`, or a primitive. */
const codecOf = (...types: readonly (WitType | TypeRef)[]) => {
  const table = types.filter((type) => typeof type === 'object');
  const last = types.at(-1);
  return createJsonCodec(
    planOf({ types: table, ref: typeof last === 'object' ? table.length - 1 : (last as TypeRef) }),
  );
};

const read = (json: string, ...types: readonly (WitType | TypeRef)[]): unknown =>
  codecOf(...types).valuesFromJson(0, encoder.encode(`{"a":${json}}`))[0];

const write = (value: unknown, ...types: readonly (WitType | TypeRef)[]): string =>
  decoder.decode(codecOf(...types).jsonFromResult(0, value).bytes);

function refusal(run: () => unknown): HostError {
  try {
    run();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const refused = (json: string, ...types: readonly (WitType | TypeRef)[]) => {
  const error = refusal(() => read(json, ...types));
  expect(error.code).toBe('ADAPTER_BAD_INPUT');
  const [problem] = error.problems ?? [];
  return `${problem?.at} ${problem?.message}`;
};

const RECORD: WitType = {
  kind: 'record',
  fields: [
    { name: 'constructor', type: 'u8' },
    { name: 'to-string', type: 'string' },
  ],
};

describe('integers', () => {
  it.each([
    ['s8', -128, 127],
    ['u8', 0, 255],
    ['s16', -32768, 32767],
    ['u16', 0, 65535],
    ['s32', -2147483648, 2147483647],
    ['u32', 0, 4294967295],
  ] as const)('of %s are those from %i to %i', (type, min, max) => {
    for (const good of [min, max, 0]) expect(read(`${good}`, type)).toBe(good);
    for (const bad of [`${min - 1}`, `${max + 1}`, '0.5', '"0"', 'null', 'true', '1e999']) {
      expect(refused(bad, type)).toBe(`/a must be an integer from ${min} to ${max}`);
    }
    expect(Object.is(read('-0', type), 0)).toBe(true);
    expect(read('1.0', type)).toBe(1);
  });

  it.each([
    ['s64', -(2n ** 63n), 2n ** 63n - 1n],
    ['u64', 0n, 2n ** 64n - 1n],
  ] as const)('of %s are strings, or numbers that are exact, from %i to %i', (type, min, max) => {
    for (const good of [min, max, 0n, 2n ** 53n]) {
      expect(read(`"${good}"`, type)).toBe(good);
      expect(write(good, type)).toBe(`"${good}"`);
    }
    expect(read('9007199254740991', type)).toBe(9007199254740991n);
    expect(read('-0', type)).toBe(0n);
    const wrong = [
      `"${min - 1n}"`,
      `"${max + 1n}"`,
      '9007199254740992',
      '"-0"',
      '"01"',
      '"+1"',
      '" 1"',
      '"1.0"',
      '""',
      '"0x1"',
      '1.5',
      'null',
    ];
    for (const bad of wrong) expect(refused(bad, type), bad).toContain('/a must be an integer from');
  });
});

describe('floats', () => {
  it('keep the sign of zero, and name what JSON has no number for', () => {
    for (const value of [
      -0,
      0,
      1.5,
      5e-324,
      1e21,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]) {
      expect(Object.is(read(write(value, 'f64'), 'f64'), value)).toBe(true);
    }
    expect(write(Number.NaN, 'f32')).toBe('"NaN"');
    expect(write(-0, 'f32')).toBe('-0');
  });

  it('are never infinite by accident', () => {
    for (const bad of ['1e999', '-1e999', '"1"', '"infinity"', 'null'])
      expect(refused(bad, 'f64')).toContain('/a');
    expect(refused('3.5e38', 'f32')).toContain('/a');
    expect(read('0.1', 'f32')).toBe(Math.fround(0.1));
  });
});

describe('text', () => {
  it('of one character is one scalar value', () => {
    for (const good of ['a', 'é', '😀', '\u0000', '\uffff'])
      expect(read(JSON.stringify(good), 'char')).toBe(good);
    for (const bad of ['""', '"ab"', '"\\ud83d"', '"e\u0301"', '"😀a"', '1'])
      expect(refused(bad, 'char')).toContain('/a must');
  });

  it('holds no lone surrogates', () => {
    expect(read('"\\ud83d\\ude00"', 'string')).toBe('😀');
    expect(refused('"a\\ud83d"', 'string')).toBe('/a must not hold a lone surrogate');
  });

  it('of bytes is base64 and nothing like it', () => {
    const bytes: WitType = { kind: 'list', element: 'u8' };
    expect(read('"AP8="', bytes)).toEqual(Uint8Array.of(0, 255));
    expect(read('""', bytes)).toEqual(new Uint8Array());
    expect(write(Uint8Array.of(0, 255, 62), bytes)).toBe('"AP8+"');
    for (const bad of [
      '"AP8"',
      '"AP9="',
      '"A P8="',
      '"AP8-"',
      '"AP8=\\n"',
      '"="',
      '[0]',
      'null',
      '"AP8=AP8="',
    ]) {
      expect(refused(bad, bytes), bad).toContain('base64');
    }
    const key: WitType = { kind: 'list', element: 'u8', length: 2 };
    expect(read('"AP8="', key)).toEqual(Uint8Array.of(0, 255));
    expect(refused('"AP8A"', key)).toBe('/a must be 2 bytes in base64, padded, without blanks');
  });
});

describe('structures', () => {
  it('may have names that mean something to JavaScript', () => {
    const value = read('{"constructor":1,"to-string":"x"}', RECORD) as Record<string, unknown>;
    expect(Object.entries(value)).toEqual([
      ['constructor', 1],
      ['to-string', 'x'],
    ]);
    expect(write(value, RECORD)).toBe('{"constructor":1,"to-string":"x"}');
    expect((value as { hasOwnProperty?: unknown }).hasOwnProperty).toBeUndefined();
    expect(refused('{"to-string":"x"}', RECORD)).toBe('/a/constructor is required');
    expect(refused('{"constructor":1,"to-string":"x","__proto__":{}}', RECORD)).toBe(
      '/a/__proto__ is not a known field',
    );
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('are open to nothing that was not declared', () => {
    expect(refused('[]', RECORD)).toBe('/a must be an object');
    expect(refused('null', RECORD)).toBe('/a must be an object');
    expect(refused('{"constructor":1,"to-string":"x","a/b~c":1}', RECORD)).toBe(
      '/a/a~1b~0c is not a known field',
    );
    const tuple: WitType = { kind: 'tuple', parts: ['u8', 'bool'] };
    expect(read('[1,true]', tuple)).toEqual([1, true]);
    expect(refused('[1]', tuple)).toBe('/a must have 2 items');
    expect(refused('[1,2]', tuple)).toBe('/a/1 must be true or false');
    const list: WitType = { kind: 'list', element: 'u16', length: 2 };
    expect(refused('[1,2,3]', list)).toBe('/a must have 2 items');
  });

  it('of variants name their case, and hold a value where it has one', () => {
    const variant: WitType = {
      kind: 'variant',
      cases: [
        { name: 'constructor', type: undefined },
        { name: 'b', type: 'u8' },
      ],
    };
    expect(read('{"tag":"constructor"}', variant)).toEqual({ tag: 'constructor' });
    expect(read('{"value":1,"tag":"b"}', variant)).toEqual({ tag: 'b', val: 1 });
    expect(write({ tag: 'b', val: 1 }, variant)).toBe('{"tag":"b","value":1}');
    expect(refused('{"tag":"toString"}', variant)).toBe('/a/tag must be one of constructor, b');
    expect(refused('{"tag":"constructor","value":null}', variant)).toBe('/a/value is not a known field');
    expect(refused('{"tag":"b"}', variant)).toBe('/a/value is required');
    expect(refused('{"tag":"b","value":-1}', variant)).toContain('/a/value must be');
    expect(refused('{}', variant)).toBe('/a/tag is required');
    expect(refused('"b"', variant)).toBe('/a must be an object');
  });

  it('of flags are names, each once, in any order', () => {
    const flags: WitType = { kind: 'flags', names: ['r', 'w', 'x'] };
    expect(read('["x","r"]', flags)).toEqual(['r', 'x']);
    expect(refused('["r","r"]', flags)).toContain('/a/1 must be one of r, w, x, each once');
    expect(refused('["q"]', flags)).toContain('/a/0');
    const names: WitType = { kind: 'enum', names: ['r', 'w'] };
    expect(read('"w"', names)).toBe('w');
    expect(refused('"constructor"', names)).toBe('/a must be one of r, w');
  });

  it('of options tell nothing from something, however nested', () => {
    const one: WitType = { kind: 'option', some: 'u8' };
    const three: WitType[] = [one, { kind: 'option', some: 0 }, { kind: 'option', some: 1 }];
    expect(read('null', one)).toBeUndefined();
    expect(codecOf(one).valuesFromJson(0, encoder.encode('{}'))).toEqual([undefined]);
    const values = [
      [undefined, 'null'],
      [{ val: undefined }, '{"some":null}'],
      [{ val: { val: undefined } }, '{"some":{"some":null}}'],
      [{ val: { val: 1 } }, '{"some":{"some":1}}'],
    ] as const;
    for (const [value, json] of values) {
      expect(read(json, ...three)).toEqual(value);
      expect(write(value, ...three)).toBe(json);
    }
    expect(refused('{"some":1}', ...three)).toBe('/a/some must be an object');
    expect(refused('{}', ...three)).toBe('/a/some is required');
    const record: WitType = { kind: 'record', fields: [{ name: 'x', type: 0 }] };
    expect(read('{}', one, record)).toEqual({ x: undefined });
    expect(write({ x: undefined }, one, record)).toBe('{"x":null}');
  });
});

describe('a result', () => {
  const result: WitType = { kind: 'result', ok: 'u8', error: undefined };

  it('as an argument says which it is', () => {
    expect(read('{"ok":1}', result)).toEqual({ tag: 'ok', val: 1 });
    expect(read('{"error":null}', result)).toEqual({ tag: 'err' });
    for (const bad of ['{}', '{"ok":1,"error":null}', '{"OK":1}'])
      expect(refused(bad, result)).toContain('either ok or error');
    expect(refused('{"error":1}', result)).toBe('/a/error must be null');
  });

  it('of a function is taken apart into an answer and a failure', () => {
    const answer = (value: unknown) => {
      const { isFailure, bytes } = codecOf(result).jsonFromResult(0, value);
      return [isFailure, decoder.decode(bytes)];
    };
    expect(answer({ tag: 'ok', val: 7 })).toEqual([false, '7']);
    expect(answer({ tag: 'err' })).toEqual([true, 'null']);
    expect(write([{ tag: 'err' }, { tag: 'ok', val: 1 }], result, { kind: 'tuple', parts: [0, 0] })).toBe(
      '[{"error":null},{"ok":1}]',
    );
  });

  it('of a function that gives nothing is null', () => {
    const plan = planOf({ types: [], ref: 'u8' });
    const codec = createJsonCodec({
      ...plan,
      exports: plan.exports.map((one) => ({ ...one, type: { parameters: [], result: undefined } })),
    });
    expect(decoder.decode(codec.jsonFromResult(0, undefined).bytes)).toBe('null');
    expect(codec.valuesFromJson(0, encoder.encode('{}'))).toEqual([]);
    expect(refusal(() => codec.valuesFromJson(0, encoder.encode('{"a":1}'))).detail).toBe(
      '/a is not a known field',
    );
  });
});

describe('input that is no JSON', () => {
  it.each([
    ['nothing', ''],
    ['half of it', '{"a":'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['NaN', '{"a":NaN}'],
    ['two of it', '{"a":1}{"a":1}'],
  ])('is refused: %s', (_, text) => {
    const error = refusal(() => codecOf('u8').valuesFromJson(0, encoder.encode(text)));
    expect(error.code).toBe('ADAPTER_BAD_INPUT');
    expect(error.detail).toContain('the input is not JSON');
    expect(error.detail).toMatch(/^[\x20-\x7e]+$/);
  });

  it('or no UTF-8 is refused', () => {
    const bytes = Uint8Array.from([...encoder.encode('{"a":"'), 0xff, ...encoder.encode('"}')]);
    expect(refusal(() => codecOf('string').valuesFromJson(0, bytes)).detail).toBe('the input is not UTF-8');
    expect(refusal(() => codecOf('u8').valuesFromJson(0, encoder.encode('[1]'))).detail).toBe(
      'the input must be an object',
    );
  });

  it('does not end the stack, however deep', () => {
    for (const depth of [1_000, 400_000]) {
      const deep = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      const error = refusal(() =>
        codecOf({ kind: 'list', element: 'u32' }).valuesFromJson(0, encoder.encode(deep)),
      );
      expect(error.detail).toContain('/a/0 must be an integer');
    }
  });

  it('is refused before it is parsed when it has too many parts', () => {
    const wide = encoder.encode(`{"a":[${'[],'.repeat(300_000)}[]]}`);
    const error = refusal(() => codecOf({ kind: 'list', element: 'u32' }).valuesFromJson(0, wide));
    expect(error.detail).toContain('has more than 500000 members and items');
    const text = encoder.encode(JSON.stringify({ a: '[,:'.repeat(400_000) }));
    expect(codecOf('string').valuesFromJson(0, text)).toEqual(['[,:'.repeat(400_000)]);
  });

  it('has types as deep as a plan has them', () => {
    const types = Array.from(
      { length: 1_000 },
      (_, i): WitType => ({ kind: 'list', element: i === 0 ? 'u32' : i - 1 }),
    );
    const json = `${'['.repeat(1_000)}7${']'.repeat(1_000)}`;
    expect(write(read(json, ...types), ...types)).toBe(json);
    expect(refused(`${'['.repeat(1_000)}-1${']'.repeat(1_000)}`, ...types)).toContain(
      `/a${'/0'.repeat(1_000)} must be`,
    );
  });
});
