/**
 * The operations of a component of any world: its exported functions, under names that stay.
 *
 * A function of the world has its own name. A function of an interface has its own name too while no other export has that;
 * otherwise it is `interface-function`, and so is every other of that name. So a new function renames an old one only
 * when both have the same name. Always: names fit `NAME_PATTERN`, no two operations have the same, and every type of an
 * operation can be written as JSON.
 */

import { HostError, type Problem } from '../errors.ts';
import type { ExportedFunction, LinkPlan, NamedType, TypeRef } from '../link-plan.ts';
import { NAME_PATTERN } from './manifest-schema.ts';
import { createTypeJoin } from './wit-match.ts';
import { measureTypes, type NotedTypes, type TextFunction, type WitText } from './wit-types.ts';

export interface Operation {
  readonly name: string;
  /** Into `LinkPlan.exports`. */
  readonly exportIndex: number;
  /** As in `ExportedFunction`. */
  readonly interface: string | undefined;
  readonly functionName: string;
  readonly description: string | undefined;
  /** Types refer to `Operations.types`, not to the plan. */
  readonly parameters: readonly NamedType[];
  /** What a call that succeeds gives; undefined for nothing, which is `null` in JSON. */
  readonly result: TypeRef | undefined;
  /** The function gives a `result` and so may fail; `error` is what it then gives. */
  readonly failure: { readonly error: TypeRef | undefined } | undefined;
  /** The only argument is `list<u8>`: it may be given as it is, without JSON. */
  readonly isRawArgument: boolean;
  /** A call that succeeds gives `list<u8>` or `string`: it may be answered as it is. */
  readonly rawResult: 'bytes' | 'text' | undefined;
}

export interface Operations extends NotedTypes {
  readonly operations: readonly Operation[];
}

/** Problems that are listed; an author mends a few and tries again. */
const PROBLEMS_MAX_COUNT = 50;

/** As in a manifest: a label and a table row each. */
const OPERATIONS_MAX_COUNT = 256;

/** Exports that hosts call by themselves, such as `wasi:cli/run`; they are no tools. */
const HOST_INTERFACE = /^(?:wasi|hotcell):/;

/**
 * The operations of a component, in order of export. `text` is what `readWit` made of its text, if there is any.
 *
 * Throws REGISTRY_REJECTED — the text contradicts the bytes; two functions map to one name; a name is too long.
 * Throws REGISTRY_UNSUPPORTED — functions with resources, with every place in the text; or none or too many.
 */
export function listOperations(
  plan: Pick<LinkPlan, 'types' | 'resources' | 'exports'>,
  text?: WitText,
): Operations {
  const written = new Map(text?.functions.map((one) => [fullName(one), one]));
  const exported = plan.exports
    .map((one, exportIndex) => ({ ...one, exportIndex }))
    .filter((one) =>
      one.interface === undefined
        ? // A toolchain's own, such as the `init` by which an engine is given its script, is nothing that callers may call.
          (text === undefined || written.has(fullName(one))) && !isEngineStart(one)
        : !HOST_INTERFACE.test(one.interface),
    );
  if (exported.length === 0)
    throw unsupported('the component exports no function that could be an operation');
  if (exported.length > OPERATIONS_MAX_COUNT) {
    throw unsupported(`the component exports more than ${OPERATIONS_MAX_COUNT} functions`);
  }
  refuseResources(plan, exported, written);
  const names = nameAll(exported);
  const { join, joined } = createTypeJoin(plan, text);
  const operations = exported.map(
    ({ exportIndex, interface: owner, name: functionName, type }, i): Operation => {
      const said = written.get(fullName({ interface: owner, name: functionName }));
      const where = `function ${functionName}`;
      if (said !== undefined) checkParameters(where, type.parameters, said.parameters);
      if (said !== undefined && (said.result === undefined) !== (type.result === undefined)) {
        throw rejected(`${where}: the WIT text and the component do not agree on whether it has a result`);
      }
      const parameters = type.parameters.map((parameter, at) => ({
        name: parameter.name,
        type: join(parameter.type, said?.parameters[at]?.type, `${where}, ${parameter.name}`),
      }));
      const whole =
        type.result === undefined ? undefined : join(type.result, said?.result, `${where}, result`);
      const outcome = typeof whole === 'number' ? joined.types[whole] : undefined;
      const fails = outcome?.kind === 'result';
      const result = fails ? outcome.ok : whole;
      const only = parameters.length === 1 ? parameters[0] : undefined;
      return {
        name: names[i] as string,
        exportIndex,
        interface: owner,
        functionName,
        description: said?.description,
        parameters,
        result,
        failure: fails ? { error: outcome.error } : undefined,
        isRawArgument: only !== undefined && isBytes(joined, only.type),
        rawResult:
          result === 'string'
            ? 'text'
            : result !== undefined && isBytes(joined, result)
              ? 'bytes'
              : undefined,
      };
    },
  );
  return { operations, ...joined };
}

