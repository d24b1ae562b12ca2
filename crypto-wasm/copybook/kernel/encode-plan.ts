/**
 * What encoding knows of a copybook: the tree of members that its JSON has, each with its key ready to be compared, the
 * numbers that its encoder needs, and the blank record that every record begins as.
 *
 * Made once, kept, and never grown afterwards. Its nodes also hold what encoding has to remember from member to member
 * (marks of what was seen, positions in tables): a plan serves one record at a time. Hidden items have no key here, but
 * lie in the blank record. Tables lie at their maximum; `encode-tables.ts` moves what lies behind shorter ones.
 */

import { CodePage } from './code-page';
import { EditedPlan, parseEdited } from './edited';
import { EditedTextPlan, parseEditedText } from './edited-text';
import { Copybook, Item, Kind } from './item';
import { entryFor, isAmong, isNamed, pageOf } from './item-options';
import { Options, RecordFormat } from './options';
import { hasProblem, quoted } from './problem';

/** Longest record that is encoded: one answer has 14 MiB, and two of them are built beside it. */
export const RECORD_MAX_BYTES: i32 = 8 * 1024 * 1024;
/** Occurrences of tables within tables whose lengths are remembered, all tables of a record together: 4 MiB. */
const COUNTS_MAX_COUNT: i64 = 1024 * 1024;
/** Digits whose places the fast path has: one vector, less the character behind the number. */
export const FAST_DIGITS_MAX: i32 = 15;
/** Bytes kept aside while views are tried: 16 MiB, of a cell's 128. */
const SCRATCH_MAX_BYTES: i64 = 16 * 1024 * 1024;
/** Keys of a group are found by comparing up to so many, by hash beyond. */
const COMPARED_KEYS_MAX: i32 = 8;

/** ASCII characters 0…127 in a code page: bytes, and whether there is one. */
export class AsciiTable {
  readonly bytes: usize = heap.alloc(256);
  /** Every printable character has a byte, none of them zero. */
  isComplete: bool = true;

  constructor(readonly page: CodePage) {
    for (let character = 0; character < 128; character++) {
      const byte = page.fromUnicode(character);
      store<u8>(this.bytes + character, byte < 0 ? 0 : byte);
      store<u8>(this.bytes + 128 + character, byte < 0 ? 0 : 1);
      if (byte <= 0 && character >= 0x20 && character < 0x7f) this.isComplete = false;
    }
  }
}

/** Views of one place: an item and those that redefine it. */
export class Area {
  /** Every view's, the longest. */
  lengthBytes: i32 = 0;
  /** The longest of the views whose length never changes. */
  fixedBytes: i32 = 0;
  isVariable: bool = false;
  // Of the occurrence at hand.
  mark: u32 = 0;
  best: EncodeNode | null = null;
  bestRank: i32 = 0;
  /** Where the chosen view of each occurrence is remembered when views differ in length; -1: nowhere. */
  slot: i32 = -1;
}

/** Encoders that are tried before anything else is asked about a member. */
export namespace Direct {
  export const NONE: i32 = 0;
  export const NUMBER: i32 = 1;
  export const TEXT: i32 = 2;
}

export class EncodeNode {
  kind: i32 = Kind.GROUP;
  children: StaticArray<EncodeNode> = new StaticArray<EncodeNode>(0);
  /** The children that have keys, in the order of the copybook. */
  members: StaticArray<EncodeNode> = new StaticArray<EncodeNode>(0);
  /** Members that a complete object has; those of one area count as one. */
  membersNeeded: i32 = 0;
  parent: EncodeNode | null = null;
  /** Its members are those of several records. */
  isFlat: bool = false;
  /** Among those members: of which record, and how far behind the first one's buffer that one's lies. */
  owner: i32 = 0;
  shiftBytes: i32 = 0;
  /** Position among the parent's members, -1 without a key. */
  ordinal: i32 = -1;

