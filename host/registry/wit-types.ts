/**
 * Types that carry names and words: what tools are described by.
 *
 * The table has the shape of `LinkPlan.types`, children before parents, with a note beside each entry. A type that the text
 * does not define (it belongs to a package that is not in it) is `unknown`; it never leaves `wit-match.ts`.
 */

import type { NamedType, TypeRef, WitType } from '../link-plan.ts';

/** What the text says about a type beside its structure. */
export interface TypeNote {
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** Of fields, cases, enum names and flags, by name: only those that have one. */
  readonly members: ReadonlyMap<string, string>;
}

export interface NotedTypes {
  readonly types: readonly WitType[];
  /** As long as `types`. */
  readonly notes: readonly (TypeNote | undefined)[];
}

export type TextType = WitType | { readonly kind: 'unknown' };

/** A function that the world of a text exports. */
export interface TextFunction {
  /** As in `ExportedFunction`. */
  readonly interface: string | undefined;
  readonly name: string;
  readonly parameters: readonly NamedType[];
  readonly result: TypeRef | undefined;
  readonly description: string | undefined;
  /** Line and column in the text, from 1. */
  readonly line: number;
  readonly column: number;
}

/** What a text says about the world of a component. */
export interface WitText {
  readonly types: readonly TextType[];
  readonly notes: readonly (TypeNote | undefined)[];
  /** Names of the resources that handles refer to by index. */
  readonly resources: readonly string[];
  readonly functions: readonly TextFunction[];
  readonly description: string | undefined;
}

/** Types that a type is made of. */
export function partsOf(type: WitType): readonly TypeRef[] {
  switch (type.kind) {
    case 'list':
      return [type.element];
    case 'record':
      return type.fields.map((field) => field.type);
    case 'tuple':
      return type.parts;
    case 'variant':
      return type.cases.flatMap((one) => (one.type === undefined ? [] : [one.type]));
    case 'option':
      return [type.some];
    case 'result':
      return [type.ok, type.error].filter((part) => part !== undefined);
    default:
      return [];
  }
}

/** How deep each type of a table goes, and the first resource it holds: one pass, however deep they are. */
export function measureTypes(types: readonly WitType[]): {
  readonly depths: readonly number[];
  readonly resources: readonly (number | undefined)[];
} {
  const depths: number[] = [];
  const resources: (number | undefined)[] = [];
  for (const type of types) {
    let depth = 1;
    let resource = type.kind === 'own' || type.kind === 'borrow' ? type.resource : undefined;
    for (const part of partsOf(type)) {
      if (typeof part !== 'number') continue;
      depth = Math.max(depth, 1 + (depths[part] as number));
      resource ??= resources[part];
    }
    depths.push(depth);
    resources.push(resource);
  }
  return { depths, resources };
}
