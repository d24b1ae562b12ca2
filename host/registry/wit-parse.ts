/**
 * WIT text → packages with their interfaces and worlds, as they are written.
 *
 * Takes what authors write and what tools print: a text of one package, with other packages in braces behind it. Names are
 * not resolved here. Imports of a world are skipped: what a component imports is read from its bytes.
 * Source: component model, WIT, "Top-level items".
 */

import {
  commaList,
  createReading,
  parseDefinition,
  parseSignature,
  type Reading,
  refuseTwice,
  skipAttributes,
} from './wit-parse-type.ts';
import type {
  DefinitionNode,
  FunctionNode,
  InterfaceNode,
  PackageNode,
  PathNode,
  UseNode,
  WorldNode,
} from './wit-syntax.ts';
import { readTokens, type TokenReader } from './wit-tokens.ts';

interface PackageHead {
  readonly name: string;
  readonly version: string | undefined;
}

/** A package that is being read. */
interface OpenPackage extends PackageHead {
  readonly interfaces: InterfaceNode[];
  readonly worlds: WorldNode[];
  readonly aliases: { readonly as: string; readonly path: PathNode }[];
}

/**
 * The packages of a text, the one that it names at its top first; and its tokens, for places.
 * Throws REGISTRY_REJECTED — it is not WIT, or too large; REGISTRY_UNSUPPORTED — see `wit-parse-type.ts`.
 */
export function parseWit(text: string): { packages: readonly PackageNode[]; tokens: TokenReader } {
  const tokens = readTokens(text);
  const reading = createReading(tokens);
  const packages: OpenPackage[] = [];
  let top = openPackage({ name: '', version: undefined });
  packages.push(top);
  while (tokens.peek().kind !== 'end') {
    if (tokens.peek().text !== 'package') {
      parseItem(reading, top);
      continue;
    }
    const { offset } = tokens.next();
    const opened = openPackage(parsePackageName(reading));
    if (reading.accept(';')) {
      const isFirst = top.name === '' && top.interfaces.length + top.worlds.length + top.aliases.length === 0;
      if (!isFirst) tokens.refuse(offset, 'the package is named twice, or after its first item');
      packages[0] = opened;
      top = opened;
    } else {
      reading.expect('{');
      while (!reading.accept('}')) parseItem(reading, opened);
      packages.push(opened);
    }
  }
  return { packages, tokens };
}

const openPackage = (head: PackageHead): OpenPackage => ({
  ...head,
  interfaces: [],
  worlds: [],
  aliases: [],
});

function parsePackageName(reading: Reading): PackageHead {
  let name = reading.name('the namespace of a package').text;
  name += reading.expect(':').text + reading.name('the name of a package').text;
  while (reading.accept('/')) name += `/${reading.name('the name of a package').text}`;
  return { name, version: reading.accept('@') ? reading.tokens.version() : undefined };
}

function parseItem(reading: Reading, into: OpenPackage): void {
  const { docs } = reading.tokens.peek();
  skipAttributes(reading);
  const keyword = reading.name('an interface or a world');
  reading.count(keyword.offset);
  if (keyword.text === 'interface') {
    const { text: name } = reading.name('the name of an interface');
    into.interfaces.push({ name, docs, ...parseInterface(reading) });
  } else if (keyword.text === 'world') {
    into.worlds.push(parseWorld(reading, docs));
  } else if (keyword.text === 'use') {
    const path = parsePath(reading);
    into.aliases.push({ as: reading.accept('as') ? reading.name('a name').text : path.name, path });
    reading.expect(';');
  } else {
    reading.tokens.refuse(keyword.offset, `\`${keyword.text}\` does not begin an interface or a world`);
  }
}

function parseInterface(reading: Reading): Pick<InterfaceNode, 'uses' | 'definitions' | 'functions'> {
  const { offset } = reading.expect('{');
  const uses: UseNode[] = [];
  const definitions: DefinitionNode[] = [];
  const functions: FunctionNode[] = [];
  while (!reading.accept('}')) {
    const { docs } = reading.tokens.peek();
    skipAttributes(reading);
    const word = reading.name('a type or a function');
    const definition = parseDefinition(reading, word, docs);
    if (definition !== undefined) {
      definitions.push(definition);
      // The functions of a resource are functions of the interface, in the binary too.
      if (definition.body.kind === 'resource') functions.push(...definition.body.functions);
    } else if (word.text === 'use' && !word.isEscaped && reading.tokens.peek().text !== ':') {
      uses.push(...parseUse(reading));
    } else {
      reading.expect(':');
      functions.push({ name: word.text, docs, offset: word.offset, ...parseSignature(reading) });
      reading.count(word.offset);
      reading.expect(';');
    }
  }
  refuseTwice(reading, offset, 'types', [...definitions, ...uses.map((use) => ({ name: use.as }))]);
  refuseTwice(reading, offset, 'functions', functions);
  return { uses, definitions, functions };
}

