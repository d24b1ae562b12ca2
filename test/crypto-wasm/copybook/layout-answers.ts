/** One instance of the copybook kernel for the suites of parser and layout, and short ways to ask it for layouts. */

import { bestFeatures, buildKernel } from '../../../crypto-wasm/build.ts';
import { createCopybookKernel } from '../../../crypto-wasm/copybook/copybook.ts';
import type {
  CopybookKernel,
  CopybookLayout,
  CopybookOptions,
  LayoutItem,
  Problem,
} from '../../../crypto-wasm/copybook/face.ts';

const bytes = await buildKernel('copybook', bestFeatures());
const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);

export const kernel: CopybookKernel = createCopybookKernel(module);

/** Instances that share nothing with the one above. */
export function freshKernel(): CopybookKernel {
  return createCopybookKernel(module);
}

export type Copies = Readonly<Record<string, string>>;

/** Throws when the kernel refuses the copybook. */
export function layoutOf(copybook: string, options: CopybookOptions = {}, copies: Copies = {}): CopybookLayout {
  const answer = kernel.layout({ copybook, options, copies });
  if ('problem' in answer) throw new Error(`refused: ${JSON.stringify(answer.problem)}\n${copybook}`);
  return answer.layout;
}

/** Throws when the kernel takes it. */
export function problemOf(copybook: string, options: CopybookOptions = {}, copies: Copies = {}): Problem {
  const answer = kernel.layout({ copybook, options, copies });
  if ('problem' in answer) return answer.problem;
  throw new Error(`taken:\n${copybook}`);
}

/** Entries in free format around which a record stands. */
export function record(...entries: readonly string[]): string {
  return ['01 REC.', ...entries].join('\n');
}

/** The item of a name; the first of several. */
export function itemOf(layout: CopybookLayout, name: string): LayoutItem {
  const item = layout.items.find((candidate) => candidate.name === name);
  if (item === undefined) throw new Error(`no item ${name}`);
  return item;
}

/** The layout of one entry in a record of its own. */
export function entry(text: string, options: CopybookOptions = {}): LayoutItem {
  const layout = layoutOf(record(`05 IT ${text}.`), options);
  return itemOf(layout, 'IT');
}
