/**
 * The link plan: how a component becomes a running cell, as plain data that survives structured clone and JSON.
 *
 * Made by the registry from the component's bytes, followed by the executor. Types are a table: a type refers to others
 * by index, so that a type used twice is written once. Always: what the plan names exists, and every index is smaller
 * than that of the type that uses it.
 * Source: component model, Explainer, "Canonical definitions".
 */

export type Primitive =
  | 'bool'
  | 's8'
  | 'u8'
  | 's16'
  | 'u16'
  | 's32'
  | 'u32'
  | 's64'
  | 'u64'
  | 'f32'
  | 'f64'
  | 'char'
  | 'string';

/** A primitive by name, or an index into `LinkPlan.types`. */
export type TypeRef = Primitive | number;

export interface NamedType {
  readonly name: string;
  readonly type: TypeRef;
}

export type WitType =
  | { readonly kind: 'list'; readonly element: TypeRef; readonly length?: number }
  | { readonly kind: 'record'; readonly fields: readonly NamedType[] }
  | { readonly kind: 'tuple'; readonly parts: readonly TypeRef[] }
  | {
      readonly kind: 'variant';
      readonly cases: readonly { readonly name: string; readonly type: TypeRef | undefined }[];
    }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'option'; readonly some: TypeRef }
  | { readonly kind: 'result'; readonly ok: TypeRef | undefined; readonly error: TypeRef | undefined }
  /** A handle; `resource` is an index into `LinkPlan.resources`. */
  | { readonly kind: 'own' | 'borrow'; readonly resource: number };

export interface WitFunction {
  readonly parameters: readonly NamedType[];
  readonly result: TypeRef | undefined;
}

/** A resource type: of an imported interface when `interface` is set, otherwise one that the component defines. */
export interface ResourceType {
  readonly interface: string | undefined;
  readonly name: string;
  /** Called with the representation when an own handle of a resource of the component is dropped. */
  readonly destructor: CoreExportRef | undefined;
}

/** Something a core instance exports. */
export interface CoreExportRef {
  /** Index into `LinkPlan.instances`. */
  readonly instance: number;
  readonly name: string;
}

/** What is handed to a core import. */
export type CoreItem =
  | ({ readonly kind: 'export' } & CoreExportRef)
  /** A function of the host, lowered: index into `LinkPlan.imports`. */
  | { readonly kind: 'import'; readonly index: number }
  /** A builtin on handles; `resource` is an index into `LinkPlan.resources`. */
  | { readonly kind: 'resource'; readonly builtin: 'new' | 'drop' | 'rep'; readonly resource: number }
  /** A component-level function that this host does not provide: calling it traps, with this text. */
  | { readonly kind: 'trap'; readonly reason: string };

/** One core instantiation, in order. */
export interface CoreInstantiation {
  /** Index into `LinkPlan.modules`. */
  readonly module: number;
  readonly imports: readonly { readonly module: string; readonly name: string; readonly item: CoreItem }[];
}

/** The options of a `canon lift` or `canon lower`. */
export interface CanonicalOptions {
  readonly memory: CoreExportRef | undefined;
  readonly realloc: CoreExportRef | undefined;
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16';
}

/** A lifted function: everything the component's `canon lift` says about it. */
export interface LiftedFunction extends CanonicalOptions {
  readonly core: CoreExportRef;
  readonly postReturn: CoreExportRef | undefined;
}

/** One `canon lower` of a function that the component imports. */
export interface ImportedFunction extends CanonicalOptions {
  /** Name of the imported interface with its version, like `wasi:io/streams@0.2.3`. */
  readonly interface: string;
  /** Name within the interface, like `[method]input-stream.read`. */
  readonly name: string;
  readonly type: WitFunction;
}

/** One exported function of a component of any world. */
export interface ExportedFunction {
  /** Name of the exported interface with its version; undefined for a function of the world itself. */
  readonly interface: string | undefined;
  readonly name: string;
  readonly type: WitFunction;
  readonly lifted: LiftedFunction;
}

/** How to build one cell of a component. */
export interface LinkPlan {
  /** Byte ranges of the core modules within `Prepared.code`: of the component, while it is planned. */
  readonly modules: readonly { readonly offset: number; readonly length: number }[];
  readonly instances: readonly CoreInstantiation[];
  readonly types: readonly WitType[];
  readonly resources: readonly ResourceType[];
  readonly imports: readonly ImportedFunction[];
  /** Every function the component exports, the handler's included. */
  readonly exports: readonly ExportedFunction[];
  /** The handler of the bytes world; undefined for a component of another world. */
  readonly handler: { readonly invoke: LiftedFunction; readonly health: LiftedFunction } | undefined;
  /** Linear memories one cell has, zero-page ones included. */
  readonly memoryCount: number;
  /** Initial size of all of them together, in pages of 64 KiB. */
  readonly memoryPages: number;
}