/**
 * The function by which componentize-qjs gives its engine the script while it builds. It stays in the component, and in the text that
 * tools print of it: where the author's own text is missing, its parameters tell it.
 */
function isEngineStart({ name, type }: Pick<ExportedFunction, 'name' | 'type'>): boolean {
  const names = type.parameters.map((parameter) => parameter.name);
  return name === 'init' && names.join() === 'shim,script,entry-path,disable-gc';
}

/** True for `list<u8>` without a fixed length. */
export function isBytes({ types }: Pick<NotedTypes, 'types'>, ref: TypeRef): boolean {
  const type = typeof ref === 'number' ? types[ref] : undefined;
  return type?.kind === 'list' && type.element === 'u8' && type.length === undefined;
}

type Named = Pick<TextFunction, 'interface' | 'name'>;

const fullName = (one: Named): string =>
  one.interface === undefined ? one.name : `${one.interface}#${one.name}`;

/** `shapes` of `my:pkg/shapes@1.2.3`. */
const shortName = (owner: string): string => owner.replace(/^.*\//, '').replace(/@.*$/, '');

function nameAll(exported: readonly Named[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of exported) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1);
  const taken = new Map<string, Named>();
  return exported.map((one) => {
    const own = one.name.toLowerCase();
    const isAlone = one.interface === undefined || counts.get(own) === 1;
    const name = isAlone ? own : `${shortName(one.interface).toLowerCase()}-${own}`;
    if (!new RegExp(NAME_PATTERN).test(name)) {
      throw rejected(
        `${fullName(one)}: an operation of the name ${name} is not possible; names have at most 64 characters`,
      );
    }
    const other = taken.get(name);
    if (other !== undefined) {
      throw rejected(
        `${fullName(other)} and ${fullName(one)} are both the operation ${name}: rename one of them`,
      );
    }
    taken.set(name, one);
    return name;
  });
}

function checkParameters(where: string, planned: readonly NamedType[], written: readonly NamedType[]): void {
  const names = (parameters: readonly NamedType[]): string => parameters.map(({ name }) => name).join(', ');
  if (names(planned) === names(written)) return;
  throw rejected(
    `${where}: the WIT text has the parameters (${names(written)}), the component (${names(planned)})`,
  );
}

/** A resource lives in a cell and a caller outside of it: no JSON can stand for one. */
function refuseResources(
  plan: Pick<LinkPlan, 'types' | 'resources'>,
  exported: readonly (Named & { readonly type: LinkPlan['exports'][number]['type'] })[],
  written: ReadonlyMap<string, TextFunction>,
): void {
  const problems: Problem[] = [];
  const { resources } = measureTypes(plan.types);
  const resourceIn = (ref: TypeRef | undefined): number | undefined =>
    typeof ref === 'number' ? resources[ref] : undefined;
  for (const one of exported) {
    const inArguments = one.type.parameters.map(({ type }) => resourceIn(type));
    const inResult = resourceIn(one.type.result);
    const taken = inArguments.find((resource) => resource !== undefined);
    const resource = taken ?? inResult;
    if (resource === undefined) continue;
    const place = written.get(fullName(one));
    const name = plan.resources[resource]?.name;
    problems.push({
      at: place === undefined ? fullName(one) : `${place.line}:${place.column}`,
      message: `function ${one.name} ${taken === undefined ? 'gives' : 'takes'} a resource${name === undefined ? '' : ` (${name})`}`,
    });
  }
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  throw new HostError(
    'REGISTRY_UNSUPPORTED',
    `${first.at}: ${first.message}${more}; a resource lives in one cell and cannot be written as JSON: use plain values, or do not export the function`,
    { problems: problems.slice(0, PROBLEMS_MAX_COUNT) },
  );
}

const rejected = (detail: string): HostError => new HostError('REGISTRY_REJECTED', detail);
const unsupported = (detail: string): HostError => new HostError('REGISTRY_UNSUPPORTED', detail);
