/**
 * Reads types, functions and definitions of types from the tokens of WIT text.
 *
 * Always: everything read is bounded (`ITEMS_MAX`, `NESTING_MAX`), and what this host does not have (streams, futures,
 * maps, asynchronous functions) is refused where it stands. Source: component model, WIT, "Types".
 */

import { HostError } from '../errors.ts';
import type { Primitive } from '../link-plan.ts';
import type { DefinitionBody, DefinitionNode, FunctionNode, MemberNode, TypeNode } from './wit-syntax.ts';
import type { Token, TokenReader } from './wit-tokens.ts';

/** Types within each other. Written ones stay below ten; each costs a level of recursion. */
export const NESTING_MAX = 64;

/** Definitions, members, parameters, functions and types of one text. A large real interface has some 2,000. */
const ITEMS_MAX = 20_000;

const PRIMITIVES: ReadonlySet<string> = new Set<Primitive>([
  'bool',
  's8',
  'u8',
  's16',
  'u16',
  's32',
  'u32',
  's64',
  'u64',
  'f32',
  'f64',
  'char',
  'string',
]);

const isPrimitive = (name: string): name is Primitive => PRIMITIVES.has(name);

const BEYOND: ReadonlySet<string> = new Set(['stream', 'future', 'error-context', 'map']);

/** Tokens and what is asked of them everywhere. */
export interface Reading {
  readonly tokens: TokenReader;
  /** Counts one thing read. */
  count(offset: number): void;
  /** Takes the symbol or keyword if it is next. */
  accept(text: string): boolean;
  expect(text: string): Token;
  name(what: string): Token;
}

export function createReading(tokens: TokenReader): Reading {
  let items = 0;
  const isNext = (text: string): boolean => {
    const token = tokens.peek();
    return token.text === text && token.kind !== 'end' && !token.isEscaped;
  };
  return {
    tokens,
    count(offset) {
      items++;
      if (items > ITEMS_MAX) tokens.refuse(offset, `more than ${ITEMS_MAX} definitions, members and types`);
    },
    accept(text) {
      const isThere = isNext(text);
      if (isThere) tokens.next();
      return isThere;
    },
    expect(text) {
      const token = tokens.peek();
      if (!isNext(text)) tokens.refuse(token.offset, `expected \`${text}\` and not \`${token.text}\``);
      return tokens.next();
    },
    name(what) {
      const token = tokens.next();
      if (token.kind !== 'word') tokens.refuse(token.offset, `expected ${what} and not \`${token.text}\``);
      return token;
    },
  };
}

/** Throws REGISTRY_UNSUPPORTED — WIT that this host does not run. */
export function refuseFeature({ tokens }: Reading, offset: number, what: string): never {
  const place = tokens.placeOf(offset);
  throw new HostError(
    'REGISTRY_UNSUPPORTED',
    `WIT text, ${place.line}:${place.column}: ${what}, which this host does not have`,
    { place },
  );
}

/** Items between commas up to `close`, which is taken; a comma before it is allowed. */
export function commaList<T>(reading: Reading, close: string, item: () => T): T[] {
  const items: T[] = [];
  while (!reading.accept(close)) {
    items.push(item());
    if (!reading.accept(',')) {
      reading.expect(close);
      break;
    }
  }
  return items;
}

export function parseType(reading: Reading, depth = 0): TypeNode {
  const { tokens } = reading;
  const { text, offset, isEscaped } = reading.name('a type');
  reading.count(offset);
  if (depth >= NESTING_MAX) tokens.refuse(offset, `types are nested more than ${NESTING_MAX} deep`);
  const inner = (): TypeNode => parseType(reading, depth + 1);
  if (isEscaped) return { kind: 'name', name: text, offset };
  if (isPrimitive(text)) return { kind: 'primitive', name: text, offset };
  if (BEYOND.has(text))
    return refuseFeature(reading, offset, `\`${text}\` is a type of asynchronous or later WIT`);
  switch (text) {
    case 'list': {
      reading.expect('<');
      const element = inner();
      const length = reading.accept(',') ? parseLength(reading) : undefined;
      reading.expect('>');
      return { kind: 'list', element, length, offset };
    }
    case 'option': {
      reading.expect('<');
      const some = inner();
      reading.expect('>');
      return { kind: 'option', some, offset };
    }
    case 'tuple':
      reading.expect('<');
      return { kind: 'tuple', parts: commaList(reading, '>', inner), offset };
    case 'result': {
      if (!reading.accept('<')) return { kind: 'result', ok: undefined, error: undefined, offset };
      const ok = reading.accept('_') ? undefined : inner();
      const error = reading.accept(',') ? inner() : undefined;
      reading.expect('>');
      return { kind: 'result', ok, error, offset };
    }
    case 'own':
    case 'borrow': {
      reading.expect('<');
      const { text: name } = reading.name('the name of a resource');
      reading.expect('>');
      return { kind: 'handle', ownership: text, name, offset };
    }
    default:
      return { kind: 'name', name: text, offset };
  }
}

