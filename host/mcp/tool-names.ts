/**
 * Names of tools: `adapter_operation`.
 *
 * Clients of the protocol take letters, digits, `_` and `-`, up to 128; the dot of `/v1/tools/call` is refused by many. Adapters
 * and operations have no `_` in their names (`NAME_PATTERN` of the registry), so the first one divides, two operations never
 * have one name, and a name depends on nothing but its own adapter and operation.
 */

import { createHash } from 'node:crypto';

/** Source: Model Context Protocol 2025-11-25, "Tool Names". */
const NAME_MAX_CHARS = 128;
/** 64 bits of a digest: nobody finds a second name that has them too. */
const DIGEST_CHARS = 16;

/** Only where both names have all 64 characters is it cut; a second `_` then keeps it apart from every other name. */
export function toolName(adapter: string, operation: string): string {
  const name = `${adapter}_${operation}`;
  if (name.length <= NAME_MAX_CHARS) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, DIGEST_CHARS);
  return `${name.slice(0, NAME_MAX_CHARS - DIGEST_CHARS - 1)}_${digest}`;
}

/** The operation among `operations` whose tool has this name; undefined for none. */
export function operationNamed(
  name: string,
  adapter: string,
  operations: Iterable<string>,
): string | undefined {
  for (const operation of operations) if (toolName(adapter, operation) === name) return operation;
  return undefined;
}

/** The adapter that a tool of this name would belong to. */
export function adapterOf(name: string): string {
  return name.split('_', 1)[0] as string;
}