  /** `"KEY":` and zeros to 32 bytes at least, then a mask of the first 32. */
  key: usize = 0;
  keyMask: usize = 0;
  /** Of the whole literal. */
  keyBytes: i32 = 0;
  /** Hash table of `members`: ordinal + 1 or 0; a power of two. Null for few members. */
  hashed: StaticArray<i32> | null = null;

  /** From the beginning of the parent's occurrence. */
  offsetBytes: i32 = 0;
  lengthBytes: i32 = 0;
  occursMin: i32 = 1;
  occursMax: i32 = 1;
  isTable: bool = false;
  isVariable: bool = false;
  area: Area | null = null;
  /** Position among the area's views. */
  viewIndex: i32 = 0;
  /** `redefineSegments` names it: when it is there, it is what the record has. */
  isSegment: bool = false;

  // Tables that count, and counters.
  counter: EncodeNode | null = null;
  isCounter: bool = false;
  /** Texts of a counter that is not a number, and what they count. */
  countTexts: StaticArray<string> | null = null;
  counts: StaticArray<i32> | null = null;
  /** First of its lengths (table) or values (counter), one for each occurrence of the tables around it. */
  slot: i32 = -1;
  /** The nearest table around it, itself included when it is one. */
  table: EncodeNode | null = null;
  /** Of a table: which occurrence is at hand. */
  occurrence: i32 = 0;

  // Numbers.
  digits: i32 = 0;
  scale: i32 = 0;
  wholeDigits: i32 = 0;
  isSigned: bool = false;
  /** PACKED: the sign of what is not below zero; one more for what is. */
  positiveSign: i32 = 15;
  signLeading: bool = false;
  signSeparate: bool = false;
  isLittleEndian: bool = false;
  blankWhenZero: bool = false;
  /** 16 bytes: for each place of the vector, which character of the number goes there, less the count of whole digits. */
  places: usize = 0;
  /** Binaries: largest magnitudes. */
  positiveMax: u64 = 0;
  negativeMax: u64 = 0;
  isRanged: bool = false;
  /** EBCDIC or ASCII digits, and the signs in them. */
  zone: u8 = 0xf0;
  /** Over the digits `0…9`, negative `p…y`: in ASCII only. */
  hasPlainSigns: bool = false;
  edited: EditedPlan | null = null;
  editedText: EditedTextPlan | null = null;
  /** `lengthBytes` for a text that is to be edited. */
  scratch: usize = 0;

  // Texts.
  ascii: AsciiTable | null = null;
  table128: usize = 0;
  isJustified: bool = false;
  /** A text that the fast way takes: not justified, all printable ASCII in its code page. */
  isPlain: bool = false;
  /** One of Direct; not for tables, counters and views. */
  direct: i32 = Direct.NONE;
  space: u8 = 0x40;

  /** Stamp of the last object that had this member. */
  mark: u32 = 0;

  constructor(readonly item: Item) {}
}

export class EncodePlan {
  /** The record's members: of the record, or of an object around it. */
  root: EncodeNode | null = null;
  recordMaxBytes: i32 = 0;
  /** Several records whose members are in one object; empty otherwise. Then, of each: */
  records: StaticArray<EncodeNode> = new StaticArray<EncodeNode>(0);
  /** members that were there, how many below them were not, and members that were there and not null. */
  flatSeen: StaticArray<i32> = new StaticArray<i32>(0);
  flatMissing: StaticArray<i32> = new StaticArray<i32>(0);
  flatGiven: StaticArray<i32> = new StaticArray<i32>(0);
  /** Their blanks, one behind the other. */
  flatBlank: usize = 0;
  flatStride: i32 = 0;
  flatBytes: i32 = 0;
  /** A record before its members are written. */
  blank: usize = 0;
  isVariable: bool = false;
  /** Lengths of tables and values of counters, for the record at hand. */
  slots: StaticArray<i32> = new StaticArray<i32>(0);
  /** Why records of this copybook cannot be encoded; empty when they can. */
  refusal: string = '';
  floatIsIeee: bool = false;
  floatIsLittleEndian: bool = false;
  nationalIsLittleEndian: bool = false;
  odoIsVariable: bool = true;
  /** Of several records, one that is shorter than another may lie in the file as it is: something says how long it is. */
  recordsDiffer: bool = true;
  /** Views that are tried keep bytes aside: so many at the most. */
  scratchBytes: i32 = 0;
  /** The item that says how long a record is, for records of the format D. */
  lengthNode: EncodeNode | null = null;
  /** Members that decoding adds and encoding ignores. */
  ignoresIds: bool = false;
  ignoresErrors: bool = false;
  ignoresSegmentIds: bool = false;
}

