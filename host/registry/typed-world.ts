/**
 * A component of a world of its own, as an adapter: its exported functions become operations with schemas.
 *
 * Made once, when an image is built. The manifest may say something about operations that the component has, and of nothing else.
 * Always: the manifest that comes out names every operation, and each has schemas that say what is taken and given.
 */

import { badArguments, parseArguments } from '../arguments.ts';
import { HostError, type Problem } from '../errors.ts';
import type { LinkPlan, Manifest, OperationSpec, TypedOperation, TypedWorld } from '../types.ts';
import { fillOperation } from './manifest.ts';
import { nearestFirst } from './nearest.ts';
import { readWit } from './wit.ts';
import { listOperations, type Operation, type Operations } from './wit-operations.ts';
import { operationSchemas } from './wit-schema.ts';
import type { WitText } from './wit-types.ts';
import { declareOperations } from './wit-typescript.ts';
import { createSchemaValidator, type Validator } from './wit-validate.ts';

/** The world of adapters that move bytes: called by a handler, and not by its functions. */
export const BYTES_WORLD = 'bytes';

/** What a manifest says where the name of the world says nothing. */
const ANY_WORLD = 'typed';

/**
 * Characters of JSON of all schemas of one adapter: what one answer about it and the list of its tools are made of. Real worlds
 * have some ten thousand.
 */
export const SCHEMAS_MAX_CHARS = 1024 * 1024;

/**
 * Longest arguments that are held against their schema in the thread that serves, in bytes: parsing and checking take up to
 * some milliseconds. Longer ones are checked as strictly while they are read in the executor's thread, where the first
 * problem is all that is told.
 */
export const CHECKED_MAX_BYTES = 256 * 1024;

/**
 * Reads what a component of another world than that of bytes can do. `text` is the WIT text that its tools print.
 *
 * Throws REGISTRY_MANIFEST_INVALID — the manifest has an operation that the component does not have, or a media type for a
 * result that is JSON; REGISTRY_REJECTED, REGISTRY_UNSUPPORTED — as documented at `readWit`, `listOperations` and `operationSchemas`,
 * or all schemas together are too long.
 */
export function readTypedWorld(
  manifest: Manifest,
  plan: LinkPlan,
  text: string,
): { readonly manifest: Manifest; readonly typed: TypedWorld } {
  const name = /([^/@]+)(?:@.*)?$/.exec(manifest.world)?.[1];
  const said =
    manifest.text === undefined
      ? readWit(text)
      : readWit(manifest.text, manifest.world === ANY_WORLD ? undefined : name);
  const all = onlyDocumented(manifest, said, listOperations(plan, said));
  const specs = completeOperations(manifest, all);
  const operations = all.operations.map((one) => describe(all, one, specs));
  refuseProblems(operations.flatMap((one) => exampleProblems(one, specs)));
  const chars = operations.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
  if (chars > SCHEMAS_MAX_CHARS) {
    throw new HostError(
      'REGISTRY_UNSUPPORTED',
      `the schemas of all operations have ${chars} characters, more than ${SCHEMAS_MAX_CHARS}`,
    );
  }
  return {
    manifest: Object.freeze({ ...manifest, text: undefined, operations: specs }),
    typed: {
      operations: Object.freeze(operations),
      declarations: declareOperations(all),
      check: createCheck(operations),
    },
  };
}

/**
 * Where the author's text says what the world exports, that is all there is: toolchains add functions of their own, such as
 * the one that ran before a JavaScript engine was saved.
 */
function onlyDocumented({ text }: Manifest, said: WitText, all: Operations): Operations {
  if (text === undefined) return all;
  const key = (one: { readonly interface: string | undefined; readonly name: string }): string =>
    `${one.interface ?? ''}#${one.name}`;
  const exported = new Set(all.operations.map((one) => key({ ...one, name: one.functionName })));
  const missing = said.functions.find((one) => !exported.has(key(one)));
  if (missing) {
    const { line, column, name } = missing;
    const detail = `${line}:${column}: the component does not export ${name}, which the WIT text has`;
    throw new HostError('REGISTRY_REJECTED', detail);
  }
  const written = new Set(said.functions.map(key));
  const operations = all.operations.filter((one) => written.has(key({ ...one, name: one.functionName })));
  return { ...all, operations };
}

function describe(
  all: Operations,
  operation: Operation,
  specs: Readonly<Record<string, OperationSpec>>,
): TypedOperation {
  const { name, exportIndex, isRawArgument, rawResult } = operation;
  const schemas = operationSchemas(all, operation);
  return Object.freeze({
    name,
    description: specs[name]?.description,
    arguments: schemas.arguments,
    result: schemas.result,
    failure: schemas.failure,
    isRawArgument,
    rawResult,
    exportIndex,
  });
}

/** Every operation of the component, with what the manifest says of it. */
function completeOperations(manifest: Manifest, all: Operations): Readonly<Record<string, OperationSpec>> {
  const names = all.operations.map(({ name }) => name);
  const problems: Problem[] = [];
  for (const given of Object.keys(manifest.operations)) {
    if (names.includes(given)) continue;
    const [nearest] = nearestFirst(given, names);
    problems.push({
      at: `/operations/${given}`,
      message: `is not an operation of the component; the nearest it has is ${nearest}`,
    });
  }
  const specs: Record<string, OperationSpec> = Object.create(null);
  for (const { name, description, rawResult } of all.operations) {
    const given = Object.hasOwn(manifest.operations, name) ? manifest.operations[name] : undefined;
    const spec = given ?? fillOperation({}, manifest.limits, manifest.world);
    specs[name] = Object.freeze({ ...spec, description: spec.description ?? description });
    if (rawResult === undefined && spec.produces !== JSON_TYPE) {
      problems.push({
        at: `/operations/${name}/produces`,
        message: `must be ${JSON_TYPE}: only a result that is list<u8> or string can have another media type`,
      });
    }
  }
  refuseProblems(problems);
  return Object.freeze(specs);
}

/** What is shown as an example must be one. */
function exampleProblems(
  { name, arguments: taken, result }: TypedOperation,
  specs: Readonly<Record<string, OperationSpec>>,
): Problem[] {
  const examples = specs[name]?.examples ?? [];
  if (examples.length === 0) return [];
  const [inputs, outputs] = [createSchemaValidator(taken), createSchemaValidator(result)];
  return examples.flatMap((example, index) => {
    const at = `/operations/${name}/examples/${index}`;
    const found = (part: 'input' | 'output', validator: Validator): Problem[] =>
      validator
        .check(example[part], 0)
        .map((problem) => ({ at: `${at}/${part}${problem.at}`, message: problem.message }));
    return [...found('input', inputs), ...(Object.hasOwn(example, 'output') ? found('output', outputs) : [])];
  });
}

function refuseProblems(problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` and ${problems.length - 1} more` : '';
  throw new HostError('REGISTRY_MANIFEST_INVALID', `adapter.json: ${first.at} ${first.message}${more}`, {
    problems,
  });
}

const JSON_TYPE = 'application/json';

function createCheck(operations: readonly TypedOperation[]): TypedWorld['check'] {
  const validators = new Map<string, Validator>(
    operations.map((one) => [one.name, createSchemaValidator(one.arguments)]),
  );
  return (operation, payload) => {
    if (payload.length > CHECKED_MAX_BYTES) return;
    const problems = validators.get(operation)?.check(parseArguments(payload), payload.length) ?? [];
    if (problems.length > 0) throw badArguments(problems);
  };
}
