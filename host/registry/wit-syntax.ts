/**
 * The shapes that WIT text is read into, before any name is resolved.
 *
 * Written in order of appearance and by name, so that whoever resolves them can say where a name stands. Names are as in the
 * text, without `%`.
 */

import type { Primitive } from '../link-plan.ts';

/** Type as it is written; `offset` is where, in characters. */
export type TypeNode = { readonly offset: number } & (
  | { readonly kind: 'primitive'; readonly name: Primitive }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly element: TypeNode; readonly length: number | undefined }
  | { readonly kind: 'option'; readonly some: TypeNode }
  | { readonly kind: 'tuple'; readonly parts: readonly TypeNode[] }
  | { readonly kind: 'result'; readonly ok: TypeNode | undefined; readonly error: TypeNode | undefined }
  | { readonly kind: 'handle'; readonly ownership: 'own' | 'borrow'; readonly name: string }
);

export interface MemberNode {
  readonly name: string;
  readonly type: TypeNode | undefined;
  readonly docs: string;
}

export interface FunctionNode {
  readonly name: string;
  readonly docs: string;
  readonly offset: number;
  readonly parameters: readonly { readonly name: string; readonly type: TypeNode }[];
  readonly result: TypeNode | undefined;
}

export type DefinitionBody =
  | { readonly kind: 'alias'; readonly type: TypeNode }
  | { readonly kind: 'record' | 'variant' | 'enum' | 'flags'; readonly members: readonly MemberNode[] }
  /** Functions are named as the binary names them: `[method]blob.read`. */
  | { readonly kind: 'resource'; readonly functions: readonly FunctionNode[] };

export interface DefinitionNode {
  readonly name: string;
  readonly docs: string;
  readonly offset: number;
  readonly body: DefinitionBody;
}

/** `shapes`, or `my:pkg/shapes@1.2.3`. */
export interface PathNode {
  readonly package: string | undefined;
  readonly version: string | undefined;
  readonly name: string;
  readonly offset: number;
}

export interface UseNode {
  readonly from: PathNode;
  readonly name: string;
  readonly as: string;
  readonly offset: number;
}

/** What an interface and a world have in common: names of types, and functions. */
export interface BodyNode {
  readonly uses: readonly UseNode[];
  readonly definitions: readonly DefinitionNode[];
  readonly functions: readonly FunctionNode[];
}

export interface InterfaceNode extends BodyNode {
  readonly name: string;
  readonly docs: string;
}

export interface WorldNode extends BodyNode {
  /** `functions` are those it exports. */
  readonly name: string;
  readonly docs: string;
  readonly offset: number;
  readonly exports: readonly PathNode[];
  /** Interfaces that are written within the world. */
  readonly inline: readonly InterfaceNode[];
  readonly includes: readonly PathNode[];
}

export interface PackageNode {
  /** `my:pkg`; empty for a text that names none. */
  readonly name: string;
  readonly version: string | undefined;
  readonly interfaces: readonly InterfaceNode[];
  readonly worlds: readonly WorldNode[];
  /** `use a:b/c as d;` at the top: other names for interfaces. */
  readonly aliases: readonly { readonly as: string; readonly path: PathNode }[];
}