class Building {
  tables: AsciiTable[] = [];
  nodes: EncodeNode[] = [];
  slotsCount: i64 = 0;
  constructor(
    readonly copybook: Copybook,
    readonly options: Options,
    readonly plan: EncodePlan,
  ) {}
}

export function compileEncodePlan(copybook: Copybook, options: Options): EncodePlan {
  const plan = new EncodePlan();
  plan.recordMaxBytes = copybook.recordBytes;
  plan.isVariable = copybook.isVariable && options.odoIsVariable;
  plan.floatIsIeee = options.floatIsIeee;
  plan.floatIsLittleEndian = options.floatIsLittleEndian;
  plan.nationalIsLittleEndian = options.nationalIsLittleEndian;
  plan.odoIsVariable = options.odoIsVariable;
  plan.recordsDiffer = options.recordFormat != RecordFormat.F && options.recordFormat != RecordFormat.FB;
  plan.ignoresIds = options.recordIds;
  plan.ignoresErrors = options.errorColumn;
  plan.ignoresSegmentIds = options.segmentIdLevels.length > 0;
  if (copybook.recordBytes > RECORD_MAX_BYTES) {
    plan.refusal = 'records of more than ' + RECORD_MAX_BYTES.toString() + ' bytes are not encoded';
    return plan;
  }
  setNationalEndian(options.nationalIsLittleEndian);
  const building = new Building(copybook, options, plan);
  building.nodes = new Array<EncodeNode>(copybook.items.length);

  // One object around the records: with `keepRoot`, or where there are several, they are its members.
  const around = new EncodeNode(new Item());
  around.lengthBytes = copybook.recordBytes;
  const records = new StaticArray<EncodeNode>(copybook.records.length);
  for (let i = 0; i < records.length; i++) records[i] = makeNode(building, copybook.records[i], around, 0);
  if (hasProblem()) return plan;
  finishGroup(building, around, records);
  linkCounters(building);
  const scratchBytes = <i64>areaDepth(around) * copybook.recordBytes;
  if (scratchBytes > SCRATCH_MAX_BYTES) plan.refusal = 'redefinitions within redefinitions of so large records are not encoded';
  plan.scratchBytes = <i32>scratchBytes;
  if (options.segmentChildren.length > 0) {
    plan.refusal = 'nested records cannot be encoded: what their parents have in common is not in them; leave segmentChildren out';
  }
  if (plan.refusal.length > 0) return plan;
  for (let i = 0; i < copybook.items.length && options.recordLengthField.length > 0; i++) {
    if (isNamed(copybook.items[i], options.recordLengthField)) plan.lengthNode = building.nodes[i];
  }
  setDirect(building.nodes);
  // A level 01 has no OCCURS, but 77 and 05 may be the lowest level of a copybook, and a lone item is no object.
  const isBare = !options.keepRoot && records.length == 1 && records[0].kind == Kind.GROUP && !records[0].isTable;
  plan.root = isBare ? records[0] : around;
  if (!options.keepRoot && records.length > 1) flatten(plan, records);
  plan.slots = new StaticArray<i32>(<i32>building.slotsCount);
  plan.blank = heap.alloc(copybook.recordBytes + 32);
  memory.fill(plan.blank, 0, copybook.recordBytes + 32);
  blankGroup(around, plan.blank);
  return plan;
}

