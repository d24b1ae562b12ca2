/**
 * Records → members: texts at every length and alignment with characters that need care at every place, and the
 * structures that a plan knows: groups, tables, counters, views, segments, policies, records that are cut short.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileDecodeProbes, createDecodeProbe, type Field, Kind } from './decode-probe.ts';

const builds = await compileDecodeProbes();

/** cp037 bytes of ASCII characters that are in every EBCDIC page, and some that only cp037 has. */
const EBCDIC: ReadonlyMap<string, number> = new Map([
  ...run('a', 0x81, 9),
  ...run('j', 0x91, 9),
  ...run('s', 0xa2, 8),
  ...run('A', 0xc1, 9),
  ...run('J', 0xd1, 9),
  ...run('S', 0xe2, 8),
  ...run('0', 0xf0, 10),
  ...Object.entries({
    ' ': 0x40,
    '.': 0x4b,
    '<': 0x4c,
    '(': 0x4d,
    '+': 0x4e,
    '&': 0x50,
    '*': 0x5c,
    ')': 0x5d,
  }),
  ...Object.entries({ '-': 0x60, '/': 0x61, ',': 0x6b, '%': 0x6c, _: 0x6d, '?': 0x6f, ':': 0x7a, "'": 0x7d }),
  ...Object.entries({
    '"': 0x7f,
    '\\': 0xe0,
    '{': 0xc0,
    '}': 0xd0,
    '[': 0xba,
    ']': 0xbb,
    '^': 0xb0,
    '~': 0xa1,
  }),
  ...Object.entries({
    é: 0x51,
    ß: 0x59,
    '¬': 0x5f,
    ä: 0x43,
    '\u0000': 0x00,
    '\n': 0x25,
    '\t': 0x05,
    '\u007f': 0x07,
  }),
]);

function* run(first: string, byte: number, count: number): Generator<[string, number]> {
  for (let i = 0; i < count; i++) yield [String.fromCharCode(first.charCodeAt(0) + i), byte + i];
}

const ebcdic = (text: string): Buffer =>
  Buffer.from([...text].map((character) => EBCDIC.get(character) ?? 0x6f));
const record = (length: number): Field => ({ name: 'R', level: 1, kind: Kind.group, length });
const trimmed = (text: string, trim: number): string => {
  const left = (trim & 1) !== 0 ? text.replace(/^ +/, '') : text;
  return (trim & 2) !== 0 ? left.replace(/ +$/, '') : left;
};

