/**
 * Cells of the adapter `copybook` for tests, readable: records of four bytes (a number, big-endian), or with a length byte
 * first where the copybook says `VARIABLE`. The number 0xffffffff is invalid data. Rows are `{"N":number}`.
 *
 * `fail` decides which calls end in an error instead; `gate` holds them; `outputMaxBytes` makes outputs full.
 */

import { HostError } from '../../host/errors.ts';
import type { AdapterDetail, Call, Host, HostSnapshot, Outcome } from '../../host/types.ts';

export const INVALID = 0xffff_ffff;

export interface FakeCells {
  readonly host: Pick<Host, 'invoke' | 'adapter' | 'snapshot'>;
  readonly calls: Call[];
  /** Most calls that were under way at the same time. */
  busyMax: number;
  busy: number;
  fail: (call: Call, index: number) => HostError | undefined;
  gate: (call: Call, index: number) => Promise<void>;
  /** The answer's bytes as they are given back. */
  twist: (operation: string, bytes: Uint8Array) => Uint8Array;
  outputMaxBytes: number;
  inputMaxBytes: number;
}

export function createFakeCells(): FakeCells {
  const usage = (attempts: number) => ({ queueMs: 0, runMs: 1, attempts, inputBytes: 0, outputBytes: 0 });
  const cells: FakeCells = {
    calls: [],
    busyMax: 0,
    busy: 0,
    fail: () => undefined,
    gate: async () => {},
    twist: (_operation, bytes) => bytes,
    outputMaxBytes: 14 * 1024 * 1024,
    inputMaxBytes: 8_454_144,
    host: {
      async invoke(call) {
        const index = cells.calls.push(call) - 1;
        cells.busyMax = Math.max(cells.busyMax, ++cells.busy);
        // As the host does: the payload is copied before anything else happens.
        const payload = call.payload.slice();
        await cells.gate(call, index);
        cells.busy--;
        const error = cells.fail(call, index);
        const outcome: Outcome =
          error === undefined ? run(call.operation, payload) : { kind: 'error', error, usage: usage(3) };
        const { requestId, adapter, operation, tenant } = call;
        const receipt = { requestId, adapter, version: '1', operation, tenant, outcome: '', usage: usage(1) };
        return { outcome, receipt };
      },
      adapter(name) {
        if (name !== 'copybook') throw new HostError('REGISTRY_NOT_FOUND', `there is no ${name}`);
        const operations = { decode: { inputMaxBytes: cells.inputMaxBytes } };
        return { manifest: { operations } } as unknown as AdapterDetail;
      },
      snapshot: () => ({ executors: { live: 2 } }) as HostSnapshot,
    },
  };
  const run = (operation: string, payload: Uint8Array): Outcome => {
    try {
      const bytes = cells.twist(operation, answer(operation, payload, cells.outputMaxBytes));
      return { kind: 'ok', bytes, usage: usage(1) };
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return { kind: 'error', error, usage: usage(1) };
    }
  };
  return cells;
}

interface Ask {
  readonly isVariable: boolean;
  readonly options: Record<string, unknown>;
  readonly firstRecord: number;
  readonly offset: number;
  readonly count: number;
  readonly flags: number;
  readonly input: Buffer;
}

function readAsk(payload: Uint8Array): Ask {
  const bytes = Buffer.from(payload);
  const at = 4 + bytes.readUInt32LE(0);
  const { copybook, options } = JSON.parse(bytes.toString('utf8', 4, at));
  if (copybook === 'BROKEN') {
    refuse({ code: 'SYNTAX', message: 'not a clause: BROKEN', line: 1, column: 1 });
  }
  const isVariable = copybook === 'VARIABLE';
  if (bytes.length === at) {
    return { isVariable, options, firstRecord: 0, offset: 0, count: 0, flags: 0, input: Buffer.alloc(0) };
  }
  return {
    isVariable,
    options,
    firstRecord: Number(bytes.readBigUInt64LE(at)),
    offset: Number(bytes.readBigUInt64LE(at + 8)),
    count: bytes.readUInt32LE(at + 16),
    flags: bytes.readUInt32LE(at + 20),
    input: bytes.subarray(at + 24),
  };
}

