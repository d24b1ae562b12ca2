/**
 * A stream of records, or of lines, cut into pieces that can be worked on apart from one another.
 *
 *   fixedPieces  every record has the same length: arithmetic
 *   cutPieces    the cell says where records, blocks or roots end
 *   linePieces   JSON lines: behind line feeds
 *
 * The first piece comes always, and may be empty: so that an empty input has an output too. Pieces are asked for one at a time.
 */

import type { Intake } from '../byte-source.ts';
import { HostError } from '../errors.ts';
import { type Cuts, INPUT_ENDS, IS_PIECE, type Room } from './payloads.ts';
import type { Rooms } from './rooms.ts';

export interface Piece {
  readonly room: Room;
  readonly lengthBytes: number;
  /** Number of its first record in the file; 0 where that is not known. */
  readonly firstRecord: number;
  readonly offset: number;
  /** Of its call. */
  readonly flags: number;
  /** Why nothing comes behind it, for the case that the piece itself is well. */
  readonly error?: unknown;
}

export interface PieceSource {
  readonly intake: Intake;
  /** Rooms for the input of calls. */
  readonly rooms: Rooms;
  /** Wanted length; a record that is longer comes whole. */
  readonly pieceBytes: number;
  /** Longest input that a call takes. */
  readonly inputMaxBytes: number;
  /** Position of the first record in the file. */
  readonly fromOffset: number;
}

/** Room for a few pieces: finding their ends costs one call for all of them. */
const WINDOW_PIECES_COUNT = 4;
const LINE_FEED = 0x0a;
/** Of pieces that end with a record, and may be the last. */
const WHOLE_PIECE = INPUT_ENDS | IS_PIECE;

/** `firstPieceBytes`: as much of the input as is needed at first. Throws COPYBOOK_LIMIT — a record is longer than a call takes. */
export async function* fixedPieces(
  { intake, rooms, pieceBytes, inputMaxBytes, fromOffset }: PieceSource,
  recordBytes: number,
  firstPieceBytes: number,
): AsyncGenerator<Piece> {
  if (recordBytes > inputMaxBytes) throw tooLong('a record', inputMaxBytes, fromOffset);
  let recordsWanted = Math.max(1, Math.floor(Math.min(pieceBytes, firstPieceBytes) / recordBytes));
  for (let firstRecord = 0; ; firstRecord += recordsWanted) {
    if (firstRecord > 0) recordsWanted = Math.max(1, Math.floor(pieceBytes / recordBytes));
    const wantedBytes = recordsWanted * recordBytes;
    const room = rooms.take(wantedBytes);
    const lengthBytes = await intake.fill(inputOf(room, 0, wantedBytes));
    if (lengthBytes === 0 && firstRecord > 0) return;
    const isWhole = lengthBytes === wantedBytes;
    const offset = fromOffset + firstRecord * recordBytes;
    yield { room, lengthBytes, firstRecord, offset, flags: isWhole ? WHOLE_PIECE : INPUT_ENDS };
    if (!isWhole) return;
  }
}

/** What the cell says of the first bytes of a room. `isEnd`: nothing comes behind them. */
export type Cutter = (
  room: Room,
  lengthBytes: number,
  at: { readonly firstRecord: number; readonly offset: number; readonly flags: number },
) => Promise<Cuts>;

