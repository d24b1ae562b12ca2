/**
 * The reader of WIT text: which functions a world exports, with which types, and what their author says about them.
 *
 * The text is not the truth about a component, its bytes are: `wit-match.ts` holds the two against each other. What the text
 * adds are names of types and documentation. Text that tools print from a component has neither the interfaces
 * of other packages nor any documentation, so a type that is not defined in the text is no error but `unknown`.
 */

import type { TypeRef } from '../link-plan.ts';
import { parseWit } from './wit-parse.ts';
import { createTypeTable, type TypeScope } from './wit-resolve.ts';
import type { FunctionNode, InterfaceNode, PackageNode, PathNode, WorldNode } from './wit-syntax.ts';
import type { TokenReader } from './wit-tokens.ts';
import type { TextFunction, WitText } from './wit-types.ts';

/** Worlds that include each other. */
const INCLUDES_MAX = 16;

/**
 * Reads the text of a component or of its author.
 *
 * `world` names one of the worlds of the first package; needed only where it has several.
 * Throws REGISTRY_REJECTED — it is not WIT, with line and column; or it has no such world, or several.
 * Throws REGISTRY_UNSUPPORTED — asynchronous functions and their types.
 */
export function readWit(text: string, world?: string): WitText {
  const { packages, tokens } = parseWit(text);
  const table = createTypeTable(packages, tokens);
  const chosen = chooseWorld(packages, tokens, world);
  const functions: TextFunction[] = [];

  const add = (scope: TypeScope, interfaceName: string | undefined, node: FunctionNode): void => {
    const ref = (type: FunctionNode['result']): TypeRef | undefined =>
      type === undefined ? undefined : table.resolve(type, scope);
    const { line = 1, column = 1 } = tokens.placeOf(node.offset);
    functions.push({
      interface: interfaceName,
      name: node.name,
      parameters: node.parameters.map(({ name, type }) => ({ name, type: table.resolve(type, scope) })),
      result: ref(node.result),
      description: node.docs || undefined,
      line,
      column,
    });
  };
  const addAll = (owner: PackageNode, name: string, body: InterfaceNode): void => {
    for (const node of body.functions) add({ package: owner, body }, name, node);
  };
  const seen = new Set<WorldNode>();
  const addWorld = (owner: PackageNode, node: WorldNode, depth: number): void => {
    if (depth > INCLUDES_MAX) tokens.refuse(node.offset, 'worlds include each other without end');
    if (seen.has(node)) return;
    seen.add(node);
    for (const one of node.functions) add({ package: owner, body: node }, undefined, one);
    for (const one of node.inline) addAll(owner, one.name, one);
    for (const path of node.exports) {
      const found = table.findInterface(path, owner);
      if (found !== undefined) addAll(found.package, found.id, found.body as InterfaceNode);
    }
    for (const path of node.includes) {
      const found = findWorld(packages, path, owner);
      if (found !== undefined) addWorld(found.package, found.world, depth + 1);
    }
  };
  addWorld(chosen.package, chosen.world, 0);
  return { ...table.finish(), functions, description: chosen.world.docs || undefined };
}

function chooseWorld(
  packages: readonly PackageNode[],
  tokens: TokenReader,
  name: string | undefined,
): { package: PackageNode; world: WorldNode } {
  const first = packages[0] as PackageNode;
  const worlds = first.worlds.filter((world) => name === undefined || world.name === name);
  const [world] = worlds;
  const names = first.worlds.map((one) => one.name).join(', ');
  if (world === undefined) {
    return tokens.refuse(
      0,
      name === undefined ? 'it has no world' : `it has no world ${name}, but ${names || 'none'}`,
    );
  }
  if (worlds.length > 1)
    tokens.refuse(world.offset, `it has several worlds, of which one must be named: ${names}`);
  return { package: first, world };
}

function findWorld(
  packages: readonly PackageNode[],
  path: PathNode,
  owner: PackageNode,
): { package: PackageNode; world: WorldNode } | undefined {
  for (const one of path.package === undefined ? [owner] : packages) {
    if (path.package !== undefined && (one.name !== path.package || one.version !== path.version)) continue;
    const world = one.worlds.find((node) => node.name === path.name);
    if (world !== undefined) return { package: one, world };
  }
  return undefined;
}