function refuse(problem: object): never {
  throw new HostError('ADAPTER_BAD_INPUT', JSON.stringify(problem));
}

function answer(operation: string, payload: Uint8Array, outputMaxBytes: number): Uint8Array {
  const ask = readAsk(payload);
  if (operation === 'layout') {
    const fixedRecordBytes = ask.isVariable ? 0 : 4;
    const item = { path: 'R.N', name: 'N', key: 'N', level: 5, kind: 'binary', offset: 0, length: 4 };
    return Buffer.from(
      JSON.stringify({
        recordBytes: 4,
        recordMinBytes: 4,
        isVariable: ask.isVariable,
        fixedRecordBytes,
        items: [{ ...item, picture: '9(9)', usage: 'BINARY' }],
        columns: [{ name: 'N', type: 'int64' }],
        schema: { type: 'object' },
      }),
    );
  }
  if (operation === 'detect') {
    const found = {
      recordFormat: 'V',
      // Shorter than a length word.
      confidence: ask.input.length < 4 ? 0 : 0.9,
      why: [`${ask.input.length} bytes`],
      alternatives: [],
    };
    return Buffer.from(JSON.stringify({ ...found, rdw: { endian: 'little' } }));
  }
  if (operation === 'cut') return cut(ask);
  return operation === 'decode' ? decode(ask, outputMaxBytes) : encode(ask, outputMaxBytes);
}

/** Length of the record at a position, header included; 0 when the input ends within it. Refuses a length of zero. */
function recordBytes(ask: Ask, at: number, record: number): number {
  if (!ask.isVariable) return at + 4 <= ask.input.length ? 4 : 0;
  const length = ask.input[at] ?? 0;
  if (length === 0) {
    const offset = ask.offset + at;
    refuse({ code: 'FRAMING', message: 'a record of no length', record: ask.firstRecord + record, offset });
  }
  return at + length <= ask.input.length ? length : 0;
}

/** What a call that begins at this offset of a file of variable records has to be told. */
const resumeAt = (offset: number): number => (offset % 0xff_ffff) * 256;

function requireResume(ask: Ask): void {
  if (!ask.isVariable || ask.flags - (ask.flags % 256) === resumeAt(ask.offset)) return;
  refuse({ code: 'PAYLOAD', message: `resume ${ask.flags} at ${ask.offset}` });
}

function cut(ask: Ask): Uint8Array {
  requireResume(ask);
  const cuts: number[][] = [];
  let [at, records, start] = [0, 0, 0];
  let total = 0;
  while (at < ask.input.length) {
    const length = recordBytes(ask, at, total);
    if (length === 0) break;
    at += length;
    records++;
    total++;
    if (at - start >= ask.count) {
      cuts.push([at, records]);
      [records, start] = [0, at];
    }
  }
  if (records > 0) cuts.push([at, records]);
  // A resume that says how many bytes came before, so that it can be seen whether it is given back.
  const bytes = Buffer.alloc(8 + 12 * cuts.length);
  bytes.writeUInt32LE(cuts.length, 0);
  bytes.writeUInt32LE(resumeAt(ask.offset + at), 4);
  cuts.forEach(([end = 0, count = 0], index) => {
    const start = ask.offset + (cuts[index - 1]?.[0] ?? 0);
    [end, count, resumeAt(start) + 5].forEach((value, word) => {
      bytes.writeUInt32LE(value, 8 + 12 * index + 4 * word);
    });
  });
  return bytes;
}

