/**
 * One stream of records or lines through the cells: pieces are begun ahead, several at a time, and their answers go out in
 * order. An answer that did not consume its piece is continued when its turn comes, so a piece in flight holds one answer.
 *
 * What was given out is valid and in order, whatever happens behind it. The error comes where the broken record lies.
 */

import { createInOrder } from '../in-order.ts';
import type { Calls } from './calls.ts';
import { badResult, fromProblem } from './failures.ts';
import type { Joiner } from './joiners.ts';
import { type Answer, INPUT_ENDS, IS_PIECE, OUTPUT_BEGAN, readAnswer, writePayload } from './payloads.ts';
import type { Piece } from './pieces.ts';
import type { Rooms } from './rooms.ts';
import type { EncodedSpecification } from './specification.ts';

/** As the fields of a payload count them. */
const ROWS_OF_CALL_MAX = 2 ** 32 - 1;

export interface Conversion {
  readonly operation: 'decode' | 'encode';
  readonly specification: EncodedSpecification;
  readonly calls: Calls;
  readonly pieces: AsyncIterator<Piece>;
  /** Where the pieces' rooms come from. */
  readonly rooms: Rooms;
  readonly joiner: Joiner;
  readonly piecesMax: number;
  /** Most rows; undefined for all. At least 1. */
  readonly rows: number | undefined;
  readonly signal: AbortSignal;
  /** Counted up as answers go out. */
  readonly counts: Counts;
}

export interface Counts {
  recordCount: number;
  fieldErrorCount: number;
}

/** Where in a piece a call begins. */
interface Position {
  readonly bytes: number;
  readonly recordCount: number;
  readonly flags: number;
}

/** Throws what the pieces' source throws; COPYBOOK_*, and what calls throw. */
export async function* convert(conversion: Conversion): AsyncGenerator<Uint8Array> {
  const { operation, specification, calls, pieces, rooms, joiner, piecesMax, rows, signal, counts } =
    conversion;
  let rowsLeft = rows ?? Number.POSITIVE_INFINITY;
  let pieceCount = 0;
  let doneCount = 0;

  const ask = async (piece: Piece, at: Position, hasOutput: boolean): Promise<Answer> => {
    const lengthBytes = piece.lengthBytes - at.bytes;
    const count = rowsLeft === Number.POSITIVE_INFINITY ? 0 : Math.min(rowsLeft, ROWS_OF_CALL_MAX);
    const payload = writePayload(piece.room, specification.bytes, at.bytes, lengthBytes, {
      firstRecord: operation === 'encode' ? 0 : piece.firstRecord + at.recordCount,
      offset: piece.offset + at.bytes,
      count: operation === 'encode' ? 0 : count,
      flags: at.flags | (hasOutput ? OUTPUT_BEGAN : 0),
    });
    const bytes = await calls.call(operation, payload, specification.affinity, signal);
    return readAnswer(bytes, lengthBytes, count);
  };
  const line = createInOrder(
    async () => {
      const next = await pieces.next();
      if (next.done === true) return undefined;
      const hasOutput = pieceCount++ > 0;
      return {
        begin: async () => ({
          piece: next.value,
          answer: await ask(next.value, beginningOf(next.value), hasOutput),
        }),
      };
    },
    // Few rows need few pieces: it is found out with one how many.
    () => (rows === undefined ? piecesMax : Math.min(piecesMax, 2 ** doneCount)),
  );

  try {
    const beginning = joiner.begin();
    if (beginning.length > 0) yield beginning;
    for (let next = await line.next(); next !== undefined; next = await line.next()) {
      const { piece } = next;
      let { answer } = next;
      let at = beginningOf(piece);
      for (;;) {
        // Begun when more rows were wanted than are now: asked again for those alone.
        if (answer.rowCount > rowsLeft) answer = await ask(piece, at, pieceCount > 1 || at.bytes > 0);
        const output = joiner.add(answer.output, answer.rowCount);
        const recordsBefore = operation === 'encode' ? counts.recordCount : 0;
        counts.recordCount += answer.recordCount;
        counts.fieldErrorCount += answer.fieldErrorCount;
        rowsLeft -= answer.rowCount;
        if (output.length > 0) yield output;
        if (rowsLeft === 0) break;
        if (answer.problem !== undefined) throw fromProblem(answer.problem, recordsBefore);
        at = {
          bytes: at.bytes + answer.consumedBytes,
          recordCount: at.recordCount + answer.recordCount,
          // Where in a block it goes on is new; how the piece ends is as before.
          flags: (piece.flags & (INPUT_ENDS | IS_PIECE)) | answer.resume,
        };
        if (at.bytes === piece.lengthBytes) break;
        if (answer.consumedBytes === 0) throw badResult('a call that consumed nothing');
        answer = await ask(piece, at, true);
      }
      if (rowsLeft === 0) break;
      if (piece.error !== undefined) throw piece.error;
      rooms.giveBack(piece.room);
      doneCount++;
    }
    const end = joiner.end();
    if (end.length > 0) yield end;
  } finally {
    // Not waited for: its calls are left, and end by themselves.
    void line.stop();
  }
}

function beginningOf({ flags }: Piece): Position {
  return { bytes: 0, recordCount: 0, flags };
}
