/**
 * The readable twin of decoding and encoding, over the answer of `layout`: the oracle of the kernel's tests.
 *
 * Clarity first: BigInt, strings and fresh arrays everywhere, and no code of the kernel's. It decodes to JSONL, for all
 * kinds of items, tables with counters, views, policies, segments and record formats; records nested by
 * `segmentChildren`, other outputs and the parser are not here. `reference-encode.ts` is the way back.
 */

import type { CopybookLayout, CopybookOptions, Piece, Problem, Records } from './face.ts';
import { createFrames } from './reference-frames.ts';
import { type FieldError, fieldText, readRecord } from './reference-record.ts';
import { RecordProblem, treeOf } from './reference-tree.ts';

/** Decodes to JSONL. The input has to be there from the beginning of a record. */
export function decodeReference(
  layout: CopybookLayout,
  options: CopybookOptions,
  input: Uint8Array,
  piece: Piece = {},
): Records {
  const roots = treeOf(layout);
  const frames = createFrames(input, layout, roots, options);
  const { firstRecord = 0n, offset = 0n, rows: rowsMax = 0, isEnd = true } = piece;
  const lines: string[] = [];
  let [at, records, errorsCount] = [0, 0, 0];
  let stop: Problem | undefined;
  let segmentIds: { root: bigint; counts: number[] } | undefined;

  const fail = (code: Problem['code'], message: string, position: number, field?: string): void => {
    const place = { record: Number(firstRecord) + records, offset: Number(offset) + position };
    stop = { code, message, ...place, ...(field === undefined ? {} : { field }) };
  };

  while (at < input.length && !(rowsMax > 0 && lines.length === rowsMax)) {
    try {
      const frame = frames.next(at);
      if (frame.kind === 'partial') {
        if (isEnd) fail('FRAMING', 'the input ends within a record', at);
        break;
      }
      if (frame.kind === 'bad') {
        fail('FRAMING', frame.message, at);
        break;
      }
      const { bytes } = frame;
      const { recordMin = 0, recordMax = 0, segmentFilter = [] } = options;
      const isSkipped = frame.whole < recordMin || (recordMax > 0 && frame.whole > recordMax);
      const segment = options.segmentField
        ? fieldText(roots, bytes, options, options.segmentField)
        : undefined;
      const number = firstRecord + BigInt(records);
      if (!isSkipped && (segmentFilter.length === 0 || segmentFilter.includes(segment ?? ''))) {
        const record = readRecord(roots, bytes, options, segment);
        segmentIds = nextSegment(segmentIds, options, segment ?? '', number);
        const members = [
          ...(options.recordIds ? [`"Record_Id":${number}`, `"Record_Byte_Length":${frame.whole}`] : []),
          ...segmentMembers(segmentIds, options),
          ...record.members,
        ];
        if (options.errorColumn && record.errors.length > 0) {
          members.push(`"_errors":${errorsText(record.errors, Number(offset) + at)}`);
        }
        errorsCount += record.errors.length;
        lines.push(`{${members.join(',')}}\n`);
      }
      records++;
      at = frame.next;
    } catch (error) {
      if (!(error instanceof RecordProblem)) throw error;
      fail('DATA', error.message, at + error.offset, error.field);
      break;
    }
  }
  const output = new TextEncoder().encode(lines.join(''));
  return { consumed: at, records, rows: lines.length, errors: errorsCount, resume: 0, output, stop };
}

/** Offsets are those of the whole input; reasons are in the kernel's words, so they are not here. */
function errorsText(errors: readonly FieldError[], at: number): string {
  return JSON.stringify(errors.map((error) => ({ ...error, offset: at + error.offset })));
}

type SegmentIds = { root: bigint; counts: number[] };

/** The record number of the root, and how many segments of each level came since the one above it. */
function nextSegment(
  before: SegmentIds | undefined,
  { segmentIdLevels = [] }: CopybookOptions,
  segment: string,
  number: bigint,
): SegmentIds | undefined {
  const level = segmentIdLevels.findIndex((values) => values.includes(segment));
  if (level === 0) return { root: number, counts: [] };
  if (level < 0 || before === undefined) return before;
  return {
    root: before.root,
    counts: [...before.counts.slice(0, level - 1), (before.counts[level - 1] ?? 0) + 1],
  };
}

function segmentMembers(ids: SegmentIds | undefined, options: CopybookOptions): string[] {
  const { segmentIdLevels = [], segmentIdPrefix = '' } = options;
  const root = `${segmentIdPrefix === '' ? '' : `${segmentIdPrefix}_`}0_${ids?.root ?? 0}`;
  const values = segmentIdLevels.map((_, level) => {
    if (ids === undefined || level > ids.counts.length) return 'null';
    return JSON.stringify(level === 0 ? root : `${root}_L${level}_${ids.counts[level - 1]}`);
  });
  return values.flatMap((value, level) =>
    value === 'null' && options.omitNulls ? [] : [`"Seg_Id${level}":${value}`],
  );
}