/** `windows` has rooms for what is looked through. Throws COPYBOOK_LIMIT; what `cut` throws, unless it is about the data. */
export async function* cutPieces(
  { intake, rooms, pieceBytes, inputMaxBytes, fromOffset }: PieceSource,
  windows: Rooms,
  cut: Cutter,
): AsyncGenerator<Piece> {
  let capacityBytes = Math.min(inputMaxBytes, WINDOW_PIECES_COUNT * pieceBytes);
  let window = windows.take(capacityBytes);
  let filledBytes = 0;
  let firstRecord = 0;
  let offset = fromOffset;
  let resume = 0;

  const pieceOf = (from: number, end: number, flags: number): Piece => {
    const room = rooms.take(end - from);
    room.whole.set(inputOf(window, from, end), room.from);
    return { room, lengthBytes: end - from, firstRecord, offset, flags };
  };
  for (let isFirst = true; ; ) {
    const readBytes = await intake.fill(inputOf(window, filledBytes, capacityBytes));
    filledBytes += readBytes;
    const isEnd = filledBytes < capacityBytes;
    if (filledBytes === 0) {
      if (isFirst) yield pieceOf(0, 0, INPUT_ENDS);
      return;
    }
    let cuts: Cuts;
    try {
      const flags = resume | (isEnd ? INPUT_ENDS : 0);
      cuts = await cut(window, filledBytes, { firstRecord, offset, flags });
    } catch (error) {
      if (!isAboutData(error)) throw error;
      // The records before the broken one are to be had: decoding finds the same place, and ends there.
      yield { ...pieceOf(0, filledBytes, resume | INPUT_ENDS), error };
      return;
    }
    let doneBytes = 0;
    for (const { end, recordCount, flags } of cuts.pieces) {
      isFirst = false;
      yield pieceOf(doneBytes, end, flags);
      firstRecord += recordCount;
      offset += end - doneBytes;
      doneBytes = end;
    }
    resume = cuts.resume;
    if (isEnd) {
      if (doneBytes < filledBytes) yield pieceOf(doneBytes, filledBytes, resume | INPUT_ENDS);
      return;
    }
    if (doneBytes === 0) {
      if (capacityBytes === inputMaxBytes) throw tooLong('a record or block', inputMaxBytes, offset);
      capacityBytes = Math.min(inputMaxBytes, 2 * capacityBytes);
      const larger = windows.take(capacityBytes);
      larger.whole.set(inputOf(window, 0, filledBytes), larger.from);
      window = larger;
    } else {
      const start = window.from + doneBytes;
      window.whole.copyWithin(window.from, start, window.from + filledBytes);
      filledBytes -= doneBytes;
    }
  }
}

/** Throws COPYBOOK_LIMIT — a line is longer than a call takes. */
export async function* linePieces(source: PieceSource): AsyncGenerator<Piece> {
  const { intake, rooms, pieceBytes, inputMaxBytes, fromOffset } = source;
  let offset = fromOffset;
  let wantedBytes = Math.min(pieceBytes, inputMaxBytes);
  let room = rooms.take(wantedBytes);
  let filledBytes = 0;
  for (let isFirst = true; ; ) {
    filledBytes += await intake.fill(inputOf(room, filledBytes, wantedBytes));
    const piece = { room, firstRecord: 0, offset, flags: INPUT_ENDS };
    if (filledBytes < wantedBytes) {
      if (filledBytes > 0 || isFirst) yield { ...piece, lengthBytes: filledBytes };
      return;
    }
    const lengthBytes = inputOf(room, 0, filledBytes).lastIndexOf(LINE_FEED) + 1;
    const restBytes = filledBytes - lengthBytes;
    if (lengthBytes === 0) {
      if (wantedBytes === inputMaxBytes) throw tooLong('a line', inputMaxBytes, offset);
      wantedBytes = Math.min(inputMaxBytes, 2 * wantedBytes);
    } else wantedBytes = Math.min(inputMaxBytes, Math.max(pieceBytes, restBytes + 1));
    const next = rooms.take(wantedBytes);
    next.whole.set(inputOf(room, lengthBytes, filledBytes), next.from);
    room = next;
    filledBytes = restBytes;
    if (lengthBytes === 0) continue;
    isFirst = false;
    offset += lengthBytes;
    yield { ...piece, lengthBytes };
  }
}

function inputOf(room: Room, from: number, end: number): Uint8Array {
  return room.whole.subarray(room.from + from, room.from + end);
}

function isAboutData(error: unknown): boolean {
  return error instanceof HostError && (error.code === 'COPYBOOK_FRAMING' || error.code === 'COPYBOOK_DATA');
}

function tooLong(what: string, maxBytes: number, offset: number): HostError {
  const detail = `${what} at offset ${offset} is longer than the ${maxBytes} bytes that a cell takes at a time`;
  return new HostError('COPYBOOK_LIMIT', detail, { place: { offset } });
}
