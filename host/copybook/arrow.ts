/**
 * The door of the `apache-arrow` package: frames of columns from cells → an Arrow IPC stream.
 *
 * The package makes the schema and the heads of record batches; values are the frame's own bytes, copied once into what
 * is handed on. A frame comes from untrusted code: every count, offset and length is held against the others, texts are
 * UTF-8, and what contradicts itself is refused before the package sees it. That values are the right ones, or that
 * decimals keep to their precision, only the cell can know.
 */

import { isAscii, isUtf8 } from 'node:buffer';
import {
  AsyncByteQueue,
  Binary,
  type Data,
  type DataType,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
} from 'apache-arrow';
import { HostError } from '../errors.ts';

/** One of the columns that `layout` answers. */
export interface ArrowColumn {
  readonly name: string;
  readonly type: 'int32' | 'int64' | 'decimal' | 'float64' | 'utf8' | 'binary';
  /** Of decimals. */
  readonly precision?: number;
  readonly scale?: number;
}

export interface ArrowStream {
  /** What the stream begins with. */
  readonly schemaBytes: Uint8Array;
  /**
   * The record batch of one frame. The frame is only read, and of no use afterwards; what comes is the caller's.
   * Throws EXECUTOR_BAD_RESULT — the frame is not one, or not one of these columns.
   */
  write(frame: Uint8Array): Uint8Array;
  /** What the stream ends with. */
  end(): Uint8Array;
}

/** Buffers of a frame begin at multiples of this. */
const ALIGNMENT_BYTES = 8;
/** u32 rows, u32 columns. */
const HEAD_BYTES = 8;
/** u32 null count, u32 buffers. */
const COLUMN_BYTES = 8;
/** u32 offset, u32 bytes. */
const BUFFER_BYTES = 8;
/** Of IPC: lengths are signed. */
const ROWS_MAX_COUNT = 2 ** 31 - 1;

const VALUE_BYTES = { int32: 4, int64: 8, decimal: 16, float64: 8 } as const;

export function createArrowStream(columns: readonly ArrowColumn[]): ArrowStream {
  const fields = columns.map((column) => new Field(column.name, typeOf(column), true));
  const schema = new Schema(fields);
  const struct = new Struct(fields);
  let chunks: Uint8Array[] = [];
  // The writer writes to a queue that is read asynchronously; here it hands its chunks over as they are made.
  const sink = new AsyncByteQueue<Uint8Array>();
  sink.write = (chunk: Uint8Array) => void chunks.push(chunk);
  const writer = new RecordBatchStreamWriter({ autoDestroy: false });
  const take = (): Uint8Array => {
    const bytes = Buffer.concat(chunks);
    chunks = [];
    return bytes;
  };
  writer.reset(sink, schema);
  const schemaBytes = take();
  return {
    schemaBytes,
    write(frame) {
      const { rows, children } = readFrame(columns, fields, frame);
      const data = makeData({ type: struct, length: rows, nullCount: 0, children });
      writer.write(new RecordBatch(schema, data));
      return take();
    },
    end() {
      writer.finish();
      return take();
    },
  };
}

function typeOf({ type, precision = 0, scale = 0 }: ArrowColumn): DataType {
  if (type === 'int32') return new Int32();
  if (type === 'int64') return new Int64();
  if (type === 'float64') return new Float64();
  if (type === 'utf8') return new Utf8();
  return type === 'binary' ? new Binary() : new Decimal(scale, precision, 128);
}

