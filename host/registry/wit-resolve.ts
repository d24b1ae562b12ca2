/**
 * Names of types → entries of one table, across interfaces and packages of a text.
 *
 * Always: an entry follows those it is made of; a definition has one entry, whoever uses it; equal structures without a name
 * share one. An alias of a primitive or of a named type is that type; an alias of a structure gives it its name.
 */

import type { NamedType, TypeRef, WitType } from '../link-plan.ts';
import type { BodyNode, DefinitionNode, PackageNode, PathNode, TypeNode } from './wit-syntax.ts';
import type { TokenReader } from './wit-tokens.ts';
import type { TextType, TypeNote, WitText } from './wit-types.ts';

/** Where a name is looked up: the body of an interface or a world, and the package it belongs to. */
export interface TypeScope {
  readonly package: PackageNode;
  readonly body: BodyNode;
}

/** How deep a type goes, and through how many interfaces a name is used. The resolver recurses once for each. */
const CHAIN_MAX = 200;

export interface TypeTable {
  resolve(node: TypeNode, scope: TypeScope): TypeRef;
  /** Undefined when the text does not have it. `id` is the name that the binary gives it. */
  findInterface(path: PathNode, owner: PackageNode): (TypeScope & { readonly id: string }) | undefined;
  finish(): Pick<WitText, 'types' | 'notes' | 'resources'>;
}

