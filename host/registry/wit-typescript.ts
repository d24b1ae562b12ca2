/**
 * Operations → TypeScript declarations of their arguments, results and failures, for callers of the JSON interface.
 *
 * What is declared is what `wit-schema.ts` describes, as far as the types of TypeScript go: ranges and lengths are left to the
 * host. A type whose argument form is freer than its result form (64-bit integers, fields that may be left out) is declared
 * twice, the freer one as `…Input`. Documentation becomes comments; no text of an author can end one.
 */

import type { Primitive, TypeRef, WitType } from '../link-plan.ts';
import { nameDefinitions } from './wit-names.ts';
import type { Operation, Operations } from './wit-operations.ts';
import { partsOf } from './wit-types.ts';

const FLOAT = "number | 'NaN' | 'Infinity' | '-Infinity'";

const PRIMITIVES: Readonly<Record<Primitive, string>> = {
  bool: 'boolean',
  s8: 'number',
  u8: 'number',
  s16: 'number',
  u16: 'number',
  s32: 'number',
  u32: 'number',
  s64: 'string',
  u64: 'string',
  f32: FLOAT,
  f64: FLOAT,
  char: 'string',
  string: 'string',
};

/** A name in both forms; the same twice for a type that has one. */
interface Declared {
  readonly result: string;
  readonly input: string;
}

/**
 * The text of a declaration file: the named types, and `Operations` with `arguments`, `result` and `failure` (`never` when
 * the operation has none) of each operation by name.
 */
export function declareOperations(all: Operations): string {
  const { types, notes, operations } = all;
  const isFreer = freerAsInput(types);
  const names = declareNames(all, isFreer);

  const use = (ref: TypeRef, isInput: boolean, indent: string): string => {
    if (typeof ref === 'string') {
      return isInput && (ref === 's64' || ref === 'u64') ? 'number | string' : PRIMITIVES[ref];
    }
    const name = names.get(ref);
    return name === undefined ? write(ref, isInput, indent) : isInput ? name.input : name.result;
  };

  const isOption = (ref: TypeRef): boolean => typeof ref === 'number' && types[ref]?.kind === 'option';

  const object = (fields: readonly Field[], isInput: boolean, indent: string): string => {
    const inner = `${indent}  `;
    const lines = fields.map(({ name, type, docs }) => {
      const mark = isInput && isOption(type) ? '?' : '';
      return `${comment(docs, inner)}${inner}${key(name)}${mark}: ${use(type, isInput, inner)};\n`;
    });
    return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('')}${indent}}`;
  };

  const write = (ref: number, isInput: boolean, indent: string): string => {
    const type = types[ref] as WitType;
    const members = notes[ref]?.members;
    const part = (of: TypeRef | undefined): string => (of === undefined ? 'null' : use(of, isInput, indent));
    switch (type.kind) {
      case 'list':
        return type.element === 'u8' ? 'string' : `${grouped(part(type.element))}[]`;
      case 'record':
        return object(
          type.fields.map((field) => ({ ...field, docs: members?.get(field.name) })),
          isInput,
          indent,
        );
      case 'tuple':
        return `[${type.parts.map(part).join(', ')}]`;
      case 'variant':
        return type.cases
          .map(({ name, type: value }) => {
            const rest = value === undefined ? '' : `; value: ${part(value)}`;
            return `${inlineComment(members?.get(name))}{ tag: '${name}'${rest} }`;
          })
          .join(' | ');
      case 'enum':
        return type.names.map((name) => `'${name}'`).join(' | ');
      case 'flags':
        return `(${type.names.map((name) => `'${name}'`).join(' | ')})[]`;
      case 'option':
        return isOption(type.some) ? `{ some: ${part(type.some)} } | null` : `${part(type.some)} | null`;
      case 'result':
        return `{ ok: ${part(type.ok)} } | { error: ${part(type.error)} }`;
      case 'own':
      case 'borrow':
        throw new Error('operations have no resources: listOperations refuses them');
    }
  };

  const given = reachable(
    types,
    operations.flatMap(({ parameters }) => parameters.map(({ type }) => type)),
  );
  const answered = reachable(
    types,
    operations.flatMap(({ result, failure }) => [result, failure?.error]),
  );
  const declarations = [...names].flatMap(([ref, { result, input }]) => {
    const docs = comment(describe(all, ref), '');
    const keyword = (name: string, text: string): string =>
      types[ref]?.kind === 'record'
        ? `export interface ${name} ${text}\n`
        : `export type ${name} = ${text};\n`;
    const declare = (isInput: boolean): string =>
      docs + keyword(isInput ? input : result, write(ref, isInput, ''));
    if (input === result) return [declare(false)];
    return [...(answered.has(ref) ? [declare(false)] : []), ...(given.has(ref) ? [declare(true)] : [])];
  });
  const entries = operations.map((operation) => {
    const value = (ref: TypeRef | undefined): string =>
      ref === undefined ? 'null' : use(ref, false, '    ');
    return [
      `${comment(operation.description, '  ')}  ${key(operation.name)}: {\n`,
      `    arguments: ${object(operation.parameters, true, '    ')};\n`,
      `    result: ${value(operation.result)};\n`,
      `    failure: ${operation.failure === undefined ? 'never' : value(operation.failure.error)};\n  };\n`,
    ].join('');
  });
  return [...declarations, `export interface Operations {\n${entries.join('')}}\n`].join('\n');
}

interface Field {
  readonly name: string;
  readonly type: TypeRef;
  readonly docs?: string | undefined;
}

function declareNames(all: Operations, isFreer: readonly boolean[]): ReadonlyMap<number, Declared> {
  const taken = new Set(['Operations', 'Record']);
  const claim = (name: string): string => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}${number}`;
    taken.add(free);
    return free;
  };
  const declared = new Map<number, Declared>();
  for (const [ref, name] of nameDefinitions(all, all.operations.flatMap(typesOf), true)) {
    const result = claim(
      name
        .split('-')
        .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
        .join(''),
    );
    declared.set(ref, { result, input: isFreer[ref] ? claim(`${result}Input`) : result });
  }
  return declared;
}