describe.each(builds)('texts, $name', ({ module }) => {
  const probe = createDecodeProbe(module);

  test.each([0, 1, 2, 3])('every length from 1 to 70 at every alignment, trim %d', (trim) => {
    for (let length = 1; length <= 70; length++) {
      probe.use([record(length), { name: 'T', kind: Kind.text, length }], [`trim:${trim}`]);
      for (let alignment = 0; alignment < 16; alignment++) {
        const spaces = (length * 7 + alignment * 3) % (length + 1);
        const text = ' '.repeat(alignment % 3) + 'Ab1,z9-X.'.repeat(9);
        const padded = text.slice(0, length - spaces).padEnd(length);
        expect(probe.decode(ebcdic(padded), -1, alignment)).toBe(
          `"T":${JSON.stringify(trimmed(padded, trim))}`,
        );
      }
    }
  });

  test.each([...'"\\{}[]~^é¬\u0000\n\u007f'])('%j at every place of texts of 1 to 40', (special) => {
    for (let length = 1; length <= 40; length++) {
      probe.use([
        record(length + 1),
        { name: 'T', kind: Kind.text, length },
        { name: 'U', kind: Kind.text, length: 1 },
      ]);
      for (let place = 0; place < length; place++) {
        const text = 'x'.repeat(place) + special + 'Y'.repeat(length - place - 1);
        expect(probe.decode(ebcdic(`${text}"`))).toBe(`"T":${JSON.stringify(text)},"U":"\\""`);
      }
    }
  });

  test.each(['cp037', 'cp273', 'cp500', 'cp1047', 'cp1140', 'cp870', 'cp1025', 'cp875', 'latin1', 'ascii'])(
    'any bytes are the same by the kernels and by the slow way, %s',
    (codePage) => {
      const lengths = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 80 }), plainBytes);
      fc.assert(
        fc.property(lengths, fc.nat(15), fc.nat(3), (bytes, alignment, trim) => {
          const options = [`codePage:${codePage}`, `trim:${trim}`, 'invalid:1'];
          probe.use([record(bytes.length), { name: 'T', kind: Kind.text, length: bytes.length }], options);
          const slow = probe.slow(1, bytes, alignment);
          expect(probe.decode(bytes, -1, alignment)).toBe(slow === undefined ? '"T":null' : `"T":"${slow}"`);
        }),
        { numRuns: 500 },
      );
    },
  );

  test('plain transcoding gives every character of the page', () => {
    const text = [...EBCDIC.keys()].join('');
    probe.use([record(1)]);
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...text), { maxLength: 200 }),
        fc.nat(15),
        (characters, alignment) => {
          expect(probe.transcode(ebcdic(characters.join('')), alignment)).toBe(characters.join(''));
        },
      ),
    );
  });

  test('national, graphic, mixed and binary texts', () => {
    probe.use([record(6), { name: 'N', kind: Kind.national, length: 6 }]);
    expect(probe.decode(Buffer.from('004100e90020', 'hex'))).toBe('"N":"Aé"');
    expect(probe.decode(Buffer.from('d83dde000022', 'hex'))).toBe('"N":"😀\\""');
    expect(probe.decode(Buffer.from('d83d00410042', 'hex'))).toMatchObject({ code: 'DATA', field: 'R.N' });
    probe.use([record(6), { name: 'N', kind: Kind.national, length: 6 }], ['nationalIsLittleEndian:true']);
    expect(probe.decode(Buffer.from('410042004300', 'hex'))).toBe('"N":"ABC"');
    probe.use([record(3), { name: 'B', kind: Kind.bytes, length: 3 }]);
    expect(probe.decode(Buffer.from('00ff1a', 'hex'))).toBe('"B":"00ff1a"');
    probe.use([record(8), { name: 'M', kind: Kind.text, length: 8 }], ['codePage:cp939']);
    // Full-width A between shifts.
    expect(probe.decode(Buffer.from('c10e42c10f404040', 'hex'))).toBe('"M":"AＡ"');
    expect(probe.decode(Buffer.from('c10e42c142c14040', 'hex'))).toMatchObject({
      code: 'DATA',
      field: 'R.M',
    });
    probe.use([record(6), { name: 'G', kind: Kind.graphic, length: 6 }], ['codePage:cp939']);
    expect(probe.decode(Buffer.from('42c142c24040', 'hex'))).toBe('"G":"ＡＢ"');
  });
});

/** Long stretches without anything special, so that kernels go through, and sometimes one byte of any kind. */
const plainBytes = fc
  .tuple(
    fc.array(fc.constantFrom(0xc1, 0xe2, 0x81, 0xf5, 0x40, 0x4b, 0x41, 0x61, 0x20, 0x39), {
      minLength: 1,
      maxLength: 80,
    }),
    fc.nat(79),
    fc.option(fc.nat(255)),
  )
  .map(([bytes, place, odd]) => {
    if (odd !== null && place < bytes.length) bytes[place] = odd;
    return Uint8Array.from(bytes);
  });

