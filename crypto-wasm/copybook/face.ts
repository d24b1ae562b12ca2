/**
 * The shapes of the copybook codec as programs see them: specification and options going in, layouts, records and
 * problems coming out. Types only. `README.md` says what each option means; the kernel validates them, so nothing here
 * checks anything.
 */

export interface LengthPrefix {
  readonly endian?: 'big' | 'little';
  readonly includesItself?: boolean;
  /** Added to what the word says. */
  readonly adjustment?: number;
}

export type RecordFormat = 'F' | 'FB' | 'V' | 'VB' | 'VBS' | 'D' | 'text' | 'prefix';
export type InvalidPolicy = 'error' | 'null' | 'raw';

export interface CopybookOptions {
  readonly sourceFormat?: 'auto' | 'fixed' | 'free';
  readonly syncDoubleword?: 4 | 8;
  readonly smallBinary?: 1 | 2;
  readonly nativeEndian?: 'big' | 'little';
  readonly nationalIsDbcs?: boolean;
  readonly codePage?: string;
  readonly fieldCodePages?: Readonly<Record<string, string>>;
  readonly nationalEndian?: 'big' | 'little';
  readonly trim?: 'right' | 'left' | 'both' | 'none';
  readonly numbers?: 'auto' | 'text';
  readonly float?: 'ibm' | 'ieee';
  readonly floatEndian?: 'big' | 'little';
  readonly asciiSigns?: 'ebcdic' | 'ascii';
  readonly strictSigns?: boolean;
  readonly blankNumbers?: 'null' | 'zero' | 'invalid';
  readonly truncateBinary?: boolean;
  readonly invalid?: InvalidPolicy;
  readonly invalidFields?: Readonly<Record<string, InvalidPolicy>>;
  readonly errorColumn?: boolean;
  readonly keepRoot?: boolean;
  readonly names?: 'keep' | 'underscore';
  readonly groupFillers?: boolean;
  readonly valueFillers?: boolean;
  readonly fillerNames?: 'sequence' | 'previous';
  readonly omitNulls?: boolean;
  readonly groupsAsText?: readonly string[];
  readonly fields?: readonly string[];
  readonly recordFormat?: RecordFormat;
  readonly recordLength?: number;
  readonly blockLength?: number;
  readonly rdw?: LengthPrefix;
  readonly bdw?: LengthPrefix;
  readonly recordLengthField?: string;
  readonly recordLengthMap?: Readonly<Record<string, number>>;
  readonly recordStart?: number;
  readonly recordEnd?: number;
  readonly recordMin?: number;
  readonly recordMax?: number;
  readonly odo?: 'variable' | 'maximum';
  readonly occursMappings?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly segmentField?: string;
  readonly segmentFilter?: readonly string[];
  readonly redefineSegments?: Readonly<Record<string, readonly string[]>>;
  readonly segmentChildren?: Readonly<Record<string, readonly string[]>>;
  readonly segmentIdLevels?: readonly (readonly string[])[];
  readonly segmentIdPrefix?: string;
  readonly recordIds?: boolean;
  readonly output?: 'jsonl' | 'json' | 'csv' | 'columns';
}

export interface Specification {
  readonly copybook: string;
  /** Texts for COPY, by name. */
  readonly copies?: Readonly<Record<string, string>>;
  readonly options?: CopybookOptions;
}

export type ProblemCode = 'SYNTAX' | 'OPTIONS' | 'LIMIT' | 'DATA' | 'FRAMING' | 'VALUE' | 'PAYLOAD';

export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  /** In the copybook, from 1. */
  readonly line?: number;
  readonly column?: number;
  /** In the data: the record's number from 0, bytes from the beginning of the whole input, the item's path. */
  readonly record?: number;
  readonly offset?: number;
  readonly field?: string;
}

export interface LayoutOccurs {
  readonly min: number;
  readonly max: number;
  /** Position in `items`; -1 or absent without DEPENDING ON. */
  readonly dependsOn?: number;
}