function makeNode(building: Building, item: Item, parent: EncodeNode, base: i32): EncodeNode {
  const options = building.options;
  const node = new EncodeNode(item);
  building.nodes[item.index] = node;
  node.parent = parent;
  node.offsetBytes = item.offsetBytes - base;
  node.lengthBytes = item.lengthBytes;
  node.occursMin = item.occursMin;
  node.occursMax = item.occursMax;
  node.isTable = item.hasOccurs;
  node.isVariable = item.isVariable;
  node.table = item.hasOccurs ? node : parent.table;
  for (let i = 0; i < options.redefineSegments.length; i++) {
    if (isNamed(item, options.redefineSegments[i].key)) node.isSegment = true;
  }
  node.kind = item.kind;
  if (item.kind == Kind.GROUP) {
    if (isAmong(item, options.groupsAsText)) node.kind = Kind.TEXT;
    const children = new StaticArray<EncodeNode>(item.children.length);
    for (let i = 0; i < children.length; i++) children[i] = makeNode(building, item.children[i], node, item.offsetBytes);
    if (hasProblem()) return node;
    finishGroup(building, node, children);
    if (node.kind == Kind.GROUP) return node;
  }
  finishLeaf(building, node);
  return node;
}

/** Members of several records in one object: each record has a buffer of its own until one is chosen. */
function flatten(plan: EncodePlan, records: StaticArray<EncodeNode>): void {
  const stride = plan.recordMaxBytes + 64;
  const total = <i64>stride * records.length;
  if (total > SCRATCH_MAX_BYTES) {
    plan.refusal = 'so many and so large records in one are not encoded without keepRoot';
    return;
  }
  let count = 0;
  for (let i = 0; i < records.length; i++) {
    if (records[i].kind != Kind.GROUP || records[i].isTable) {
      plan.refusal = records[i].item.name + ' stands beside other records and is no group: encode with keepRoot';
      return;
    }
    count += records[i].members.length;
  }
  const root = new EncodeNode(new Item());
  const members = new StaticArray<EncodeNode>(count);
  plan.flatBlank = heap.alloc(<usize>total);
  memory.fill(plan.flatBlank, 0, <usize>total);
  let ordinal = 0;
  for (let i = 0; i < records.length; i++) {
    blankGroup(records[i], plan.flatBlank + i * stride);
    for (let k = 0; k < records[i].members.length; k++) {
      const member = records[i].members[k];
      member.shiftBytes = i * stride;
      member.owner = i;
      member.ordinal = ordinal;
      members[ordinal++] = member;
    }
  }
  root.members = members;
  root.isFlat = true;
  if (count > COMPARED_KEYS_MAX) root.hashed = hashKeys(members);
  plan.root = root;
  plan.records = records;
  plan.flatStride = stride;
  plan.flatBytes = <i32>total;
  plan.flatSeen = new StaticArray<i32>(records.length);
  plan.flatMissing = new StaticArray<i32>(records.length);
  plan.flatGiven = new StaticArray<i32>(records.length);
}

/** Members, areas and the way to find a key. */
function finishGroup(building: Building, group: EncodeNode, children: StaticArray<EncodeNode>): void {
  group.children = children;
  let count = 0;
  for (let i = 0; i < children.length; i++) if (children[i].item.isShown) count++;
  const members = new StaticArray<EncodeNode>(count);
  let needed = 0;
  let ordinal = 0;
  for (let i = 0; i < children.length; i++) {
    const child = children[i];
    const target = child.item.redefines;
    if (target !== null) joinArea(children, i, target);
    else if (i > 0 && group.parent === null) joinArea(children, i, children[0].item); // several records
    if (!child.item.isShown) continue;
    child.ordinal = ordinal;
    makeKey(child);
    members[ordinal++] = child;
  }
  for (let i = 0; i < members.length; i++) {
    const area = members[i].area;
    let isFirst = true;
    for (let k = i - 1; k >= 0 && area !== null && isFirst; k--) if (members[k].area === area) isFirst = false;
    if (isFirst) needed++;
  }
  group.members = members;
  group.membersNeeded = needed;
  if (members.length > COMPARED_KEYS_MAX) group.hashed = hashKeys(members);
  for (let i = 0; i < children.length; i++) {
    const area = children[i].area;
    if (area !== null && area.isVariable && area.slot < 0) area.slot = takeSlots(building, children[i]);
  }
}

