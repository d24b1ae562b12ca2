/**
 * Decode plans alone: copybooks are put together item by item, without a parser, and records decoded one by one.
 *
 * `slow` writes the same leaf by the slow way only (`value-text.ts`, `character-text.ts`), for comparison with kernels.
 */

import { compileProbes } from './probe.ts';

export const Kind = {
  group: 0,
  text: 1,
  zoned: 2,
  packed: 3,
  packedUnsigned: 4,
  binary: 5,
  float: 6,
  edited: 7,
  editedText: 8,
  national: 9,
  graphic: 10,
  bytes: 11,
} as const;

const SOURCE = `
import { Copybook, Item, Kind } from './item';
import { Entry, Options } from './options';
import { compileDecodePlan, DecodePlan } from './decode-plan';
import { pageOf } from './item-options';
import { beginRecord, errorsCount, NO_SEGMENT, usedBytes, writeGroupMembers, writeMembers } from './write-members';
import { reason, reasonText, writeNumberText } from './value-text';
import { writeText } from './character-text';
import { clearProblem, hasProblem, problemJson } from './problem';
import { makeTables, TABLES_BYTES, transcodeText } from './transcode';

let copybook = new Copybook();
let options = new Options();
let plan: DecodePlan | null = null;
let parent: Item | null = null;
let last: Item | null = null;
const textAt = memory.data(4096);
export function textAddress(): usize { return textAt; }
function textOf(bytes: i32): string { return String.UTF8.decodeUnsafe(textAt, bytes); }
function put(text: string): i32 {
  return <i32>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, textAt);
}
export function room(bytes: i32): usize { return heap.alloc(bytes); }

export function begin(): void {
  clearProblem();
  copybook = new Copybook();
  options = new Options();
  parent = null;
}
/** The text names the item; a picture follows behind a space. */
export function item(textBytes: i32, level: i32, kind: i32, offset: i32, length: i32, digits: i32, scale: i32): void {
  const words = textOf(textBytes).split(' ');
  const made = new Item();
  made.level = level; made.kind = kind; made.offsetBytes = offset; made.lengthBytes = length;
  made.digits = digits; made.scale = scale;
  made.name = words[0]; made.key = words[0];
  if (words.length > 1) made.picture = words[1];
  made.index = copybook.items.length;
  let above: Item | null = last;
  if (copybook.items.length == 0) above = null;
  while (above !== null && above.level >= level) above = above.parent;
  made.parent = above;
  if (above === null) {
    copybook.records.push(made);
    copybook.recordBytes = max(copybook.recordBytes, length);
  } else {
    above.children.push(made);
    made.isOverlaid = above.isOverlaid;
  }
  copybook.items.push(made);
  last = made;
}
export function sign(isSigned: bool, leading: bool, separate: bool): void {
  last!.isSigned = isSigned; last!.signLeading = leading; last!.signSeparate = separate;
}
export function mark(isLittle: bool, isNative: bool, blankWhenZero: bool, isHidden: bool): void {
  last!.isLittleEndian = isLittle; last!.isNativeBinary = isNative; last!.blankWhenZero = blankWhenZero;
  last!.isShown = !isHidden;
}
/** dependsOn: index of an item, or -1. */
export function occurs(low: i32, high: i32, dependsOn: i32): void {
  last!.hasOccurs = true; last!.occursMin = low; last!.occursMax = high;
  if (dependsOn < 0) return;
  last!.dependsOn = copybook.items[dependsOn];
  let at: Item | null = last;
  while (at !== null) { at.isVariable = true; at = at.parent; }
  copybook.isVariable = true;
}
export function redefines(index: i32): void {
  last!.redefines = copybook.items[index];
  copybook.items[index].isOverlaid = true;
  last!.isOverlaid = true;
}
export function set(textBytes: i32): void {
  const text = textOf(textBytes);
  const colon = text.indexOf(':');
  const name = text.substring(0, colon);
  const value = text.substring(colon + 1);
  const on = value == 'true';
  if (name == 'codePage') options.codePage = value;
  else if (name == 'trim') options.trim = I32.parseInt(value);
  else if (name == 'invalid') options.invalid = I32.parseInt(value);
  else if (name == 'blankNumbers') options.blankNumbers = I32.parseInt(value);
  else if (name == 'numbersAsText') options.numbersAsText = on;
  else if (name == 'floatIsIeee') options.floatIsIeee = on;
  else if (name == 'floatIsLittleEndian') options.floatIsLittleEndian = on;
  else if (name == 'strictSigns') options.strictSigns = on;
  else if (name == 'truncateBinary') options.truncateBinary = on;
  else if (name == 'errorColumn') options.errorColumn = on;
  else if (name == 'keepRoot') options.keepRoot = on;
  else if (name == 'omitNulls') options.omitNulls = on;
  else if (name == 'odoIsVariable') options.odoIsVariable = on;
  else if (name == 'nationalIsLittleEndian') options.nationalIsLittleEndian = on;
  else if (name == 'groupsAsText') options.groupsAsText.push(value);
  else {
    const parts = value.split(',');
    const entry = new Entry(parts[0], parts.slice(1));
    if (name == 'invalidFields') options.invalidFields.push(entry);
    else if (name == 'occursMappings') options.occursMappings.push(entry);
    else if (name == 'fieldCodePages') options.fieldCodePages.push(entry);
    else if (name == 'redefineSegments') options.redefineSegments.push(entry);
    else if (name == 'segmentChildren') options.segmentChildren.push(entry);
    else unreachable();
  }
}
export function compile(): i32 {
  plan = compileDecodePlan(copybook, options);
  return hasProblem() ? -1 : plan!.membersMaxBytes;
}
/** Gives the end; 0 with a problem in the text. */
export function decode(at: usize, bytes: i32, segment: i32, out: usize): usize {
  clearProblem();
  beginRecord(7, 1000);
  const end = writeMembers(plan!, at, bytes, segment, out);
  return hasProblem() ? 0 : end;
}
export function decodeGroup(index: i32, at: usize, bytes: i32, out: usize): usize {
  clearProblem();
  beginRecord(7, 1000);
  const end = writeGroupMembers(plan!, copybook.items[index], at, bytes, out);
  return hasProblem() ? 0 : end;
}
/** Records behind one another, a line each. */
export function decodeAll(at: usize, bytes: i32, count: i32, out: usize): usize {
  let to = out;
  for (let i = 0; i < count; i++) {
    beginRecord(i, i * bytes);
    store<u8>(to, 0x7b);
    to = writeMembers(plan!, at, bytes, -1, to + 1);
    store<u16>(to, 0x0a7d);
    to += 2;
    at += bytes;
  }
  return to;
}
export function problemBytes(): i32 { return put(problemJson()); }
export function used(): i32 { return usedBytes; }
export function errors(): i64 { return errorsCount; }
export function noSegment(): i32 { return NO_SEGMENT; }
/** One leaf's text without quotes, by the slow way; 0 not valid. */
export function slow(index: i32, at: usize, bytes: i32, out: usize): usize {
  const leaf = copybook.items[index];
  const isNumber = leaf.kind >= Kind.ZONED && leaf.kind <= Kind.EDITED;
  if (isNumber) return writeNumberText(leaf, options, at, out);
  return writeText(leaf, options, at, bytes, true, out);
}
export function whyBytes(): i32 { return put(reasonText(reason)); }
const tables = memory.data(112, 16);
export function transcode(at: usize, bytes: i32, out: usize): usize {
  const page = pageOf(copybook.items[0], options);
  makeTables(page, false, tables);
  return transcodeText(page, tables, at, bytes, out);
}
`;