function readFrame(
  columns: readonly ArrowColumn[],
  fields: readonly Field[],
  given: Uint8Array,
): { readonly rows: number; readonly children: Data[] } {
  // Views of eight bytes have to lie at multiples of eight.
  const frame = given.byteOffset % ALIGNMENT_BYTES === 0 ? given : given.slice();
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const headBytes = columns.reduce(
    (sum, { type }) => sum + COLUMN_BYTES + (hasBytes(type) ? 3 : 2) * BUFFER_BYTES,
    HEAD_BYTES,
  );
  if (frame.length < headBytes) throw refused('it ends within its head');
  const rows = view.getUint32(0, true);
  if (rows > ROWS_MAX_COUNT) throw refused(`${rows} rows are more than a batch has`);
  if (view.getUint32(4, true) !== columns.length) throw refused('it has another number of columns');
  let entryAt = HEAD_BYTES;
  const children = columns.map(({ name, type }, index) => {
    const nullCount = view.getUint32(entryAt, true);
    const bufferCount = view.getUint32(entryAt + 4, true);
    const wrong = (what: string): HostError => refused(`${what}, column ${index} (${name})`);
    if (bufferCount !== (hasBytes(type) ? 3 : 2)) throw wrong('it has another number of buffers');
    if (nullCount > rows) throw wrong('more is null than there are rows');
    const buffers: Uint8Array[] = [];
    for (let n = 0; n < bufferCount; n++) {
      const at = entryAt + COLUMN_BYTES + n * BUFFER_BYTES;
      const offset = view.getUint32(at, true);
      const lengthBytes = view.getUint32(at + 4, true);
      if (offset % ALIGNMENT_BYTES !== 0) throw wrong('a buffer is not aligned');
      if (offset < headBytes && lengthBytes > 0) throw wrong('a buffer lies in the head');
      if (offset + lengthBytes > frame.length) throw wrong('a buffer lies beyond the end');
      buffers.push(frame.subarray(offset, offset + lengthBytes));
    }
    entryAt += COLUMN_BYTES + bufferCount * BUFFER_BYTES;
    const [validity, values, bytes] = buffers as [Uint8Array, Uint8Array, Uint8Array];
    checkValidity(validity, rows, nullCount, wrong);
    const fieldType = (fields[index] as Field).type;
    const common = { length: rows, nullCount, ...(nullCount === 0 ? {} : { nullBitmap: validity }) };
    if (!hasBytes(type)) {
      if (values.length !== rows * VALUE_BYTES[type])
        throw wrong('its values are not as many as there are rows');
      return dataOf(fieldType, { ...common, data: valuesOf(type, values) });
    }
    const valueOffsets = new Int32Array(values.buffer, values.byteOffset, values.length >> 2);
    if (values.length !== (rows + 1) * 4) throw wrong('its offsets are not as many as there are rows');
    checkOffsets(valueOffsets, bytes.length, wrong);
    if (type === 'utf8') checkText(valueOffsets, bytes, wrong);
    return dataOf(fieldType, { ...common, valueOffsets, data: bytes });
  });
  return { rows, children };
}

type Wrong = (what: string) => HostError;

const hasBytes = (type: ArrowColumn['type']): type is 'utf8' | 'binary' =>
  type === 'utf8' || type === 'binary';

/** Of the package's overloads, each for one type, none takes a type that is known only now. */
function dataOf(type: DataType, parts: object): Data {
  return makeData({ ...parts, type } as unknown as Parameters<typeof makeData>[0]) as Data;
}

function valuesOf(
  type: keyof typeof VALUE_BYTES,
  { buffer, byteOffset, length }: Uint8Array,
): ArrayBufferView {
  if (type === 'int32') return new Int32Array(buffer, byteOffset, length >> 2);
  if (type === 'int64') return new BigInt64Array(buffer, byteOffset, length >> 3);
  if (type === 'float64') return new Float64Array(buffer, byteOffset, length >> 3);
  return new Uint32Array(buffer, byteOffset, length >> 2);
}

function checkValidity(validity: Uint8Array, rows: number, nullCount: number, wrong: Wrong): void {
  if (validity.length !== (nullCount === 0 ? 0 : Math.ceil(rows / 8)))
    throw wrong('its validity is not as long as the rows need');
  if (nullCount === 0) return;
  let valid = 0;
  const last = validity.length - 1;
  for (let i = 0; i < last; i++) valid += bitCount(validity[i] as number);
  const rest = rows - last * 8;
  valid += bitCount((validity[last] as number) & ((1 << rest) - 1));
  if (valid !== rows - nullCount) throw wrong('its validity is not what its null count says');
}

function bitCount(byte: number): number {
  const pairs = byte - ((byte >> 1) & 0x55);
  const nibbles = (pairs & 0x33) + ((pairs >> 2) & 0x33);
  return (nibbles + (nibbles >> 4)) & 0x0f;
}

function checkOffsets(offsets: Int32Array, lengthBytes: number, wrong: Wrong): void {
  let previous = 0;
  if (offsets[0] !== 0) throw wrong('its offsets do not begin at 0');
  for (const offset of offsets) {
    if (offset < previous) throw wrong('its offsets go back');
    previous = offset;
  }
  if (previous !== lengthBytes) throw wrong('its offsets do not end where its bytes do');
}

/** All of it is UTF-8, and no value begins within a character: so each value is. */
function checkText(offsets: Int32Array, bytes: Uint8Array, wrong: Wrong): void {
  if (isAscii(bytes)) return;
  if (!isUtf8(bytes)) throw wrong('its text is not UTF-8');
  for (const offset of offsets) {
    if (((bytes[offset] ?? 0) & 0xc0) === 0x80) throw wrong('a text begins within a character');
  }
}

function refused(what: string): HostError {
  return new HostError('EXECUTOR_BAD_RESULT', `the copybook adapter's columns cannot be read: ${what}`);
}
