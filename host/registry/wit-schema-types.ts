/**
 * One WIT type → its JSON Schema.
 *
 * The mapping of values is that of `executor/abi-json.ts`; the table in `registry/README.md` states it. Always: what has an
 * object form is closed (`additionalProperties: false`), and names are those of the WIT text.
 */

import type { Primitive, TypeRef, WitType } from '../link-plan.ts';
import type { NotedTypes, TypeNote } from './wit-types.ts';

export type Schema = Readonly<Record<string, unknown>>;

export interface TypeSchema {
  /** The schema where the type is used: a reference if it has a definition. */
  readonly inline: (ref: TypeRef) => Schema;
  readonly definition: (ref: number) => Schema;
}

const integer = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
/** `pattern` speaks of strings only; the format checks the range, which is 19 or 20 digits. */
const wide = (minimum: number, format: string, pattern: string, isInput: boolean): Schema =>
  isInput
    ? { type: ['integer', 'string'], minimum, maximum: Number.MAX_SAFE_INTEGER, pattern, format }
    : { type: 'string', pattern, format };
const floating = (bounds: Schema): Schema => ({
  type: ['number', 'string'],
  ...bounds,
  pattern: '^(NaN|-?Infinity)$',
});

/** Largest finite f32: a number beyond it would silently become infinite. */
const F32_MAX = 3.4028234663852886e38;

const PRIMITIVES: Readonly<Record<Primitive, (isInput: boolean) => Schema>> = {
  bool: () => ({ type: 'boolean' }),
  s8: () => integer(-0x80, 0x7f),
  u8: () => integer(0, 0xff),
  s16: () => integer(-0x8000, 0x7fff),
  u16: () => integer(0, 0xffff),
  s32: () => integer(-0x8000_0000, 0x7fff_ffff),
  u32: () => integer(0, 0xffff_ffff),
  s64: (isInput) => wide(Number.MIN_SAFE_INTEGER, 'int64', '^(0|-?[1-9][0-9]{0,18})$', isInput),
  u64: (isInput) => wide(0, 'uint64', '^(0|[1-9][0-9]{0,19})$', isInput),
  f32: () => floating({ minimum: -F32_MAX, maximum: F32_MAX }),
  f64: () => floating({}),
  // Lengths count characters, not units of UTF-16. Source: JSON Schema Validation 2020-12, 6.3.1.
  char: () => ({ type: 'string', minLength: 1, maxLength: 1 }),
  string: () => ({ type: 'string' }),
};