export interface Field {
  readonly name: string;
  readonly level?: number;
  readonly kind: number;
  readonly offset?: number;
  readonly length: number;
  readonly digits?: number;
  readonly scale?: number;
  readonly signed?: boolean;
  readonly leading?: boolean;
  readonly separate?: boolean;
  readonly little?: boolean;
  readonly native?: boolean;
  readonly blankWhenZero?: boolean;
  readonly hidden?: boolean;
  readonly picture?: string;
  /** Smallest and largest count, index of the counter. */
  readonly occurs?: readonly [number, number, number?];
  readonly redefines?: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  textAddress(): number;
  room(bytes: number): number;
  begin(): void;
  item(
    textBytes: number,
    level: number,
    kind: number,
    offset: number,
    length: number,
    digits: number,
    scale: number,
  ): void;
  sign(isSigned: boolean, leading: boolean, separate: boolean): void;
  mark(isLittle: boolean, isNative: boolean, blankWhenZero: boolean, isHidden: boolean): void;
  occurs(low: number, high: number, dependsOn: number): void;
  redefines(index: number): void;
  set(textBytes: number): void;
  compile(): number;
  decode(at: number, bytes: number, segment: number, out: number): number;
  decodeGroup(index: number, at: number, bytes: number, out: number): number;
  decodeAll(at: number, bytes: number, count: number, out: number): number;
  problemBytes(): number;
  used(): number;
  errors(): bigint;
  noSegment(): number;
  slow(index: number, at: number, bytes: number, out: number): number;
  whyBytes(): number;
  transcode(at: number, bytes: number, out: number): number;
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly record: number;
  readonly offset: number;
  readonly field: string;
}


