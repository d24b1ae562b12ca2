/** AssemblyScript: an entry to the kernel that makes items from numbers and runs flat output on records. */

export const FLAT_SOURCE = `
import { codePageOf } from './code-page';
import { compileDecodePlan } from './decode-plan';
import { compileEncodePlan } from './encode-plan';
import { compileFlatPlan } from './flat-plan';
import { flatColumns, FlatColumn } from './flat-columns';
import { compileFraming } from './framing';
import { Copybook, Item, Kind } from './item';
import { Layout } from './layout';
import { Entry, Options, Output } from './options';
import { clearProblem, hasProblem, problemJson } from './problem';
import { beginRecord, errorsCount, writeMembers } from './write-members';
import { flatFixedBytes, flatMaxBytes, invalidFieldsCount, rowsWritten, writeColumns, writeCsv } from './write-columns';
let copybook: Copybook = new Copybook();
let options: Options = new Options();
let layout: Layout | null = null;
let columns: FlatColumn[] = [];
let isCsv = false;
let records = new StaticArray<u32>(0), lengths = new StaticArray<u32>(0), segments = new StaticArray<i32>(0);
let numbers = new StaticArray<i64>(0), offsets = new StaticArray<i64>(0);
export function room(lengthBytes: i32): usize { return heap.alloc(lengthBytes); }
export function begin(): void { copybook = new Copybook(); options = new Options(); clearProblem(); }
export function item(facts: usize, name: usize, nameBytes: i32): void {
  const made = new Item();
  made.name = String.UTF8.decodeUnsafe(name, nameBytes);
  made.key = made.name;
  made.kind = load<i32>(facts);
  made.offsetBytes = load<i32>(facts, 8);
  made.lengthBytes = load<i32>(facts, 12);
  made.digits = load<i32>(facts, 16);
  made.scale = load<i32>(facts, 20);
  const flags = load<i32>(facts, 24);
  made.isSigned = (flags & 1) != 0;
  made.signLeading = (flags & 2) != 0;
  made.signSeparate = (flags & 4) != 0;
  made.isLittleEndian = (flags & 8) != 0;
  made.isNativeBinary = (flags & 16) != 0;
  made.isVariable = (flags & 32) != 0;
  made.isShown = (flags & 64) == 0;
  made.occursMax = load<i32>(facts, 28);
  made.hasOccurs = made.occursMax > 0;
  if (!made.hasOccurs) made.occursMax = 1;
  made.index = copybook.items.length;
  const parent = load<i32>(facts, 4), dependsOn = load<i32>(facts, 32), redefines = load<i32>(facts, 36);
  if (dependsOn >= 0) { made.dependsOn = copybook.items[dependsOn]; made.occursMin = 0; }
  if (redefines >= 0) made.redefines = copybook.items[redefines];
  copybook.items.push(made);
  if (parent < 0) copybook.records.push(made);
  else {
    made.parent = copybook.items[parent];
    copybook.items[parent].children.push(made);
  }
}
export function option(which: i32, value: i32): void {
  if (which == 0) options.trim = value;
  else if (which == 1) options.strictSigns = value != 0;
  else if (which == 2) options.blankNumbers = value;
  else if (which == 3) options.truncateBinary = value != 0;
  else if (which == 4) options.invalid = value;
  else if (which == 5) options.floatIsIeee = value != 0;
  else if (which == 6) options.floatIsLittleEndian = value != 0;
  else if (which == 7) options.nationalIsLittleEndian = value != 0;
  else if (which == 8) options.odoIsVariable = value != 0;
}
export function text(which: i32, key: usize, keyBytes: i32, value: usize, valueBytes: i32): void {
  const name = String.UTF8.decodeUnsafe(key, keyBytes), values = String.UTF8.decodeUnsafe(value, valueBytes);
  if (which == 0) options.codePage = name;
  else if (which == 1) options.groupsAsText.push(name);
  else if (which == 2) options.redefineSegments.push(new Entry(name, values.split(',')));
  else if (which == 3) options.invalidFields.push(new Entry(name, [values]));
  else options.segmentField = name;
}
export function compile(csv: bool, recordBytes: i32): i32 {
  isCsv = csv;
  options.output = csv ? Output.CSV : Output.COLUMNS;
  copybook.recordBytes = recordBytes;
  for (let i = 0; i < copybook.items.length; i++) if (copybook.items[i].isVariable) copybook.isVariable = true;
  columns = flatColumns(copybook, options);
  if (hasProblem()) return 0;
  layout = new Layout(
    copybook, options, compileFraming(copybook, options), compileDecodePlan(copybook, options),
    compileEncodePlan(copybook, options), compileFlatPlan(copybook, options),
  );
  return hasProblem() ? 0 : 1;
}
export function columnsCount(): i32 { return columns.length; }
export function columnFact(index: i32, which: i32): i32 {
  const column = columns[index];
  return which == 0 ? column.type : which == 1 ? column.precision : column.scale;
}
export function columnName(index: i32): usize { return changetype<usize>(String.UTF8.encode(columns[index].name, true)); }
export function maxBytes(): i32 { return flatMaxBytes(layout!); }
export function fixedBytes(): i32 { return flatFixedBytes(layout!); }
export function batch(count: i32): void {
  records = new StaticArray<u32>(count);
  lengths = new StaticArray<u32>(count);
  segments = new StaticArray<i32>(count);
  numbers = new StaticArray<i64>(count);
  offsets = new StaticArray<i64>(count);
}
export function record(index: i32, address: u32, lengthBytes: u32, segment: i32, offset: i32): void {
  records[index] = address;
  lengths[index] = lengthBytes;
  segments[index] = segment;
  numbers[index] = 100 + index;
  offsets[index] = 1000000 + <i64>offset;
}
export function write(isContinued: bool, out: usize): usize {
  clearProblem();
  if (isCsv) return writeCsv(layout!, records, lengths, segments, numbers, offsets, records.length, isContinued, out);
  return writeColumns(layout!, records, lengths, segments, numbers, offsets, records.length, out);
}
export function members(index: i32, out: usize): usize {
  clearProblem();
  beginRecord(100 + index, 0);
  return writeMembers(layout!.decodePlan, records[index], lengths[index], segments[index], out);
}
export function membersMaxBytes(): i32 { return layout!.decodePlan.membersMaxBytes; }
export function errors(): i64 { return errorsCount; }
export function rows(): i32 { return rowsWritten; }
export function invalids(): i64 { return invalidFieldsCount; }
export function problemText(): usize {
  return hasProblem() ? changetype<usize>(String.UTF8.encode(problemJson(), true)) : 0;
}
`;