/** One entry of the copybook. What says nothing (false, 0 where that is the default, no OCCURS) is left out. */
export interface LayoutItem {
  readonly path: string;
  readonly name: string;
  readonly key: string;
  readonly level: number;
  readonly kind: string;
  readonly picture?: string;
  readonly usage?: string;
  /** Bytes from the record's beginning, every table at its maximum. */
  readonly offset?: number;
  /** Bytes of one occurrence. */
  readonly length?: number;
  readonly digits?: number;
  readonly scale?: number;
  readonly signed?: boolean;
  readonly signLeading?: boolean;
  readonly signSeparate?: boolean;
  readonly justified?: boolean;
  readonly blankWhenZero?: boolean;
  readonly littleEndian?: boolean;
  readonly nativeBinary?: boolean;
  readonly codePage?: string;
  readonly slack?: number;
  readonly line?: number;
  /** Position in `items`; -1 or absent at the top. */
  readonly parent?: number;
  readonly occurs?: LayoutOccurs;
  readonly redefines?: number;
  readonly overlaid?: boolean;
  readonly variable?: boolean;
  readonly shown?: boolean;
  readonly filler?: boolean;
  readonly value?: string;
  readonly conditions?: readonly { readonly name: string; readonly values: readonly string[] }[];
}

export interface LayoutColumn {
  readonly name: string;
  readonly type: 'int32' | 'int64' | 'decimal' | 'float64' | 'utf8' | 'binary';
  readonly precision?: number;
  readonly scale?: number;
}

export interface CopybookLayout {
  readonly recordBytes: number;
  readonly recordMinBytes: number;
  readonly isVariable: boolean;
  /** Every record has so many bytes in the input; 0 when it has to be cut. */
  readonly fixedRecordBytes: number;
  readonly items: readonly LayoutItem[];
  readonly renames: readonly {
    readonly name: string;
    readonly from: number;
    readonly thru: number;
    readonly offset: number;
    readonly length: number;
  }[];
  readonly columns: readonly LayoutColumn[];
  readonly schema: unknown;
}

/** Where a piece lies in its file, and how much of it to do. */
export interface Piece {
  /** Number of the piece's first record in the whole file. */
  readonly firstRecord?: bigint;
  /** Position of its first byte there. */
  readonly offset?: bigint;
  /** The most records to decode; 0 without a bound. */
  readonly rows?: number;
  /** The input ends here: what is left over is a truncated record. Default true. */
  readonly isEnd?: boolean;
  /** The output began already: no CSV header, a comma first in `json`. Default false. */
  readonly isContinued?: boolean;
  /** What `cut` or a `resume` gave for it. */
  readonly flags?: number;
}

/** What `decode` and `encode` made; the bytes are the caller's. */
export interface Records {
  /** Where the first record begins that is not in the output, in bytes of this input. */
  readonly consumed: number;
  /** Records read, skipped ones among them. */
  readonly records: number;
  /** Records written. */
  readonly rows: number;
  /** Fields that were not valid. */
  readonly errors: number;
  readonly output: Uint8Array;
  /** Flags of the call that goes on at `consumed`; 0 outside of blocks. */
  readonly resume: number;
  /** What is wrong with the record at `consumed`; what was written before it is valid. */
  readonly stop: Problem | undefined;
}

/** The end of a piece in bytes of the input, and the records in it. */
export interface Cut {
  readonly end: number;
  readonly records: number;
  /** Of the call that decodes the piece. */
  readonly flags: number;
}

export interface Detection {
  readonly recordFormat: RecordFormat;
  readonly confidence: number;
  readonly why: readonly string[];
  readonly alternatives: readonly unknown[];
  readonly [option: string]: unknown;
}

export interface Refused {
  readonly problem: Problem;
}

export interface CopybookKernel {
  /** One operation on a payload as the README lays it out. Throws an Error — there is no such operation. */
  call(operation: string, payload: Uint8Array): { readonly bytes: Uint8Array } | Refused;
  layout(specification: Specification): { readonly layout: CopybookLayout } | Refused;
  decode(specification: Specification, input: Uint8Array, piece?: Piece): Records | Refused;
  /** `lines` are JSONL in UTF-8. */
  encode(specification: Specification, lines: Uint8Array, piece?: Piece): Records | Refused;
  /** Ends of pieces of about `targetBytes` that can be decoded apart from one another. */
  cut(
    specification: Specification,
    input: Uint8Array,
    targetBytes: number,
    piece?: Piece,
  ):
    | { readonly cuts: readonly Cut[] /** Of the call behind the last piece. */; readonly flags: number }
    | Refused;
  /** `input` is the beginning of a file. */
  detect(
    specification: Specification,
    input: Uint8Array,
    piece?: Piece,
  ): { readonly detection: Detection } | Refused;
}
