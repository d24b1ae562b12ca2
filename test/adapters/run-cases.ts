/**
 * An adapter's `cases.json` as assertions over anything that can be invoked.
 *
 * The cases of a file run in order in one cell, so that a case may rely on the state an earlier one left. How a cell
 * is made and called is the caller's affair: jco's glue, a direct call and a host over HTTP run the same cases.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** Bytes written as text (UTF-8), base64, or any JSON value. */
type Bytes = { readonly text: string } | { readonly base64: string } | { readonly json: unknown };

export type FailureKind = 'bad-input' | 'not-found' | 'internal';

export interface AdapterCase {
  readonly operation: string;
  /** Missing: no bytes. */
  readonly input?: Bytes;
  /** What the call returns. JSON is compared as a value, anything else byte for byte. */
  readonly output?: Bytes;
  /** Instead of `output`. `messageMatches` is a regular expression. */
  readonly failure?: { readonly kind: FailureKind; readonly messageMatches: string };
}

/** The guest's answer. A crash is not an answer: `Invoke` throws. */
type Answer = { readonly ok: Uint8Array } | { readonly failure: FailureKind; readonly message: string };

export type Invoke = (operation: string, payload: Uint8Array) => Answer | Promise<Answer>;

/** The cases of an adapter. Throws when a case expects nothing: it could not fail. */
export function readCases(adapterFolder: string): AdapterCase[] {
  const cases: AdapterCase[] = JSON.parse(readFileSync(join(adapterFolder, 'cases.json'), 'utf8'));
  for (const [index, { output, failure }] of cases.entries()) {
    if ((output === undefined) === (failure === undefined)) {
      throw new Error(`${adapterFolder}: case ${index} needs either an output or a failure`);
    }
  }
  return cases;
}

/** Runs one case. Throws an assertion error when the answer is another one. */
export async function runCase(given: AdapterCase, invoke: Invoke): Promise<void> {
  const answer = await invoke(given.operation, given.input ? toBytes(given.input) : new Uint8Array());
  if (given.failure) {
    expect(answer).toMatchObject({ failure: given.failure.kind });
    expect((answer as { message: string }).message).toMatch(new RegExp(given.failure.messageMatches));
    return;
  }
  expect(answer).toHaveProperty('ok');
  const { ok } = answer as { ok: Uint8Array };
  const output = given.output as Bytes;
  if ('json' in output) expect(JSON.parse(Buffer.from(ok).toString('utf8'))).toEqual(output.json);
  else expect(Buffer.from(ok)).toEqual(toBytes(output));
}

/** What a test run calls the case. */
export function caseTitle(given: {
  readonly operation: string;
  readonly input?: Bytes;
  readonly failure?: { readonly kind: string };
}): string {
  const input = given.input ? JSON.stringify(Object.values(given.input)[0]) : 'nothing';
  const end = given.failure ? `is refused as ${given.failure.kind}` : 'is answered as written';
  return `${given.operation} of ${input.length > 48 ? `${input.slice(0, 48)}…` : input} ${end}`;
}

function toBytes(bytes: Bytes): Buffer {
  if ('text' in bytes) return Buffer.from(bytes.text, 'utf8');
  if ('base64' in bytes) return Buffer.from(bytes.base64, 'base64');
  return Buffer.from(JSON.stringify(bytes.json), 'utf8');
}