function parseLength({ tokens }: Reading): number {
  const { text, kind, offset } = tokens.next();
  const length = kind === 'number' ? Number(text) : 0;
  if (length < 1 || length > 0xffff_ffff) tokens.refuse(offset, 'a list has a length from 1 to 4294967295');
  return length;
}

/** `func(a: t) -> r`, without what stands around it. */
export function parseSignature(reading: Reading): Pick<FunctionNode, 'parameters' | 'result'> {
  const { offset } = reading.tokens.peek();
  if (reading.accept('async')) refuseFeature(reading, offset, 'the function is asynchronous');
  reading.expect('func');
  const parameters = parseParameters(reading);
  return { parameters, result: reading.accept('->') ? parseType(reading) : undefined };
}

function parseParameters(reading: Reading): FunctionNode['parameters'] {
  reading.expect('(');
  return commaList(reading, ')', () => {
    const { text: name } = reading.name('the name of a parameter');
    reading.expect(':');
    return { name, type: parseType(reading) };
  });
}

const DEFINITIONS: ReadonlySet<string> = new Set(['type', 'record', 'variant', 'enum', 'flags', 'resource']);

/** Reads the definition that begins with `keyword`, which was taken; undefined when that begins something else. */
export function parseDefinition(reading: Reading, keyword: Token, docs: string): DefinitionNode | undefined {
  const kind = keyword.text;
  if (keyword.isEscaped || !DEFINITIONS.has(kind) || reading.tokens.peek().text === ':') return undefined;
  const { text: name, offset } = reading.name(`the name of a ${kind}`);
  reading.count(offset);
  let body: DefinitionBody;
  if (kind === 'type') {
    reading.expect('=');
    body = { kind: 'alias', type: parseType(reading) };
    reading.expect(';');
  } else if (kind === 'resource') {
    body = { kind, functions: reading.accept(';') ? [] : parseResource(reading, name) };
  } else {
    const shape = kind as 'record' | 'variant' | 'enum' | 'flags';
    reading.expect('{');
    body = { kind: shape, members: commaList(reading, '}', () => parseMember(reading, shape)) };
    if (body.members.length === 0) reading.tokens.refuse(offset, `the ${kind} ${name} has no members`);
    refuseTwice(reading, offset, `members of ${name}`, body.members);
  }
  return { name, docs, offset, body };
}

function parseMember(reading: Reading, kind: 'record' | 'variant' | 'enum' | 'flags'): MemberNode {
  const { docs } = reading.tokens.peek();
  skipAttributes(reading);
  const { text: name, offset } = reading.name(`a member of a ${kind}`);
  reading.count(offset);
  let type: TypeNode | undefined;
  if (kind === 'record') {
    reading.expect(':');
    type = parseType(reading);
  } else if (kind === 'variant' && reading.accept('(')) {
    type = parseType(reading);
    reading.expect(')');
  }
  return { name, type, docs };
}

function parseResource(reading: Reading, resource: string): FunctionNode[] {
  reading.expect('{');
  const functions: FunctionNode[] = [];
  const self: TypeNode = { kind: 'handle', ownership: 'borrow', name: resource, offset: 0 };
  while (!reading.accept('}')) {
    const { docs } = reading.tokens.peek();
    skipAttributes(reading);
    const { text: name, offset, isEscaped } = reading.name('a function of a resource');
    reading.count(offset);
    if (name === 'constructor' && !isEscaped) {
      const parameters = parseParameters(reading);
      const result: TypeNode = reading.accept('->')
        ? parseType(reading)
        : { kind: 'handle', ownership: 'own', name: resource, offset };
      functions.push({ name: `[constructor]${resource}`, docs, offset, parameters, result });
    } else {
      reading.expect(':');
      const isStatic = reading.accept('static');
      const { parameters, result } = parseSignature(reading);
      functions.push({
        name: `[${isStatic ? 'static' : 'method'}]${resource}.${name}`,
        docs,
        offset,
        parameters: isStatic ? parameters : [{ name: 'self', type: self }, ...parameters],
        result,
      });
    }
    reading.expect(';');
  }
  return functions;
}

/** Skips `@since(version = 1.2.3)` and the like: they are about the text, not about its meaning. */
export function skipAttributes(reading: Reading): void {
  while (reading.accept('@')) {
    reading.name('an attribute');
    if (!reading.accept('(')) continue;
    const key = reading.name('a field of an attribute').text;
    reading.expect('=');
    if (key === 'version') reading.tokens.version();
    else reading.name('the value of an attribute');
    reading.expect(')');
  }
}

/** Refuses two of one name. Names differ in more than case. Source: component model, Explainer, "strongly-unique". */
export function refuseTwice(
  { tokens }: Reading,
  offset: number,
  what: string,
  named: readonly { readonly name: string }[],
): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    const key = name.toLowerCase();
    if (seen.has(key)) tokens.refuse(offset, `two ${what} are called ${name}`);
    seen.add(key);
  }
}