/** The table throws REGISTRY_REJECTED — a name that is nowhere, or a type that contains itself; with line and column. */
export function createTypeTable(packages: readonly PackageNode[], tokens: TokenReader): TypeTable {
  const types: TextType[] = [];
  const notes: (TypeNote | undefined)[] = [];
  const resources: string[] = [];
  const shared = new Map<string, number>();
  const done = new Map<DefinitionNode, TypeRef>();
  const under = new Set<DefinitionNode>();
  const resourceIndex = new Map<DefinitionNode, number>();

  const push = (type: TextType, note?: TypeNote): number => {
    notes.push(note);
    return types.push(type) - 1;
  };
  const share = (type: TextType): number => {
    const key = JSON.stringify(type);
    const found = shared.get(key) ?? push(type);
    shared.set(key, found);
    return found;
  };
  const unknown = (): number => share({ kind: 'unknown' });

  const findInterface: TypeTable['findInterface'] = (path, owner) => {
    if (path.package === undefined) {
      const alias = owner.aliases.find(({ as }) => as === path.name);
      if (alias !== undefined && (alias.path.package !== undefined || alias.path.name !== path.name)) {
        return findInterface(alias.path, { ...owner, aliases: [] });
      }
    }
    for (const one of path.package === undefined ? [owner] : packages) {
      if (path.package !== undefined && (one.name !== path.package || one.version !== path.version)) continue;
      const body = one.interfaces.find(({ name }) => name === path.name);
      if (body === undefined) continue;
      const version = one.version === undefined ? '' : `@${one.version}`;
      return { package: one, body, id: `${one.name}/${body.name}${version}` };
    }
    return undefined;
  };

  /** The definition that a name means; undefined for one of a package that is not in the text. */
  const find = (name: string, scope: TypeScope, offset: number, depth: number): Found | undefined => {
    if (depth > CHAIN_MAX)
      tokens.refuse(offset, `${name} is used in a round, or through more than ${CHAIN_MAX} interfaces`);
    const own = scope.body.definitions.find((definition) => definition.name === name);
    if (own !== undefined) return { definition: own, scope };
    const use = scope.body.uses.find(({ as }) => as === name);
    if (use === undefined) return tokens.refuse(offset, `${name} is not a type here`);
    const from = findInterface(use.from, scope.package);
    if (from === undefined) {
      if (use.from.package === undefined)
        tokens.refuse(use.from.offset, `${use.from.name} is not an interface here`);
      return undefined;
    }
    return find(use.name, from, use.offset, depth + 1);
  };

  const handle = (
    ownership: 'own' | 'borrow',
    found: Found | undefined,
    offset: number,
    depth = 0,
  ): TypeRef => {
    if (found === undefined) return unknown();
    const { definition, scope } = found;
    const { body } = definition;
    if (body.kind === 'alias' && body.type.kind === 'name' && depth < CHAIN_MAX) {
      return handle(ownership, find(body.type.name, scope, body.type.offset, 0), offset, depth + 1);
    }
    if (body.kind !== 'resource') tokens.refuse(offset, `${definition.name} is not a resource`);
    const resource = resourceIndex.get(definition) ?? resources.push(definition.name) - 1;
    resourceIndex.set(definition, resource);
    return share({ kind: ownership, resource });
  };

  const define = (found: Found | undefined, offset: number, depth: number): TypeRef => {
    if (found === undefined) return unknown();
    const { definition, scope } = found;
    const known = done.get(definition);
    if (known !== undefined) return known;
    if (under.has(definition)) tokens.refuse(offset, `the type ${definition.name} contains itself`);
    under.add(definition);
    const ref = defineNew(definition, scope, depth + 1);
    under.delete(definition);
    done.set(definition, ref);
    return ref;
  };

  const defineNew = (definition: DefinitionNode, scope: TypeScope, depth: number): TypeRef => {
    const { body, name } = definition;
    const note = (members: ReadonlyMap<string, string> = new Map()): TypeNote => ({
      name,
      description: definition.docs || undefined,
      members,
    });
    if (body.kind === 'resource') return handle('own', { definition, scope }, definition.offset);
    if (body.kind === 'alias') {
      const target = resolve(body.type, scope, depth);
      const type = typeof target === 'number' ? types[target] : undefined;
      const isStructure = body.type.kind !== 'name' && body.type.kind !== 'handle';
      return type !== undefined && type.kind !== 'unknown' && isStructure ? push(type, note()) : target;
    }
    const documented = note(
      new Map(body.members.filter(({ docs }) => docs !== '').map((member) => [member.name, member.docs])),
    );
    const names = body.members.map((member) => member.name);
    if (body.kind === 'enum' || body.kind === 'flags') return push({ kind: body.kind, names }, documented);
    const members = body.members.map((member) => ({
      name: member.name,
      type: member.type === undefined ? undefined : resolve(member.type, scope, depth),
    }));
    const type: WitType =
      body.kind === 'variant'
        ? { kind: 'variant', cases: members }
        : { kind: 'record', fields: members as readonly NamedType[] };
    return push(type, documented);
  };

  const resolve = (node: TypeNode, scope: TypeScope, depth = 0): TypeRef => {
    const inner = (part: TypeNode): TypeRef => resolve(part, scope, depth + 1);
    const optional = (part: TypeNode | undefined): TypeRef | undefined =>
      part === undefined ? undefined : inner(part);
    if (depth > CHAIN_MAX) tokens.refuse(node.offset, `types are nested more than ${CHAIN_MAX} deep`);
    switch (node.kind) {
      case 'primitive':
        return node.name;
      case 'name':
        return define(find(node.name, scope, node.offset, 0), node.offset, depth);
      case 'handle':
        return handle(node.ownership, find(node.name, scope, node.offset, 0), node.offset);
      case 'list': {
        const element = inner(node.element);
        return share(
          node.length === undefined
            ? { kind: 'list', element }
            : { kind: 'list', element, length: node.length },
        );
      }
      case 'option':
        return share({ kind: 'option', some: inner(node.some) });
      case 'tuple':
        return share({ kind: 'tuple', parts: node.parts.map(inner) });
      case 'result':
        return share({ kind: 'result', ok: optional(node.ok), error: optional(node.error) });
    }
  };

  return { resolve, findInterface, finish: () => ({ types, notes, resources }) };
}

interface Found {
  readonly definition: DefinitionNode;
  readonly scope: TypeScope;
}