function parseWorld(reading: Reading, docs: string): WorldNode {
  const { text: name, offset } = reading.name('the name of a world');
  const uses: UseNode[] = [];
  const definitions: DefinitionNode[] = [];
  const functions: FunctionNode[] = [];
  const exports: PathNode[] = [];
  const inline: InterfaceNode[] = [];
  const includes: PathNode[] = [];
  reading.expect('{');
  while (!reading.accept('}')) {
    const { docs: itemDocs } = reading.tokens.peek();
    skipAttributes(reading);
    const word = reading.name('an item of a world');
    reading.count(word.offset);
    const definition = parseDefinition(reading, word, itemDocs);
    if (definition !== undefined) definitions.push(definition);
    else if (word.text === 'use') uses.push(...parseUse(reading));
    else if (word.text === 'include') {
      includes.push(parsePath(reading));
      // `with { a as b }` renames types of what is included; they are found under neither name and left to the bytes.
      if (reading.accept('with')) {
        reading.expect('{');
        commaList(reading, '}', () => [reading.name('a name'), reading.expect('as'), reading.name('a name')]);
      } else reading.expect(';');
    } else if (word.text === 'import' || word.text === 'export') {
      const item = parseWorldItem(reading, itemDocs);
      if (word.text === 'import') continue;
      if (item.kind === 'function') functions.push(item.function);
      else if (item.kind === 'inline') inline.push(item.interface);
      else exports.push(item.path);
    } else reading.tokens.refuse(word.offset, `\`${word.text}\` does not begin an item of a world`);
  }
  refuseTwice(reading, offset, 'functions', functions);
  return { name, docs, offset, uses, definitions, functions, exports, inline, includes };
}

type WorldItem =
  | { readonly kind: 'function'; readonly function: FunctionNode }
  | { readonly kind: 'inline'; readonly interface: InterfaceNode }
  | { readonly kind: 'path'; readonly path: PathNode };

/** What stands behind `import` and `export`: `a: func()`, `a: interface {}`, `a`, or `b:c/a@1.0.0`. */
function parseWorldItem(reading: Reading, docs: string): WorldItem {
  const { text: name, offset } = reading.name('a function or an interface');
  if (!reading.accept(':')) {
    reading.expect(';');
    return { kind: 'path', path: { package: undefined, version: undefined, name, offset } };
  }
  if (reading.accept('interface'))
    return { kind: 'inline', interface: { name, docs, ...parseInterface(reading) } };
  const { text } = reading.tokens.peek();
  const item: WorldItem =
    text === 'func' || text === 'async'
      ? { kind: 'function', function: { name, docs, offset, ...parseSignature(reading) } }
      : { kind: 'path', path: parseForeignPath(reading, name, offset) };
  reading.expect(';');
  return item;
}

function parsePath(reading: Reading): PathNode {
  const { text: name, offset } = reading.name('the name of an interface or a world');
  if (reading.accept(':')) return parseForeignPath(reading, name, offset);
  return { package: undefined, version: undefined, name, offset };
}

/** The rest of `namespace:package/name@version`. */
function parseForeignPath(reading: Reading, namespace: string, offset: number): PathNode {
  const words = [reading.name('the name of a package').text];
  while (reading.accept('/')) words.push(reading.name('the name of an interface').text);
  const name = words.pop() as string;
  if (words.length === 0) reading.tokens.refuse(offset, 'expected a package and an interface, like `a:b/c`');
  const version = reading.accept('@') ? reading.tokens.version() : undefined;
  return { package: `${namespace}:${words.join('/')}`, version, name, offset };
}

function parseUse(reading: Reading): UseNode[] {
  const from = parsePath(reading);
  reading.expect('.');
  reading.expect('{');
  const uses = commaList(reading, '}', () => {
    const { text: name, offset } = reading.name('the name of a type');
    reading.count(offset);
    return { from, name, as: reading.accept('as') ? reading.name('a name').text : name, offset };
  });
  reading.expect(';');
  return uses;
}
