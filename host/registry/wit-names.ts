/**
 * Names for types that are written down once and referred to: in `$defs` and in declarations.
 *
 * A type has the name that its author gave it, or one after its kind; a name that is taken gets a number. Which
 * types get one: those of more than one word that are used more than once. Names are stable for one set of roots.
 */

import type { TypeRef, WitType } from '../link-plan.ts';
import { type NotedTypes, partsOf } from './wit-types.ts';

/**
 * The types below `roots` that deserve a definition, with their names, in order of first use. With `everyNamed` also those
 * that are used once and have a name of their author's.
 */
export function nameDefinitions(
  all: NotedTypes,
  roots: readonly TypeRef[],
  everyNamed = false,
): ReadonlyMap<number, string> {
  const uses = countUses(all.types, roots);
  const names = new Map<number, string>();
  const taken = new Set<string>();
  for (const [ref, count] of uses) {
    const type = all.types[ref] as WitType;
    const own = all.notes[ref]?.name;
    if (isPlain(type) || (count < 2 && (own === undefined || !everyNamed))) continue;
    const base = own ?? type.kind;
    let name = base;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${base}-${number}`;
    taken.add(name.toLowerCase());
    names.set(ref, name);
  }
  return names;
}

/** As short as a reference to it would be. */
function isPlain(type: WitType): boolean {
  if (type.kind === 'list') return typeof type.element === 'string';
  return type.kind === 'option' && typeof type.some === 'string';
}

/** How often each type is written if each is written once; in order of first use. Recursion: `TYPE_DEPTH_MAX`. */
function countUses(types: readonly WitType[], roots: readonly TypeRef[]): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  const visit = (ref: TypeRef): void => {
    if (typeof ref !== 'number') return;
    const before = uses.get(ref) ?? 0;
    uses.set(ref, before + 1);
    if (before === 0) for (const part of partsOf(types[ref] as WitType)) visit(part);
  };
  for (const root of roots) visit(root);
  return uses;
}
