/**
 * Generated fields: a line of a copybook, a value in JSON, and a reading of the bytes that shares nothing with the
 * kernel. Numbers are BigInts of their digits; nothing is fast here.
 */

import fc from 'fast-check';

export interface Field {
  /** Behind the name, e.g. `PIC S9(7)V99 COMP-3`. */
  readonly clause: string;
  readonly lengthBytes: number;
  /** As decoding writes it. */
  readonly value: string;
  /** The value again, from its bytes. */
  readonly read: (bytes: Uint8Array) => string;
}

const LETTERS = ' ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,-/"\\\'éß';
/** Of cp037, written down from its published table. */
const BYTES = new Map<number, string>();
const put = (first: number, characters: string): void => {
  [...characters].forEach((character, index) => {
    BYTES.set(first + index, character);
  });
};
put(0x40, ' ');
put(0xc1, 'ABCDEFGHI');
put(0xd1, 'JKLMNOPQR');
put(0xe2, 'STUVWXYZ');
put(0x81, 'abcdefghi');
put(0x91, 'jklmnopqr');
put(0xa2, 'stuvwxyz');
put(0xf0, '0123456789');
put(0x4b, '.');
put(0x6b, ',');
put(0x60, '-');
put(0x61, '/');
put(0x7f, '"');
put(0xe0, '\\');
put(0x7d, "'");
put(0x51, 'é');
put(0x59, 'ß');
put(0x5b, '$');
put(0x5c, '*');
put(0x4e, '+');

export function textOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => BYTES.get(byte) ?? '?').join('');
}

/** The text of digits × 10^-scale, as decoding writes it. */
export function numberText(digits: bigint, scale: number): string {
  const negative = digits < 0n;
  let text = (negative ? -digits : digits).toString();
  if (scale < 0) text = digits === 0n ? '0' : text + '0'.repeat(-scale);
  if (scale > 0) {
    text = text.padStart(scale + 1, '0');
    text = `${text.slice(0, -scale)}.${text.slice(-scale)}`;
  }
  return negative ? `-${text}` : text;
}

const quotedBeyond15 = (text: string, digits: number): string => (digits > 15 ? `"${text}"` : text);

interface Shape {
  readonly whole: number;
  readonly decimals: number;
  readonly signed: boolean;
}

const shape = (maxDigits: number): fc.Arbitrary<Shape> =>
  fc
    .tuple(fc.integer({ min: 0, max: maxDigits }), fc.integer({ min: 0, max: 6 }), fc.boolean())
    .filter(([whole, decimals]) => whole + decimals > 0 && whole + decimals <= maxDigits)
    .map(([whole, decimals, signed]) => ({ whole, decimals, signed }));

const picture = ({ whole, decimals, signed }: Shape): string =>
  `${signed ? 'S' : ''}${whole > 0 ? `9(${whole})` : ''}${decimals > 0 ? `V9(${decimals})` : ''}`;

const amount = ({ whole, decimals, signed }: Shape): fc.Arbitrary<bigint> => {
  const most = 10n ** BigInt(whole + decimals) - 1n;
  const edges = signed ? [0n, 1n, -1n, most, -most] : [0n, 1n, most];
  return fc.oneof(fc.bigInt(signed ? -most : 0n, most), fc.constantFrom(...edges));
};

const numeric = (
  of: Shape,
  clause: string,
  lengthBytes: number,
  read: (bytes: Uint8Array) => bigint,
): fc.Arbitrary<Field> => {
  const digits = of.whole + of.decimals;
  return amount(of).map((value) => ({
    clause,
    lengthBytes,
    value: quotedBeyond15(numberText(value, of.decimals), digits),
    read: (bytes) => quotedBeyond15(numberText(read(bytes), of.decimals), digits),
  }));
};

const text = fc
  .tuple(fc.integer({ min: 1, max: 45 }), fc.array(fc.constantFrom(...LETTERS), { maxLength: 45 }))
  .map(([length, characters]): Field => {
    const value = characters.slice(0, length).join('').replace(/ +$/, '');
    return {
      clause: `PIC X(${length})`,
      lengthBytes: length,
      value: JSON.stringify(value),
      read: (bytes) => JSON.stringify(textOf(bytes).replace(/ +$/, '')),
    };
  });

const justified = text.map((field): Field => {
  const value = JSON.parse(field.value).padStart(field.lengthBytes, ' ');
  return {
    ...field,
    clause: `${field.clause} JUSTIFIED RIGHT`,
    value: JSON.stringify(value.trim() === '' ? '' : value),
  };
});

