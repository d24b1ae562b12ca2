/**
 * The copybook codec: COBOL records to rows and back, in cells of the adapter `copybook`.
 *
 *   source → unpacked → pieces cut at record borders → cells, several at a time → output in order
 *
 * Nothing here reads a copybook or a record: that happens in the cells. This room cuts, calls, and puts in order.
 */

import type { ByteSource } from '../byte-source.ts';
import { systemClock } from '../clock.ts';
import { HostError, toHostError } from '../errors.ts';
import { COPYBOOK_ADAPTER, closedError, createCalls } from './calls.ts';
import { type Counts, convert } from './conversion.ts';
import type { Copybook, CopybookLayout, CopybookOptions, Detection, OutputFormat } from './face.ts';
import { createInput, type Input } from './input.ts';
import { createArrowJoiner, createJsonJoiner, createPlainJoiner, type Joiner } from './joiners.ts';
import { type CopybookOperation, createCopybookMetrics } from './metrics.ts';
import {
  INPUT_ENDS,
  layoutPayload,
  prefixBytes,
  type Room,
  readCuts,
  readDetection,
  readLayout,
  writePayload,
} from './payloads.ts';
import { cutPieces, fixedPieces, linePieces, type Piece, type PieceSource } from './pieces.ts';
import { createRooms } from './rooms.ts';
import { type EncodedSpecification, encodeSpecification, hasNesting, outputFormat } from './specification.ts';
import { type CodecStream, createCodecStream } from './streams.ts';

/** A few milliseconds of a cell's time: calls cost little beside it, and a lost one loses little. */
const PIECE_BYTES = 512 * 1024;
/** With their answers within the memory that a command or a connection may have. */
const PIECES_MAX_COUNT = 8;
/** Hundreds of records, or of blocks: more says nothing more about their lengths. */
export const DETECT_BYTES = 256 * 1024;

/**
 * Nothing is checked before the first operation. Throws COPYBOOK_LIMIT, COPYBOOK_OPTIONS; REGISTRY_NOT_FOUND — the host has
 * no adapter `copybook`.
 */
