/**
 * The answers of calls as one output: lines and CSV follow each other, JSON rows are one array, columns become Arrow.
 */

import { badResult } from './failures.ts';

export interface Joiner {
  /** What comes before the first row. */
  begin(): Uint8Array;
  /** Rows of one answer, in order. The bytes may be passed on. */
  add(output: Uint8Array, rowCount: number): Uint8Array;
  /** What comes behind the last row. */
  end(): Uint8Array;
}

const NOTHING = new Uint8Array();
const COMMA = 0x2c;

export function createPlainJoiner(): Joiner {
  return { begin: () => NOTHING, add: (output) => output, end: () => NOTHING };
}

/**
 * The cell writes rows with commas between them, and one before the first when it is told that there are rows already. It is
 * told so of all pieces but the first, before it is known whether those before it have any: a filter may leave none.
 */
export function createJsonJoiner(): Joiner {
  let hasRows = false;
  return {
    begin: () => Buffer.from('['),
    add(output, rowCount) {
      if (rowCount === 0) return NOTHING;
      const beginsWithComma = output[0] === COMMA;
      if (hasRows && !beginsWithComma) throw badResult('JSON rows without a comma between them');
      const rows = !hasRows && beginsWithComma ? output.subarray(1) : output;
      hasRows = true;
      return rows;
    },
    end: () => Buffer.from(']\n'),
  };
}

/** Of `arrow.ts`, which is loaded only where it is wanted. */
export interface ArrowBatches {
  readonly schemaBytes: Uint8Array;
  write(frame: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

export function createArrowJoiner(batches: ArrowBatches): Joiner {
  return {
    begin: () => batches.schemaBytes,
    // An answer without rows is a batch without rows: readers need none.
    add: (output, rowCount) => (rowCount === 0 ? NOTHING : batches.write(output)),
    end: () => batches.end(),
  };
}