const zoned = fc
  .tuple(shape(31), fc.constantFrom('', ' LEADING', ' TRAILING SEPARATE', ' LEADING SEPARATE'))
  .chain(([of, sign]) => {
    const clause = of.signed ? sign : '';
    const digits = of.whole + of.decimals;
    const separate = clause.includes('SEPARATE');
    return numeric(
      of,
      `PIC ${picture(of)}${clause === '' ? '' : ` SIGN${clause}`}`,
      digits + (separate ? 1 : 0),
      (bytes) => {
        const leading = clause.includes('LEADING');
        const signAt = leading ? 0 : bytes.length - 1;
        const all = [...bytes];
        let negative = false;
        if (separate) {
          negative = all[signAt] === 0x60;
          if (!negative && all[signAt] !== 0x4e) throw new Error('no sign');
          all.splice(signAt, 1);
        } else if (of.signed) {
          const zone = (all[signAt] ?? 0) >> 4;
          if (zone !== 0xc && zone !== 0xd) throw new Error('no preferred sign');
          negative = zone === 0xd;
          all[signAt] = 0xf0 | ((all[signAt] ?? 0) & 15);
        }
        const value = BigInt(all.map((byte) => (byte >> 4 === 15 ? String(byte & 15) : 'x')).join(''));
        return negative ? -value : value;
      },
    );
  });

const packed = shape(31).chain((of) => {
  const digits = of.whole + of.decimals;
  return numeric(of, `PIC ${picture(of)} COMP-3`, (digits >> 1) + 1, (bytes) => {
    const nibbles = Buffer.from(bytes).toString('hex');
    const sign = nibbles.at(-1);
    if (sign !== (of.signed ? (sign === 'd' ? 'd' : 'c') : 'f')) throw new Error('no preferred sign');
    const value = BigInt(nibbles.slice(0, -1));
    return sign === 'd' ? -value : value;
  });
});

const packedUnsigned = shape(18)
  .map((of) => ({ ...of, signed: false }))
  .chain((of) =>
    numeric(of, `PIC ${picture(of)} COMP-6`, (of.whole + of.decimals + 1) >> 1, (bytes) =>
      BigInt(Buffer.from(bytes).toString('hex')),
    ),
  );

const binary = fc.tuple(shape(18), fc.constantFrom('COMP', 'COMP-5', 'BINARY')).chain(([of, usage]) => {
  const digits = of.whole + of.decimals;
  const length = digits <= 4 ? 2 : digits <= 9 ? 4 : 8;
  return numeric(of, `PIC ${picture(of)} ${usage}`, length, (bytes) => {
    const value = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
    return of.signed ? BigInt.asIntN(length * 8, value) : value;
  });
});

const national = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.array(fc.constantFrom(...'Aé漢\u{1f600}"\\'), { maxLength: 12 }))
  .map(([length, characters]): Field => {
    let value = '';
    for (const character of characters) if (value.length + character.length <= length) value += character;
    return {
      clause: `PIC N(${length}) USAGE NATIONAL`,
      lengthBytes: length * 2,
      value: JSON.stringify(value),
      read: (bytes) =>
        JSON.stringify(
          new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/ +$/, ''),
        ),
    };
  });

const pointer = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(
  (bytes): Field => ({
    clause: 'USAGE POINTER',
    lengthBytes: 4,
    value: `"${Buffer.from(bytes).toString('hex')}"`,
    read: (written) => `"${Buffer.from(written).toString('hex')}"`,
  }),
);

const edited = fc
  .constantFrom(['ZZZ,ZZ9.99CR', 8, 2], ['-(6)9', 6, 0], ['$$$$9.99', 6, 2], ['+9(5)', 5, 0])
  .chain(([edited, digits, scale]) => {
    const isSigned = /[-+]|CR/.test(String(edited));
    const most = 10n ** BigInt(digits) - 1n;
    const length = edited === 'ZZZ,ZZ9.99CR' ? 12 : edited === '-(6)9' ? 7 : edited === '$$$$9.99' ? 8 : 6;
    return fc.bigInt(isSigned ? -most : 0n, most).map(
      (value): Field => ({
        clause: `PIC ${edited}`,
        lengthBytes: length,
        value: numberText(value, Number(scale)),
        read: (bytes) => {
          const shown = textOf(bytes);
          const negative = shown.includes('-') || shown.includes('CR');
          const read = BigInt(shown.replace(/\D/g, ''));
          return numberText(negative ? -read : read, Number(scale));
        },
      }),
    );
  });

export const anyField: fc.Arbitrary<Field> = fc.oneof(
  text,
  justified,
  zoned,
  packed,
  packedUnsigned,
  binary,
  national,
  pointer,
  edited,
);

/** A copybook of one record with these fields, named F-1, F-2 and so on. */
export function copybookOf(fields: readonly Field[]): string {
  const lines = fields.map((field, index) => `       05 F-${index + 1} ${field.clause}.`);
  return ['       01 REC.', ...lines].map((line) => fold(`       ${line.trim()}`)).join('\n');
}

/** Text ends at column 72. */
function fold(line: string): string {
  if (line.length <= 72) return line;
  const at = line.lastIndexOf(' ', 70);
  return `${line.slice(0, at)}\n           ${line.slice(at + 1)}`;
}

export function jsonOf(fields: readonly Field[]): string {
  return `{${fields.map((field, index) => `"F-${index + 1}":${field.value}`).join(',')}}`;
}