describe.each(builds)('structures, $name', ({ module }) => {
  const probe = createDecodeProbe(module);
  const text = (name: string, length: number, rest: Partial<Field> = {}): Field => ({
    name,
    kind: Kind.text,
    length,
    ...rest,
  });
  const digit = (name: string, rest: Partial<Field> = {}): Field => ({
    name,
    kind: Kind.zoned,
    length: 1,
    digits: 1,
    ...rest,
  });

  test('groups, fillers, the root and its members', () => {
    const fields = [
      record(6),
      { name: 'G', level: 3, kind: Kind.group, length: 3, offset: 0 },
      text('A', 2),
      digit('B'),
      text('F', 1, { level: 3, hidden: true }),
      text('C', 2, { level: 3 }),
    ];
    probe.use(fields);
    expect(probe.decode(ebcdic('xy7-z '))).toBe('"G":{"A":"xy","B":7},"C":"z"');
    probe.use(fields, ['keepRoot:true']);
    expect(probe.decode(ebcdic('xy7-z '))).toBe('"R":{"G":{"A":"xy","B":7},"C":"z"}');
    probe.use(fields, ['groupsAsText:G']);
    expect(probe.decode(ebcdic('xy7-z '))).toBe('"G":"xy7","C":"z"');
  });

  test('tables in tables, of leaves and of groups', () => {
    probe.use([
      record(12),
      { name: 'T', level: 3, kind: Kind.group, length: 4, offset: 0, occurs: [3, 3] },
      text('A', 1, { offset: 0 }),
      digit('B', { offset: 1, occurs: [3, 3] }),
    ]);
    expect(probe.decode(ebcdic('x123y456 789'))).toBe(
      '"T":[{"A":"x","B":[1,2,3]},{"A":"y","B":[4,5,6]},{"A":"","B":[7,8,9]}]',
    );
  });

  const counted: Field[] = [
    record(20),
    digit('N', { level: 3, offset: 0 }),
    { name: 'T', level: 3, kind: Kind.group, length: 6, offset: 1, occurs: [0, 3, 1] },
    digit('M', { offset: 1 }),
    text('X', 1, { offset: 2, occurs: [0, 5, 3] }),
    text('END', 1, { level: 3, offset: 19 }),
  ];

  test('what is behind a short table moves forward, also within the elements of another', () => {
    probe.use(counted);
    for (const [data, members] of [
      ['0e', '"N":0,"T":[],"END":"e"'],
      ['13abce', '"N":1,"T":[{"M":3,"X":["a","b","c"]}],"END":"e"'],
      ['31a02bce', '"N":3,"T":[{"M":1,"X":["a"]},{"M":0,"X":[]},{"M":2,"X":["b","c"]}],"END":"e"'],
      ['35abcde5fghij5klmnoe', null],
    ] as const) {
      const bytes = ebcdic(data);
      const answer = probe.decode(bytes);
      if (members !== null) expect(answer).toBe(members);
      else expect(JSON.parse(`{${answer}}`)).toMatchObject({ N: 3, END: 'e' });
      expect(probe.exports.used()).toBe(bytes.length);
    }
  });

  test('at their maximum, tables lie where they would lie full, and show what they count', () => {
    probe.use(counted, ['odoIsVariable:false']);
    expect(probe.decode(ebcdic('11aZZZZZZZZZZZZZZZZe'))).toBe('"N":1,"T":[{"M":1,"X":["a"]}],"END":"e"');
    expect(probe.exports.used()).toBe(20);
  });

  test('a counter out of bounds is a problem, or makes the table and what is behind it null', () => {
    probe.use(counted);
    expect(probe.decode(ebcdic('4aaaaaaaaaaaaaaaaaae'))).toMatchObject({
      code: 'DATA',
      record: 7,
      offset: 1001,
      field: 'R.T',
    });
    probe.use(counted, ['invalid:1']);
    expect(probe.decode(ebcdic('4aaaaaaaaaaaaaaaaaae'))).toBe('"N":4,"T":null,"END":null');
    expect(probe.decode(ebcdic('.aaaaaaaaaaaaaaaaaae'))).toBe('"N":null,"T":null,"END":null');
    probe.use(counted, ['invalid:1', 'odoIsVariable:false']);
    expect(probe.decode(ebcdic('4aaaaaaaaaaaaaaaaaae'))).toBe('"N":4,"T":null,"END":"e"');
  });

  test('a counter may be a text that options map to a count', () => {
    const fields = [record(4), text('N', 1), text('X', 1, { occurs: [0, 2, 1] }), text('E', 1)];
    probe.use(fields, ['occursMappings:X,A=1,B=2']);
    expect(probe.decode(ebcdic('Axe'))).toBe('"N":"A","X":["x"],"E":"e"');
    expect(probe.decode(ebcdic('Bxye'))).toBe('"N":"B","X":["x","y"],"E":"e"');
    expect(probe.decode(ebcdic('Cxye'))).toMatchObject({ code: 'DATA', field: 'R.X' });
  });

  test('a group as text is as long as its tables', () => {
    probe.use(
      [
        record(8),
        digit('N', { level: 3 }),
        { name: 'G', level: 3, kind: Kind.group, length: 6, offset: 1 },
        text('X', 1, { offset: 1, occurs: [0, 5, 1] }),
        text('Y', 1, { offset: 6 }),
        text('E', 1, { level: 3, offset: 7 }),
      ],
      ['groupsAsText:G'],
    );
    expect(probe.decode(ebcdic('2abye'))).toBe('"N":2,"G":"aby","E":"e"');
  });

  const views: Field[] = [
    record(6),
    { name: 'A', level: 3, kind: Kind.group, length: 4, offset: 0 },
    text('AT', 4, { offset: 0 }),
    { name: 'B', level: 3, kind: Kind.group, length: 4, offset: 0, redefines: 1 },
    { ...digit('BN'), length: 4, digits: 4, offset: 0 },
    text('END', 2, { level: 3, offset: 4 }),
  ];

  test('every view is shown, and is null where the bytes are not its own', () => {
    probe.use(views);
    expect(probe.decode(ebcdic('1234ee'))).toBe('"A":{"AT":"1234"},"B":{"BN":1234},"END":"ee"');
    const before = probe.exports.errors();
    expect(probe.decode(ebcdic('abcdee'))).toBe('"A":{"AT":"abcd"},"B":{"BN":null},"END":"ee"');
    expect(probe.exports.errors()).toBe(before);
  });

  test('a segment chooses its view, whose bytes must be right', () => {
    const compile = (): void => {
      probe.use(views, ['redefineSegments:A,S1', 'redefineSegments:B,S2']);
    };
    compile();
    expect(probe.decode(ebcdic('1234ee'), -1)).toBe('"A":null,"B":null,"END":"ee"');
    expect(probe.decode(ebcdic('1234ee'), probe.exports.noSegment())).toBe('"END":"ee"');
    expect(probe.decodeGroup(3, ebcdic('1234ee'))).toBe('"BN":1234');
    expect(probe.decodeGroup(1, ebcdic('1234ee'))).toBe('"AT":"1234"');
    expect(probe.decodeGroup(3, ebcdic('abcdee'))).toMatchObject({
      code: 'DATA',
      field: 'R.B.BN',
      offset: 1000,
    });
  });

  test('views with tables: what follows lies behind the longest of them', () => {
    probe.use([
      record(8),
      digit('N', { level: 3, offset: 0 }),
      { name: 'A', level: 3, kind: Kind.group, length: 6, offset: 1 },
      text('X', 2, { offset: 1, occurs: [1, 3, 1] }),
      { name: 'B', level: 3, kind: Kind.group, length: 2, offset: 1, redefines: 2 },
      text('Y', 2, { offset: 1 }),
      text('E', 1, { level: 3, offset: 7 }),
    ]);
    expect(probe.decode(ebcdic('2aabbe'))).toBe('"N":2,"A":{"X":["aa","bb"]},"B":{"Y":"aa"},"E":"e"');
    expect(probe.decode(ebcdic('1aae'))).toBe('"N":1,"A":{"X":["aa"]},"B":{"Y":"aa"},"E":"e"');
  });

  const policies: Field[] = [
    record(9),
    { ...digit('Z'), length: 3, digits: 3 },
    { name: 'P', kind: Kind.packed, length: 3, digits: 5, scale: 2, signed: true },
    text('T', 3),
  ];
  const bad = Buffer.concat([ebcdic('1x3'), Buffer.from('12345a', 'hex').fill(0xff, 1, 2), ebcdic('ok ')]);

  test('invalid bytes are a problem with its place, null, or themselves', () => {
    probe.use(policies);
    expect(probe.decode(bad)).toMatchObject({ code: 'DATA', record: 7, offset: 1000, field: 'R.Z' });
    probe.use(policies, ['invalid:1']);
    expect(probe.decode(bad)).toBe('"Z":null,"P":null,"T":"ok"');
    probe.use(policies, ['invalid:2']);
    expect(probe.decode(bad)).toBe('"Z":{"raw":"f1a7f3"},"P":{"raw":"12ff5a"},"T":"ok"');
    probe.use(policies, ['invalid:1', 'invalidFields:P,raw']);
    expect(probe.decode(bad)).toBe('"Z":null,"P":{"raw":"12ff5a"},"T":"ok"');
    probe.use(policies, ['invalid:1', 'omitNulls:true']);
    expect(probe.decode(bad)).toBe('"T":"ok"');
    probe.use(policies, ['invalidFields:R.Z,null']);
    expect(probe.decode(bad)).toMatchObject({ offset: 1003, field: 'R.P' });
  });

  test('_errors lists them, and every error is counted', () => {
    probe.use(policies, ['invalid:1', 'errorColumn:true']);
    const before = probe.exports.errors();
    const members = JSON.parse(`{${probe.decode(bad)}}`);
    expect(members).toEqual({
      Z: null,
      P: null,
      T: 'ok',
      _errors: [
        { field: 'R.Z', offset: 1000, hex: 'f1a7f3', reason: 'a digit is not a digit' },
        { field: 'R.P', offset: 1003, hex: '12ff5a', reason: 'a digit is not a digit' },
      ],
    });
    expect(probe.exports.errors()).toBe(before + 2n);
    expect(probe.decode(Buffer.concat([ebcdic('123'), Buffer.from('12345c', 'hex'), ebcdic('ok ')]))).toBe(
      '"Z":123,"P":123.45,"T":"ok"',
    );
  });

  test('a record that ends early: shorter texts, nulls behind, numbers that are cut are invalid', () => {
    probe.use(policies, ['invalid:1']);
    const whole = Buffer.concat([ebcdic('123'), Buffer.from('12345c', 'hex'), ebcdic('abc')]);
    expect(probe.decode(whole.subarray(0, 8))).toBe('"Z":123,"P":123.45,"T":"ab"');
    expect(probe.decode(whole.subarray(0, 6))).toBe('"Z":123,"P":123.45,"T":null');
    expect(probe.decode(whole.subarray(0, 5))).toBe('"Z":123,"P":null,"T":null');
    expect(probe.decode(whole.subarray(0, 0))).toBe('"Z":null,"P":null,"T":null');
    probe.use(policies);
    expect(probe.decode(whole.subarray(0, 5))).toMatchObject({ code: 'DATA', field: 'R.P', offset: 1003 });
  });

  test('no record writes more than membersMaxBytes', () => {
    const fields: Field[] = [
      record(40),
      text('A', 4, { occurs: [5, 5] }),
      { name: 'B', kind: Kind.packed, length: 2, digits: 3, scale: 1, occurs: [4, 4] },
      { name: 'C', kind: Kind.float, length: 8 },
      { name: 'D', kind: Kind.bytes, length: 4 },
    ];
    const options = ['invalid:2', 'errorColumn:true'];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (bytes) => {
        const most = probe.use(fields, options);
        const members = probe.decode(bytes);
        expect(Buffer.byteLength(String(members))).toBeLessThanOrEqual(Number(most));
        JSON.parse(`{${members}}`);
      }),
      { numRuns: 200 },
    );
    probe.use([record(40), text('A', 40)], ['codePage:cp037']);
    const most = probe.use([record(40), text('A', 40)]);
    expect(Buffer.byteLength(String(probe.decode(new Uint8Array(40))))).toBeLessThanOrEqual(Number(most));
  });

  test('more fields than a plan holds are refused', () => {
    const fields = Array.from({ length: 100_001 }, (_, index) => text(`F${index}`, 1));
    expect(probe.use([record(100_001), ...fields])).toMatchObject({ code: 'LIMIT' });
  });
});