function joinArea(children: StaticArray<EncodeNode>, index: i32, target: Item): void {
  let base = index - 1;
  while (base > 0 && children[base].item !== target) base--;
  const first = children[base];
  let area = first.area;
  if (area === null) {
    area = new Area();
    first.area = area;
    area.lengthBytes = first.lengthBytes * first.occursMax;
    area.isVariable = first.isVariable;
    if (!first.isVariable) area.fixedBytes = area.lengthBytes;
  }
  const view = children[index];
  view.area = area;
  view.viewIndex = index;
  const span = view.lengthBytes * view.occursMax;
  area.lengthBytes = max(area.lengthBytes, span);
  if (view.isVariable) area.isVariable = true;
  else area.fixedBytes = max(area.fixedBytes, span);
}

function makeKey(node: EncodeNode): void {
  const literal = String.UTF8.encode(quoted(node.item.key) + ':');
  const bytes = literal.byteLength;
  const room = max(bytes, 32);
  node.key = heap.alloc(room + 32);
  memory.fill(node.key, 0, room + 32);
  memory.copy(node.key, changetype<usize>(literal), bytes);
  node.keyMask = node.key + room;
  memory.fill(node.keyMask, 0xff, min(bytes, 32));
  node.keyBytes = bytes;
}

/** FNV-1a, of what stands between the quotes. */
export function hashKey(at: usize, bytes: i32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < bytes; i++) hash = (hash ^ load<u8>(at + i)) * 0x01000193;
  return hash;
}

function hashKeys(members: StaticArray<EncodeNode>): StaticArray<i32> {
  let size = 16;
  while (size < members.length * 2) size <<= 1;
  const table = new StaticArray<i32>(size);
  for (let i = 0; i < members.length; i++) {
    let place = hashKey(members[i].key + 1, members[i].keyBytes - 3) & (size - 1);
    while (table[place] != 0) place = (place + 1) & (size - 1);
    table[place] = i + 1;
  }
  return table;
}

function finishLeaf(building: Building, node: EncodeNode): void {
  const item = node.item;
  const page = pageOf(item, building.options);
  if (hasProblem()) return;
  const ascii = asciiTableOf(building, page);
  node.ascii = ascii;
  node.table128 = ascii.bytes;
  node.space = page.space;
  node.zone = page.isAscii ? 0x30 : 0xf0;
  node.hasPlainSigns = page.isAscii && building.options.asciiSignsArePlain;
  node.isJustified = item.isJustified && node.kind == Kind.TEXT;
  node.isPlain = node.kind == Kind.TEXT && !node.isJustified && ascii.isComplete;
  node.digits = item.digits;
  node.scale = item.scale;
  node.isSigned = item.isSigned;
  node.positiveSign = item.isSigned ? 12 : 15;
  node.signLeading = item.signLeading;
  node.signSeparate = item.isSigned && item.signSeparate;
  node.isLittleEndian = item.isLittleEndian;
  node.blankWhenZero = item.blankWhenZero;
  if (node.kind == Kind.EDITED) {
    const edited = parseEdited(item.picture, item.blankWhenZero);
    if (edited === null || edited.lengthBytes != item.lengthBytes) {
      // The parser takes the same pictures; should it ever differ, the field is not written rather than written wrongly.
      building.plan.refusal = item.path() + ' has a picture that cannot be edited: ' + item.picture;
      return;
    }
    node.edited = edited;
    node.digits = edited.digits;
    node.scale = edited.scale;
    node.isSigned = edited.isSigned;
  }
  if (node.kind == Kind.EDITED_TEXT) {
    const edited = parseEditedText(item.picture);
    if (edited !== null && edited.lengthBytes == item.lengthBytes) {
      node.editedText = edited;
      node.scratch = heap.alloc(item.lengthBytes);
    }
  }
  if (node.kind == Kind.ZONED) {
    // As many as there are bytes for: the digits of the picture, whatever it says of a sign.
    node.digits = item.lengthBytes - (node.signSeparate ? 1 : 0);
  }
  node.wholeDigits = max(node.digits - node.scale, 0);
  if (node.kind == Kind.BINARY) setRange(node, building.options);
  setPlaces(node);
}