export function createCopybook(options: CopybookOptions): Copybook {
  const { host, tenant = 'public', requestId = 'copybook', clock = systemClock } = options;
  const { pieceBytes = PIECE_BYTES, piecesMax = PIECES_MAX_COUNT } = options;
  const callsMax = options.callsMax ?? 1 + host.snapshot().executors.live;
  const plain = encodeSpecification(options);
  const { operations } = host.adapter(COPYBOOK_ADAPTER).manifest;
  const payloadMaxBytes = operations.decode?.inputMaxBytes ?? 0;
  const calls = createCalls({ host, callsMax, tenant, requestId, clock });
  const metrics = createCopybookMetrics(clock);
  const streams = new Set<CodecStream>();
  const closing = new AbortController();
  let known: Promise<CopybookLayout> | undefined;

  const checkOpen = (): void => {
    if (closing.signal.aborted) throw closedError();
  };

  /** One operation that is no stream, from its call to its metrics. */
  const perform = async <T>(operation: CopybookOperation, work: () => Promise<[T, number]>): Promise<T> => {
    checkOpen();
    const startMs = clock.now();
    const zero = { operation, inputBytes: 0, outputBytes: 0, recordCount: 0, fieldErrorCount: 0 };
    try {
      const [result, inputBytes] = await work();
      metrics.record({ ...zero, inputBytes, outcome: 'ok' }, startMs);
      return result;
    } catch (error) {
      metrics.record({ ...zero, outcome: toHostError(error).code }, startMs);
      throw error;
    }
  };

  /** The layout is the same for every output. One that could not be had is asked for again. */
  const layoutOnce = (): Promise<CopybookLayout> => {
    known ??= perform('layout', async () => {
      const payload = layoutPayload(plain.bytes);
      const bytes = await calls.call('layout', payload, plain.affinity, closing.signal);
      return [readLayout(bytes), payload.length];
    });
    known.catch(() => {
      known = undefined;
    });
    return known;
  };

  /** Rooms and limits of one stream. */
  const pieceSource = ({ bytes }: EncodedSpecification, input: Input): PieceSource => {
    const prefix = prefixBytes(bytes);
    const inputMaxBytes = payloadMaxBytes - prefix;
    const usualBytes = Math.min(pieceBytes, inputMaxBytes);
    return {
      intake: input.records,
      rooms: createRooms(prefix, usualBytes),
      pieceBytes: usualBytes,
      inputMaxBytes,
      fromOffset: input.fromOffset,
    };
  };

  const recordPieces = (
    source: PieceSource,
    specification: EncodedSpecification,
    layout: CopybookLayout,
    rows: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Piece> => {
    const { fixedRecordBytes } = layout;
    if (fixedRecordBytes > 0 && !hasNesting(options)) {
      const firstBytes = rows === undefined ? source.pieceBytes : rows * fixedRecordBytes;
      return fixedPieces(source, fixedRecordBytes, firstBytes);
    }
    const windows = createRooms(prefixBytes(specification.bytes), 0);
    return cutPieces(source, windows, async (room, lengthBytes, { firstRecord, offset, flags }) => {
      const head = { firstRecord, offset, count: source.pieceBytes, flags };
      const payload = writePayload(room, specification.bytes, 0, lengthBytes, head);
      const bytes = await calls.call('cut', payload, specification.affinity, signal);
      return readCuts(bytes, lengthBytes);
    });
  };

  const stream = (
    operation: 'decode' | 'encode',
    given: ByteSource,
    signal: AbortSignal | undefined,
    run: (input: Input, counts: Counts, signal: AbortSignal) => AsyncIterator<Uint8Array>,
  ): CodecStream['readable'] => {
    checkOpen();
    const startMs = clock.now();
    const input = createInput(given, options);
    const counts: Counts = { recordCount: 0, fieldErrorCount: 0 };
    const made: CodecStream = createCodecStream({
      begin: (ended) => run(input, counts, ended),
      signal,
      onEnd(end) {
        streams.delete(made);
        // Not waited for: a source that never answers must not keep what this stream holds.
        void input.cancel();
        metrics.record({ operation, ...end, ...counts, inputBytes: input.readBytes }, startMs);
      },
    });
    streams.add(made);
    return made.readable;
  };

  async function* decodeAll(
    input: Input,
    counts: Counts,
    format: OutputFormat,
    rows: number | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const layout = await layoutOnce();
    const specification = encodeSpecification(options, format);
    const source = pieceSource(specification, input);
    const pieces = recordPieces(source, specification, layout, rows, signal);
    const joiner = await joinerOf(format, layout);
    const { rooms } = source;
    const operation = 'decode';
    yield* convert({
      operation,
      specification,
      calls,
      pieces,
      rooms,
      joiner,
      piecesMax,
      rows,
      signal,
      counts,
    });
  }

  async function* encodeAll(input: Input, counts: Counts, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const source = pieceSource(plain, input);
    yield* convert({
      operation: 'encode',
      specification: plain,
      calls,
      pieces: linePieces(source),
      rooms: source.rooms,
      joiner: createPlainJoiner(),
      piecesMax,
      rows: undefined,
      signal,
      counts,
    });
  }

  const detect = async (given: Uint8Array | ByteSource): Promise<[Detection, number]> => {
    const input = createInput(given instanceof Uint8Array ? [given] : given, options);
    try {
      const prefix = prefixBytes(plain.bytes);
      const wantedBytes = Math.min(DETECT_BYTES, payloadMaxBytes - prefix);
      const room: Room = { whole: new Uint8Array(prefix + wantedBytes), from: prefix };
      const lengthBytes = await input.records.fill(room.whole.subarray(prefix));
      const flags = lengthBytes < wantedBytes ? INPUT_ENDS : 0;
      const head = { firstRecord: 0, offset: 0, count: 0, flags };
      const payload = writePayload(room, plain.bytes, 0, lengthBytes, head);
      const bytes = await calls.call('detect', payload, plain.affinity, closing.signal);
      return [readDetection(bytes), lengthBytes];
    } finally {
      void input.cancel();
    }
  };

  const close = async (): Promise<void> => {
    closing.abort(closedError());
    for (const one of [...streams]) one.close();
  };

  return {
    async layout() {
      checkOpen();
      return layoutOnce();
    },
    decode(source, { format, rows, signal } = {}) {
      if (rows !== undefined && !(Number.isSafeInteger(rows) && rows > 0)) {
        throw new HostError('COPYBOOK_OPTIONS', 'rows is a whole number from 1');
      }
      const wanted = outputFormat(options, format);
      return stream('decode', source, signal, (input, counts, ended) =>
        decodeAll(input, counts, wanted, rows, ended),
      );
    },
    encode: (source, { signal } = {}) => stream('encode', source, signal, encodeAll),
    detect: (source) => perform('detect', () => detect(source)),
    snapshot: () => ({
      activeStreamCount: streams.size,
      runningCallCount: calls.running,
      waitingCallCount: calls.waiting,
      repeatCount: calls.repeatCount,
      operations: metrics.snapshot(),
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function joinerOf(format: OutputFormat, layout: CopybookLayout): Promise<Joiner> {
  if (format === 'json') return createJsonJoiner();
  if (format !== 'arrow') return createPlainJoiner();
  // Loaded when it is wanted: the package of Arrow is larger than all of the host.
  const { createArrowStream } = await import('./arrow.ts');
  return createArrowJoiner(createArrowStream(layout.columns));
}