export const compileDecodeProbes = (): ReturnType<typeof compileProbes> => compileProbes(SOURCE);

/** One instance, for any number of copybooks one after another. Memory only grows: for the life of a test. */
export function createDecodeProbe(module: WebAssembly.Module) {
  const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
  const ROOM_BYTES = 1 << 21;
  const input = exports.room(ROOM_BYTES);
  const output = exports.room(ROOM_BYTES * 4);
  const put = (text: string): number => {
    const bytes = Buffer.from(text);
    new Uint8Array(exports.memory.buffer).set(bytes, exports.textAddress());
    return bytes.length;
  };
  const textAt = (at: number, bytes: number): string =>
    Buffer.from(exports.memory.buffer, at, bytes).toString();
  const place = (bytes: Uint8Array, alignment: number): number => {
    const at = input + alignment;
    const memory = new Uint8Array(exports.memory.buffer);
    // What lies behind must not matter: digits that would look valid.
    memory.fill(0xf1, at, at + bytes.length + 64);
    memory.set(bytes, at);
    return at;
  };
  const answer = (end: number): string | Problem =>
    end === 0
      ? (JSON.parse(textAt(exports.textAddress(), exports.problemBytes())) as Problem)
      : textAt(output, end - output);

  return {
    exports,
    input,
    output,
    /** Gives `membersMaxBytes`, or the problem. */
    use(fields: readonly Field[], options: readonly string[] = []): number | Problem {
      exports.begin();
      for (const option of options) exports.set(put(option));
      let offset = 0;
      for (const field of fields) {
        const { level = 5, kind, length, digits = 0, scale = 0 } = field;
        const name = field.picture === undefined ? field.name : `${field.name} ${field.picture}`;
        exports.item(put(name), level, kind, field.offset ?? offset, length, digits, scale);
        exports.sign(field.signed ?? false, field.leading ?? false, field.separate ?? false);
        exports.mark(
          field.little ?? false,
          field.native ?? false,
          field.blankWhenZero ?? false,
          field.hidden ?? false,
        );
        if (field.occurs !== undefined)
          exports.occurs(field.occurs[0], field.occurs[1], field.occurs[2] ?? -1);
        if (field.redefines !== undefined) exports.redefines(field.redefines);
        if (kind !== Kind.group) offset = (field.offset ?? offset) + length * (field.occurs?.[1] ?? 1);
      }
      const bytes = exports.compile();
      return bytes === -1
        ? (JSON.parse(textAt(exports.textAddress(), exports.problemBytes())) as Problem)
        : bytes;
    },
    decode: (record: Uint8Array, segment = -1, alignment = 0): string | Problem =>
      answer(exports.decode(place(record, alignment), record.length, segment, output)),
    decodeGroup: (index: number, record: Uint8Array): string | Problem =>
      answer(exports.decodeGroup(index, place(record, 0), record.length, output)),
    /** Text by the slow way; undefined when the bytes are not valid, `''` also for a number that is null. */
    slow(index: number, bytes: Uint8Array, alignment = 0): string | undefined {
      const end = exports.slow(index, place(bytes, alignment), bytes.length, output);
      return end === 0 ? undefined : textAt(output, end - output);
    },
    why: (): string => textAt(exports.textAddress(), exports.whyBytes()),
    transcode(bytes: Uint8Array, alignment = 0): string {
      const end = exports.transcode(place(bytes, alignment), bytes.length, output);
      return textAt(output, end - output);
    },
  };
}