const typesOf = ({ parameters, result, failure }: Operation): TypeRef[] =>
  [...parameters.map(({ type }) => type), result, failure?.error].filter((ref) => ref !== undefined);

/** The types of a table that these are made of. A user has a greater index than its parts, so one pass is enough. */
function reachable(types: readonly WitType[], roots: readonly (TypeRef | undefined)[]): ReadonlySet<TypeRef> {
  const found = new Set<TypeRef>(roots.filter((ref) => ref !== undefined));
  for (let ref = types.length - 1; ref >= 0; ref--) {
    if (found.has(ref)) for (const part of partsOf(types[ref] as WitType)) found.add(part);
  }
  return found;
}

/** Of each type whether its argument form is freer than its result form. */
function freerAsInput(types: readonly WitType[]): readonly boolean[] {
  const freer: boolean[] = [];
  for (const type of types) {
    const parts = partsOf(type);
    const mayLackField =
      type.kind === 'record' && parts.some((ref) => typeof ref === 'number' && types[ref]?.kind === 'option');
    freer.push(
      mayLackField ||
        parts.some((ref) => (typeof ref === 'number' ? freer[ref] : ref === 's64' || ref === 'u64')),
    );
  }
  return freer;
}

function describe({ types, notes }: Operations, ref: number): string | undefined {
  const type = types[ref] as WitType;
  const note = notes[ref];
  const listed = type.kind === 'enum' || type.kind === 'flags' ? type.names : [];
  const lines = listed.flatMap((name) => {
    const said = note?.members.get(name);
    return said === undefined ? [] : [`- \`${name}\`: ${said}`];
  });
  const bytes = type.kind === 'list' && type.element === 'u8' ? ['Bytes in base64.'] : [];
  return [note?.description ?? '', ...bytes, ...lines].filter((line) => line !== '').join('\n');
}

function comment(docs: string | undefined, indent: string): string {
  if (docs === undefined || docs === '') return '';
  const lines = safe(docs).split('\n');
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

const inlineComment = (docs: string | undefined): string =>
  docs === undefined ? '' : `/** ${safe(docs).replaceAll('\n', ' ')} */ `;

const safe = (docs: string): string => docs.replaceAll('*/', '*\\/').replace(/[\r\u2028\u2029]/g, ' ');
const key = (name: string): string => (name.includes('-') ? `'${name}'` : name);
const grouped = (text: string): string => (/^[\w$]+$/.test(text) ? text : `(${text})`);