function asciiTableOf(building: Building, page: CodePage): AsciiTable {
  for (let i = 0; i < building.tables.length; i++) if (building.tables[i].page === page) return building.tables[i];
  const table = new AsciiTable(page);
  building.tables.push(table);
  return table;
}

/** Largest magnitudes of a binary: of its bytes, or of its picture's digits where the options say so. */
function setRange(node: EncodeNode, options: Options): void {
  const bits = node.lengthBytes * 8;
  if (bits > 64) return;
  node.isRanged = true;
  if (node.isSigned) {
    node.negativeMax = <u64>1 << (bits - 1);
    node.positiveMax = node.negativeMax - 1;
  } else {
    node.positiveMax = bits == 64 ? u64.MAX_VALUE : (<u64>1 << bits) - 1;
  }
  if (!options.truncateBinary || node.item.isNativeBinary || node.digits > 19) return;
  let digitsMax: u64 = 1;
  for (let i = 0; i < node.digits; i++) digitsMax *= 10;
  node.positiveMax = min(node.positiveMax, digitsMax - 1);
  node.negativeMax = min(node.negativeMax, digitsMax - 1);
}

/** Where the characters of a number go in a vector; zero where the fast path cannot hold it. */
function setPlaces(node: EncodeNode): void {
  const digits = node.digits;
  if (digits < 1 || digits > FAST_DIGITS_MAX || node.scale < 0 || node.scale > digits) return;
  let last = digits - 1; // place of the last digit
  if (node.kind == Kind.PACKED) last = 14;
  else if (node.kind == Kind.PACKED_UNSIGNED) last = 15;
  else if (node.kind == Kind.BINARY) {
    if (node.lengthBytes > 8) return;
    last = 15;
  } else if (node.kind != Kind.ZONED && node.kind != Kind.EDITED) return;
  const units = last - node.scale; // place of the last whole digit; -1 where there is none
  node.places = heap.alloc(16);
  for (let place = 0; place < 16; place++) {
    const from = place > last ? -128 : place - units - 1 + (place > units ? 1 : 0);
    store<i8>(node.places + place, <i8>from);
  }
}

function setDirect(nodes: EncodeNode[]): void {
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i];
    if (node.isTable || node.isCounter || node.area !== null) continue;
    if (node.places != 0) node.direct = Direct.NUMBER;
    else if (node.isPlain) node.direct = Direct.TEXT;
  }
}

/** How deep views lie in views. */
function areaDepth(group: EncodeNode): i32 {
  let deepest = 0;
  for (let i = 0; i < group.children.length; i++) {
    const child = group.children[i];
    deepest = max(deepest, areaDepth(child) + (child.area === null ? 0 : 1));
  }
  return deepest;
}

/** Slots for one value in each occurrence of the tables around `node` (not of itself). */
function takeSlots(building: Building, node: EncodeNode): i32 {
  let count: i64 = 1;
  let table: EncodeNode | null = node.parent!.table;
  while (table !== null) {
    count *= max(table.occursMax, 1);
    if (count > COUNTS_MAX_COUNT) break;
    table = table.parent!.table;
  }
  const first = building.slotsCount;
  building.slotsCount += count;
  if (building.slotsCount > COUNTS_MAX_COUNT) {
    building.slotsCount = 0;
    building.plan.refusal = 'there are more tables of counted length in a record than can be encoded';
  }
  return <i32>first;
}