/** `names`: the types that have a definition. `isInput`: as a caller may write it, otherwise as the host writes it. */
export function createTypeSchema(
  { types, notes }: NotedTypes,
  names: ReadonlyMap<number, string>,
  reference: (name: string) => string,
  isInput: boolean,
): TypeSchema {
  const inline = (ref: TypeRef): Schema => {
    if (typeof ref === 'string') return PRIMITIVES[ref](isInput);
    const name = names.get(ref);
    return name === undefined ? definition(ref) : { $ref: reference(name) };
  };

  const definition = (ref: number): Schema => {
    const type = types[ref] as WitType;
    const note = notes[ref];
    const schema = write(type, note);
    const description = describe(type, note);
    return description === undefined ? schema : { ...schema, description };
  };

  const write = (type: WitType, note: TypeNote | undefined): Schema => {
    switch (type.kind) {
      case 'list':
        return list(type);
      case 'record': {
        // As a result every field is there; a caller may leave out what is optional.
        const isOptional = (field: TypeRef): boolean =>
          isInput && typeof field === 'number' && types[field]?.kind === 'option';
        const required = type.fields.filter((field) => !isOptional(field.type)).map(({ name }) => name);
        const properties = type.fields.map(({ name, type: field }) => [
          name,
          withDescription(inline(field), note?.members.get(name)),
        ]);
        return closed(Object.fromEntries(properties), required);
      }
      case 'tuple': {
        const count = type.parts.length;
        const length = { minItems: count, maxItems: count };
        return { type: 'array', prefixItems: type.parts.map(inline), items: false, ...length };
      }
      case 'variant':
        return variant(type, note);
      case 'enum':
        return { type: 'string', enum: type.names };
      case 'flags':
        return { type: 'array', items: { type: 'string', enum: type.names }, uniqueItems: true };
      case 'option': {
        const isNested = typeof type.some === 'number' && types[type.some]?.kind === 'option';
        return nullable(isNested ? closed({ some: inline(type.some) }, ['some']) : inline(type.some));
      }
      case 'result': {
        const part = (of: TypeRef | undefined): Schema => (of === undefined ? { type: 'null' } : inline(of));
        const properties = { ok: part(type.ok), error: part(type.error) };
        return { ...closed(properties, undefined), minProperties: 1, maxProperties: 1 };
      }
      case 'own':
      case 'borrow':
        throw new Error('operations have no resources: listOperations refuses them');
    }
  };

  const list = ({ element, length }: Extract<WitType, { kind: 'list' }>): Schema => {
    if (element === 'u8') {
      const chars = length === undefined ? undefined : Math.ceil(length / 3) * 4;
      const bounds = chars === undefined ? {} : { minLength: chars, maxLength: chars };
      // How many bytes the last four characters hold is beyond a length: the pattern says how many of them pad.
      const padding = length === undefined ? {} : { pattern: ['[^=]$', '[^=]==$', '[^=]=$'][length % 3] };
      return { type: 'string', contentEncoding: 'base64', format: 'byte', ...bounds, ...padding };
    }
    const bounds = length === undefined ? {} : { minItems: length, maxItems: length };
    return { type: 'array', items: inline(element), ...bounds };
  };

  const variant = ({ cases }: Extract<WitType, { kind: 'variant' }>, note: TypeNote | undefined): Schema => {
    const bare = cases.filter((one) => one.type === undefined).map(({ name }) => name);
    const branches: Schema[] = cases.flatMap((one) => {
      if (one.type === undefined) return [];
      const branch = closed({ tag: { type: 'string', const: one.name }, value: inline(one.type) }, [
        'tag',
        'value',
      ]);
      return [withDescription(branch, note?.members.get(one.name))];
    });
    // Cases without a value are alike but for their names.
    if (bare.length > 0) branches.push(closed({ tag: { type: 'string', enum: bare } }, ['tag']));
    if (branches.length === 1) return branches[0] as Schema;
    return { type: 'object', discriminator: { propertyName: 'tag' }, oneOf: branches };
  };

  return { inline, definition };
}

const closed = (
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] | undefined,
): Schema => ({
  type: 'object',
  properties,
  ...(required === undefined ? {} : { required }),
  additionalProperties: false,
});

/** Beside `$ref` too: 2020-12 lets keywords stand there. */
const withDescription = (schema: Schema, description: string | undefined): Schema =>
  description === undefined ? schema : { ...schema, description };

/** The schema, or null. Written into the type where that is all there is to say: failures then name one place. */
function nullable(schema: Schema): Schema {
  const { type } = schema;
  const isMixed = type === undefined || schema.oneOf !== undefined || schema.const !== undefined;
  if (isMixed) return { anyOf: [schema, { type: 'null' }] };
  const values = schema.enum as readonly string[] | undefined;
  return {
    ...schema,
    type: [...(typeof type === 'string' ? [type] : (type as string[])), 'null'],
    ...(values === undefined ? {} : { enum: [...values, null] }),
  };
}

/** What the text says about the type; for names without a schema of their own also what it says about each. */
function describe(type: WitType, note: TypeNote | undefined): string | undefined {
  if (note === undefined) return undefined;
  const listed =
    type.kind === 'enum' || type.kind === 'flags'
      ? type.names
      : type.kind === 'variant'
        ? type.cases.filter((one) => one.type === undefined).map(({ name }) => name)
        : [];
  const lines = listed.flatMap((name) => {
    const said = note.members.get(name);
    return said === undefined ? [] : [`- \`${name}\`: ${said}`];
  });
  return (
    [note.description, lines.join('\n')].filter((part) => part !== undefined && part !== '').join('\n\n') ||
    undefined
  );
}
