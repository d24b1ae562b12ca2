/**
 * What every bundled adapter's tools are called with, and give: the first example of each operation, as its package has it.
 *
 * For tests that list and call all of them. An operation without one takes the text `x`, as those of the bytes world do.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const PACKAGES = fileURLToPath(new URL('../../.build/adapters', import.meta.url));

interface Example {
  readonly input: unknown;
  readonly output?: unknown;
}

/** Name of the tool → its first example, of adapters of typed worlds. */
function typedExamples(): ReadonlyMap<string, Example | undefined> {
  const found = new Map<string, Example | undefined>();
  for (const name of readdirSync(PACKAGES)) {
    const path = `${PACKAGES}/${name}/adapter.json`;
    if (!existsSync(path)) continue;
    const { world, operations } = JSON.parse(readFileSync(path, 'utf8'));
    if (world === 'bytes') continue;
    for (const [operation, { examples }] of Object.entries<{ examples?: Example[] }>(operations)) {
      found.set(`${name}_${operation}`, examples?.[0]);
    }
  }
  return found;
}

type CallTool = (tool: { name: string; arguments: Record<string, unknown> }) => Promise<unknown>;

/** Calls all of them, and holds the results of typed ones against their examples. Gives the names of those that are typed. */
export async function callEveryTool(
  names: readonly string[],
  callTool: CallTool,
): Promise<readonly string[]> {
  const examples = typedExamples();
  for (const name of names) {
    const example = examples.get(name);
    const given = example === undefined ? { text: 'x' } : (example.input as Record<string, unknown>);
    const result = (await callTool({ name, arguments: given })) as {
      readonly _meta?: unknown;
      readonly structuredContent?: { readonly result?: unknown };
    };
    // Whether the input means anything to it is the adapter's to say: it said something.
    expect(result._meta, name).toMatchObject({ 'hotcell/call': { attempts: 1 } });
    const { structuredContent: said } = result;
    if (example !== undefined) expect([said, said?.result], name).toContainEqual(example.output);
  }
  return names.filter((name) => examples.has(name));
}