function linkCounters(building: Building): void {
  const items = building.copybook.items;
  for (let i = 0; i < items.length; i++) {
    const dependsOn = items[i].dependsOn;
    if (dependsOn === null) continue;
    const node = building.nodes[i];
    const counter = building.nodes[dependsOn.index];
    if (isWithinText(node) || isWithinText(counter)) {
      building.plan.refusal = 'a group that is a text can have neither ' + items[i].name + ' nor its counter: leave it out of groupsAsText';
      return;
    }
    node.counter = counter;
    node.slot = takeSlots(building, node);
    if (!counter.isCounter) {
      counter.isCounter = true;
      counter.slot = takeSlots(building, counter);
    }
    const mapping = entryFor(items[i], building.options.occursMappings);
    if (mapping === null) continue;
    const texts = new StaticArray<string>(mapping.values.length);
    const counts = new StaticArray<i32>(mapping.values.length);
    for (let k = 0; k < texts.length; k++) {
      const value = mapping.values[k];
      const at = value.lastIndexOf('=');
      texts[k] = at < 0 ? value : value.substring(0, at);
      counts[k] = at < 0 ? 0 : <i32>parseInt(value.substring(at + 1));
    }
    node.countTexts = texts;
    node.counts = counts;
  }
}

/** Whether a group above it is given as one text. */
function isWithinText(node: EncodeNode): bool {
  let group = node.parent;
  while (group !== null) {
    if (group.kind != Kind.GROUP) return true;
    group = group.parent;
  }
  return false;
}

/** The slot of a node for the occurrences that are at hand. */
export function slotOf(first: i32, node: EncodeNode): i32 {
  let index = 0;
  let weight = 1;
  let table: EncodeNode | null = node.parent!.table;
  while (table !== null) {
    index += table.occurrence * weight;
    weight *= table.occursMax;
    table = table.parent!.table;
  }
  return first + index;
}

/** Blanks for all occurrences of an item: spaces for texts and zoned numbers, low-values for everything else. */
export function blankNode(node: EncodeNode, at: usize): void {
  const length = node.lengthBytes;
  if (node.occursMax < 1 || length < 1) return;
  switch (node.kind) {
    case Kind.GROUP:
      memory.fill(at, 0, length);
      blankGroup(node, at);
      break;
    case Kind.TEXT:
    case Kind.ZONED:
    case Kind.EDITED:
    case Kind.EDITED_TEXT:
      memory.fill(at, node.space, length);
      break;
    case Kind.NATIONAL:
    case Kind.GRAPHIC:
      blankWide(node, at, at + length);
      break;
    default:
      memory.fill(at, 0, length);
      break;
  }
  for (let i = 1; i < node.occursMax; i++) memory.copy(at + i * length, at, length);
}

/** Children in order; of views of one place, the first. */
export function blankGroup(group: EncodeNode, at: usize): void {
  for (let i = 0; i < group.children.length; i++) {
    const child = group.children[i];
    if (child.area !== null && child.viewIndex > 0) continue;
    blankNode(child, at + child.offsetBytes);
  }
}

/** Spaces of two bytes: U+0020, or the wide space of the code page. */
export function blankWide(node: EncodeNode, from: usize, end: usize): void {
  const space = wideSpaceOf(node);
  for (let at = from; at + 1 < end; at += 2) store<u16>(at, space);
  if (((end - from) & 1) != 0) store<u8>(end - 1, node.space);
}

/** As it lies in memory. */
function wideSpaceOf(node: EncodeNode): u16 {
  if (node.kind == Kind.NATIONAL) return nationalIsLittle ? 0x0020 : 0x2000;
  const code = node.ascii!.page.doubleFromUnicode(0x3000);
  return code < 0 ? <u16>(<u32>node.space * 0x0101) : bswap<u16>(<u16>code);
}

/** Of the plan at hand; set before anything is blanked or encoded. */
let nationalIsLittle: bool = false;
export function setNationalEndian(isLittle: bool): void {
  nationalIsLittle = isLittle;
}
