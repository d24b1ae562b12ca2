/** Encoding for tests, where anything but the expected end is an error that shows what came. */

import type {
  CopybookKernel,
  CopybookOptions,
  Piece,
  Problem,
  Records,
} from '../../../crypto-wasm/copybook/face.ts';

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A copybook of one record. */
export const record = (...lines: readonly string[]): string =>
  ['       01 R.', ...lines.map((line) => `       ${line}.`)].join('\n');

export function encodingOf(kernel: CopybookKernel) {
  const encode = (copybook: string, json: string, options: CopybookOptions = {}, piece?: Piece): Records => {
    const answer = kernel.encode({ copybook, options }, utf8.encode(json), piece);
    if ('problem' in answer) throw new Error(JSON.stringify(answer.problem));
    return answer;
  };
  const bytes = (copybook: string, json: string, options: CopybookOptions = {}): string => {
    const { output, stop } = encode(copybook, json, options);
    if (stop !== undefined) throw new Error(JSON.stringify(stop));
    return hex(output);
  };
  const problem = (copybook: string, json: string, options: CopybookOptions = {}): Problem => {
    const { stop, output } = encode(copybook, json, options);
    if (stop === undefined) throw new Error(`it was taken: ${hex(output)}`);
    return stop;
  };
  const decode = (copybook: string, input: Uint8Array, options: CopybookOptions = {}): string => {
    const answer = kernel.decode({ copybook, options }, input);
    if ('problem' in answer || answer.stop !== undefined) throw new Error(JSON.stringify(answer));
    return Buffer.from(answer.output).toString();
  };
  return { encode, bytes, problem, decode };
}
