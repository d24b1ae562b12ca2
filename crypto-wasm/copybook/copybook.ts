/**
 * The door to the copybook kernel: one instance of the built module behind typed calls, for tests and benches.
 *
 * It makes payloads and reads answers as `README.md` lays them out; whether a copybook, an option or a record is right
 * is for the kernel to say. What always holds: answers are copies and belong to the caller, and a call that returned
 * has given its memory in the kernel back. It throws for programmer errors only; a kernel that traps is one, and the
 * instance is of no use then. It does not build the module.
 */

import type {
  CopybookKernel,
  CopybookLayout,
  Cut,
  Detection,
  Piece,
  Problem,
  Records,
  Refused,
  Specification,
} from './face.ts';

/** What `kernel/entry.ts` exports. */
interface CopybookExports {
  readonly memory: WebAssembly.Memory;
  place(lengthBytes: number): number;
  run(name: number, nameBytes: number, payload: number, payloadBytes: number): number;
  resultAddress(): number;
  resultBytes(): number;
  release(): void;
}

const PROBLEM = 1;
const NO_SUCH_OPERATION = 2;
/** u64 first record, u64 offset, u32 rows or target, u32 flags. */
const PIECE_BYTES = 24;
/** consumed, records, status and resume, problem bytes, errors, rows: u32 each. */
const RECORDS_BYTES = 24;
const FLAG_END = 1;
const FLAG_CONTINUED = 2;
/** In the word of the status: below it a bit, above where within a block the next call begins. */
const STATUS_PROBLEM = 1;
const RESUME_MASK = 0xffffff00;
/** end, records, flags: u32 each. */
const CUT_BYTES = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** One instance of the module and its door. Not for use from two threads: each makes its own. */
export function createCopybookKernel(module: WebAssembly.Module): CopybookKernel {
  const exports = new WebAssembly.Instance(module).exports as unknown as CopybookExports;

  const place = (bytes: Uint8Array): number => {
    // The call may grow the memory, which makes a new buffer: it is read only now.
    const at = exports.place(bytes.length) >>> 0;
    new Uint8Array(exports.memory.buffer).set(bytes, at);
    return at;
  };

  const call = (operation: string, payload: Uint8Array): { readonly bytes: Uint8Array } | Refused => {
    const name = encoder.encode(operation);
    try {
      const nameAt = place(name);
      const payloadAt = place(payload);
      const status = exports.run(nameAt, name.length, payloadAt, payload.length);
      if (status === NO_SUCH_OPERATION) throw new Error(`copybook has no operation ${operation}`);
      const at = exports.resultAddress() >>> 0;
      const bytes = new Uint8Array(exports.memory.buffer).slice(at, at + exports.resultBytes());
      return status === PROBLEM ? { problem: readJson<Problem>(bytes) } : { bytes };
    } finally {
      exports.release();
    }
  };

  const records = (
    operation: 'decode' | 'encode',
    specification: Specification,
    input: Uint8Array,
    piece: Piece | undefined,
  ): Records | Refused => {
    const answer = call(operation, payloadOf(specification, pieceHeader(piece?.rows ?? 0, piece), input));
    return 'problem' in answer ? answer : readRecords(answer.bytes);
  };

  return {
    call,
    layout(specification) {
      const answer = call('layout', payloadOf(specification));
      return 'problem' in answer ? answer : { layout: readJson<CopybookLayout>(answer.bytes) };
    },
    decode: (specification, input, piece) => records('decode', specification, input, piece),
    encode: (specification, lines, piece) => records('encode', specification, lines, piece),
    cut(specification, input, targetBytes, piece) {
      const answer = call('cut', payloadOf(specification, pieceHeader(targetBytes, piece), input));
      return 'problem' in answer ? answer : { cuts: readCuts(answer.bytes) };
    },
    detect(specification, input, piece) {
      const answer = call('detect', payloadOf(specification, pieceHeader(0, piece), input));
      return 'problem' in answer ? answer : { detection: readJson<Detection>(answer.bytes) };
    },
  };
}

/** A payload: the specification behind its length, then the parts. */
export function payloadOf(specification: Specification, ...parts: readonly Uint8Array[]): Uint8Array {
  const text = encoder.encode(JSON.stringify(specification));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.length, true);
  return Buffer.concat([length, text, ...parts]);
}

/** What stands between the specification and the input; `count` is the rows of `decode`, the target of `cut`. */
export function pieceHeader(count: number, piece: Piece = {}): Uint8Array {
  const bytes = new Uint8Array(PIECE_BYTES);
  const view = new DataView(bytes.buffer);
  const { isEnd = true, isContinued = false } = piece;
  view.setBigUint64(0, piece.firstRecord ?? 0n, true);
  view.setBigUint64(8, piece.offset ?? 0n, true);
  view.setUint32(16, count, true);
  const place = piece.flags ?? (isEnd ? FLAG_END : 0) | (piece.resume ?? 0);
  view.setUint32(20, (place | (isContinued ? FLAG_CONTINUED : 0)) >>> 0, true);
  return bytes;
}

/** The answer of `decode` and `encode`; the output is a view of `bytes`. */
export function readRecords(bytes: Uint8Array): Records {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (index: number): number => view.getUint32(index * 4, true);
  const outputAt = RECORDS_BYTES + word(3);
  return {
    consumed: word(0),
    records: word(1),
    errors: word(4),
    rows: word(5),
    output: bytes.subarray(outputAt),
    resume: (word(2) & RESUME_MASK) >>> 0,
    stop:
      (word(2) & STATUS_PROBLEM) === 0
        ? undefined
        : readJson<Problem>(bytes.subarray(RECORDS_BYTES, outputAt)),
  };
}

function readCuts(bytes: Uint8Array): Cut[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: view.getUint32(0, true) }, (_, i) => ({
    end: view.getUint32(4 + i * CUT_BYTES, true),
    records: view.getUint32(8 + i * CUT_BYTES, true),
    flags: view.getUint32(12 + i * CUT_BYTES, true),
  }));
}

function readJson<T>(bytes: Uint8Array): T {
  return JSON.parse(decoder.decode(bytes)) as T;
}