function decode(ask: Ask, outputMaxBytes: number): Uint8Array {
  requireResume(ask);
  const { output = 'jsonl', skipOdd = false } = ask.options;
  const rows: string[] = output === 'csv' && (ask.flags & 2) === 0 ? ['N\n'] : [];
  let [at, records, count, bytes] = [0, 0, 0, 0];
  let problem: object | undefined;
  while (at < ask.input.length && !(ask.count > 0 && count === ask.count)) {
    const where = { record: ask.firstRecord + records, offset: ask.offset + at };
    let length: number;
    try {
      length = recordBytes(ask, at, records);
    } catch (error) {
      problem = JSON.parse((error as HostError).detail);
      break;
    }
    if (length === 0) {
      if ((ask.flags & 1) !== 0) problem = { code: 'DATA', message: 'the record is cut short', ...where };
      break;
    }
    const value = ask.isVariable ? length : ask.input.readUInt32BE(at);
    if (value === INVALID) {
      problem = { code: 'DATA', message: 'no number', ...where, field: 'N' };
      break;
    }
    const isShown = !(skipOdd && value % 2 === 1);
    const hasRow = count > 0 || (ask.flags & 2) !== 0;
    const row = output === 'csv' ? `${value}\n` : `{"N":${value}}`;
    const text = output === 'jsonl' ? `${row}\n` : output === 'json' && hasRow ? `,${row}` : row;
    if (isShown) {
      if (bytes + text.length > outputMaxBytes) break;
      rows.push(text);
      bytes += text.length;
      count++;
    }
    at += length;
    records++;
  }
  const resume = ask.isVariable ? resumeAt(ask.offset + at) : 0;
  return pack(at, records, count, problem, Buffer.from(rows.join('')), resume);
}

function encode(ask: Ask, outputMaxBytes: number): Uint8Array {
  const records: Buffer[] = [];
  let at = 0;
  let problem: object | undefined;
  while (at < ask.input.length && 4 * (records.length + 1) <= outputMaxBytes) {
    const feed = ask.input.indexOf(0x0a, at);
    const end = feed < 0 ? ask.input.length : feed + 1;
    const { N } = JSON.parse(ask.input.toString('utf8', at, end));
    if (typeof N !== 'number') {
      const place = { record: ask.firstRecord + records.length, offset: ask.offset + at, field: 'N' };
      problem = { code: 'VALUE', message: 'no number', ...place };
      break;
    }
    const record = Buffer.alloc(4);
    record.writeUInt32BE(N);
    records.push(record);
    at = end;
  }
  return pack(at, records.length, records.length, problem, Buffer.concat(records));
}

function pack(
  consumed: number,
  records: number,
  rows: number,
  problem: object | undefined,
  output: Buffer,
  resume = 0,
): Buffer {
  const text = Buffer.from(problem === undefined ? '' : JSON.stringify(problem));
  const head = Buffer.alloc(24);
  [consumed, records, resume + (problem === undefined ? 0 : 1), text.length, 0, rows].forEach(
    (value, index) => {
      head.writeUInt32LE(value, 4 * index);
    },
  );
  return Buffer.concat([head, text, output]);
}

/** Records of four bytes with these numbers. */
export function fixedRecords(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, 4 * index);
  });
  return bytes;
}

/** Records of these lengths, 1 to 255, length byte included. */
export function variableRecords(lengths: readonly number[]): Buffer {
  return Buffer.concat(lengths.map((length) => Buffer.alloc(length, 0x40).fill(length, 0, 1)));
}

export const lines = (values: readonly number[]): string =>
  values.map((value) => `{"N":${value}}\n`).join('');

export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A source of these bytes in pieces of a length that fits nothing. `left` counts how often it was left early. */
export function sourceOf(bytes: Uint8Array, pieceBytes = 10_007) {
  const counts = { given: 0, left: 0 };
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const piece = bytes.subarray(at, at + pieceBytes);
        counts.given += piece.length;
        yield piece;
      }
    } finally {
      counts.left++;
    }
  }
  return { source: read(), counts };
}

/** All of a stream: its bytes, and the error it ended with. */
export async function drain(stream: AsyncIterable<Uint8Array>) {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of stream) parts.push(part);
    return { bytes: Buffer.concat(parts), text: Buffer.concat(parts).toString(), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(parts), text: Buffer.concat(parts).toString(), error };
  }
}
