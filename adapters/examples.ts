/**
 * An adapter's `cases.json` → the examples of its package: a few cases of each operation that succeed and can be read.
 *
 * They travel in the manifest, so that whatever describes an adapter has them wherever it was installed from. An operation
 * whose author wrote examples keeps those.
 */

/** As the tests read them: bytes as text, base64 or any JSON. */
type CaseBytes = { readonly text?: string; readonly json?: unknown };

interface Case {
  readonly operation: string;
  readonly input?: CaseBytes;
  readonly output?: CaseBytes;
}

interface Example {
  readonly input: unknown;
  readonly output: unknown;
}

/** One to show the common case, one more to show a difference. */
const PER_OPERATION_MAX = 2;
/** Characters of JSON: what somebody reads at a glance. */
const EXAMPLE_MAX_CHARS = 1_000;

const readable = (bytes: CaseBytes | undefined): unknown => bytes?.json ?? (bytes?.text || undefined);

/** The operations of a manifest with examples from the text of `cases.json`; null when there is none. */
export function withExamples(
  operations: Readonly<Record<string, object>>,
  cases: string | null,
): Readonly<Record<string, object>> {
  const found = new Map<string, Example[]>();
  for (const { operation, input, output } of cases === null ? [] : (JSON.parse(cases) as Case[])) {
    const example = { input: readable(input), output: readable(output) };
    if (example.input === undefined || example.output === undefined) continue;
    const known = found.get(operation) ?? [];
    if (known.length >= PER_OPERATION_MAX || JSON.stringify(example).length > EXAMPLE_MAX_CHARS) continue;
    found.set(operation, [...known, example]);
  }
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => {
      const examples = found.get(name);
      return [name, examples ? { examples, ...operation } : operation];
    }),
  );
}
