/**
 * What a component imports, held against what this host serves: names, versions, the exact type of each function.
 *
 * Deny by default: what can be called must be in the table, word for word. What is imported and never lowered cannot be called,
 * so it need not be served. Always: a handle means the same to guest and host, because its resource is one that the
 * table's interface of that name defines, not one that only has the name. Which capabilities are granted is asked later, when
 * the manifest is at hand (`refuseUngranted`); here it is found out which it takes.
 */

import type { ManifestCapabilities } from '../capability-types.ts';
import { HostError, type Problem } from '../errors.ts';
import { casesOf } from '../flat-types.ts';
import type { ImportSpec } from '../import-table.ts';
import type { LinkPlan, TypeRef, WitFunction } from '../types.ts';
import type { Import, Imported } from './link-values.ts';
import type { Planned } from './plan.ts';
import { printType } from './print-type.ts';

export type ImportTable = Readonly<Record<string, ImportSpec>>;

/** An imported interface that takes a capability. */
export interface ImportNeed {
  /** As the component names it: `wasi:http/outgoing-handler@0.2.3`. */
  readonly import: string;
  readonly capability: NonNullable<ImportSpec['capability']>;
}

/** Problems that a refusal lists; a component that imports more is not helped by a longer list. */
const PROBLEMS_MAX = 200;
/** Longest type in a message, in characters. */
const SHOWN_MAX = 400;

/**
 * The capabilities that the component's imports take, in the order of its imports.
 * Throws REGISTRY_IMPORT_FORBIDDEN — it can call what the host does not serve; `problems` names all of it.
 */
export function checkImports({ plan, imports }: Planned, table: ImportTable): ImportNeed[] {
  const problems: Problem[] = [];
  const needs: ImportNeed[] = [];
  const reached = reachedResources(plan);
  for (const one of imports) {
    const isUsed = one.functions.some((imported) => imported.isUsed);
    const handles = one.resources.filter((name) => reached.has(resourceKey(one.name, name)));
    if (!isUsed && handles.length === 0) continue;
    const { name, version } = splitName(one.name);
    const spec = one.kind === 'interface' && Object.hasOwn(table, name) ? table[name] : undefined;
    const problem = (at: string, message: string): number => problems.push({ at, message });
    if (!spec) {
      problem(one.name, `${name} is not served`);
      continue;
    }
    if (!isServed(version, spec.version)) {
      problem(one.name, `${name} is served up to version ${spec.version}, with the same API`);
      continue;
    }
    checkInterface(one, name, spec, handles, problem);
    if (isUsed && spec.capability !== undefined)
      needs.push({ import: one.name, capability: spec.capability });
  }
  for (const at of reached)
    if (at.startsWith(OWN))
      problems.push({
        at: at.slice(OWN.length),
        message: 'a resource of the component itself is handed to the host',
      });
  if (problems.length > 0) throw forbidden(problems);
  return needs;
}

/**
 * Throws REGISTRY_IMPORT_FORBIDDEN — a capability that the component's imports take is not among the granted; `problems` names all.
 */
export function refuseUngranted(needs: readonly ImportNeed[], granted: ManifestCapabilities): void {
  const problems = needs
    .filter(({ capability }) => granted[capability] === undefined)
    .map((need) => ({
      at: need.import,
      message: `${splitName(need.import).name} needs the capability ${need.capability}`,
    }));
  if (problems.length > 0) throw forbidden(problems);
}

/** Functions and resources of an interface that the table has. */
function checkInterface(
  { name: full, functions }: Import,
  name: string,
  spec: ImportSpec,
  handles: readonly string[],
  problem: (at: string, message: string) => void,
): void {
  for (const resource of handles)
    if (!spec.resources.includes(resource))
      problem(`${full}#${resource}`, `${name} defines no resource ${resource}`);
  for (const imported of functions) {
    const expected = Object.hasOwn(spec.functions, imported.name) ? spec.functions[imported.name] : undefined;
    if (!expected) {
      if (imported.isUsed) problem(`${full}#${imported.name}`, `${name} has no function ${imported.name}`);
      continue;
    }
    const found = printType(imported.type);
    if (found !== expected.type) problem(`${full}#${imported.name}`, mismatch(imported, expected.type));
  }
}

const mismatch = ({ type }: Imported, expected: string): string => {
  const must = expected.length > SHOWN_MAX ? `${expected.slice(0, SHOWN_MAX)}…` : expected;
  return `must have type ${must}, but has ${printType(type, SHOWN_MAX)}`;
};

/** Before the name of a resource that the component defines: no interface has this name. */
const OWN = '\n#';

const resourceKey = (from: string, name: string): string => `${from}#${name}`;

/**
 * The resources of which handles can pass between component and host: those in the types of lowered functions, and imported ones
 * in the types of exported functions.
 */
function reachedResources(plan: LinkPlan): Set<string> {
  const reached = new Set<string>();
  for (const index of resourcesIn(plan, plan.imports)) {
    const resource = plan.resources[index];
    if (resource?.interface === undefined) reached.add(`${OWN}${resource?.name}`);
    else reached.add(resourceKey(resource.interface, resource.name));
  }
  for (const index of resourcesIn(plan, plan.exports)) {
    const resource = plan.resources[index];
    if (resource?.interface !== undefined) reached.add(resourceKey(resource.interface, resource.name));
  }
  return reached;
}

/** Indices of the resources in the types of these functions. Each type is looked at once; types are at most 64 deep. */
function resourcesIn({ types }: LinkPlan, functions: readonly { readonly type: WitFunction }[]): Set<number> {
  const found = new Set<number>();
  const seen = new Set<TypeRef>();
  const visit = (ref: TypeRef | undefined): void => {
    if (typeof ref !== 'number' || seen.has(ref)) return;
    seen.add(ref);
    const type = types[ref];
    if (type?.kind === 'own' || type?.kind === 'borrow') found.add(type.resource);
    else if (type?.kind === 'list') visit(type.element);
    else if (type?.kind === 'tuple') type.parts.forEach(visit);
    else if (type?.kind === 'record') for (const field of type.fields) visit(field.type);
    else if (type) casesOf(type)?.forEach(visit);
  };
  for (const { type } of functions) {
    for (const parameter of type.parameters) visit(parameter.type);
    visit(type.result);
  }
  return found;
}

function splitName(full: string): { name: string; version: string } {
  const at = full.indexOf('@');
  return at < 0 ? { name: full, version: '' } : { name: full.slice(0, at), version: full.slice(at + 1) };
}

/**
 * Whether an interface of `wanted` is served by one of `served`: the same API, and not later. Source: Semantic Versioning 2.0.0, 4 and 8;
 * a version that is not released is never the same.
 */
function isServed(wanted: string, served: string): boolean {
  const [a, b] = [wanted, served].map((text) =>
    /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text)?.slice(1).map(Number),
  );
  if (!a || !b || a[0] !== b[0]) return false;
  const [major = 0, minor = 0, patch = 0] = a;
  const [, servedMinor = 0, servedPatch = 0] = b;
  if (minor === servedMinor) return patch <= servedPatch;
  return major >= 1 && minor < servedMinor;
}

function forbidden(problems: readonly Problem[]): HostError {
  const names = [...new Set(problems.map(({ at }) => at.split('#', 1)[0] ?? at))];
  const shown = names.slice(0, 8).join(', ');
  const more = names.length > 8 ? ` and ${names.length - 8} more` : '';
  return new HostError('REGISTRY_IMPORT_FORBIDDEN', `the component imports ${shown}${more}`, {
    problems: problems.slice(0, PROBLEMS_MAX),
  });
}
