/**
 * What encoding knows of a copybook: the tree of members that its JSON has, each with its key ready to be compared, the
 * numbers that its encoder needs, and the blank record that every record begins as.
 *
 * Made once, kept, and never grown afterwards. Its nodes also hold what encoding has to remember from member to member
 * (marks of what was seen, positions in tables): a plan serves one record at a time. Hidden items have no key here, but
 * lie in the blank record. Tables lie at their maximum; `encode-tables.ts` moves what lies behind shorter ones.
 */
import { blankGroup, setNationalEndian } from './encode-blank';
import { linkCounters, takeSlots } from './encode-counters';
import { hashKeys, makeKey } from './encode-keys';
import { finishLeaf, setDirect } from './encode-leaf';
import { Area, Building, EncodeNode, EncodePlan } from './encode-node';
import { Copybook, Item, Kind } from './item';
import { entryFor, isAmong, isNamed } from './item-options';
import { Options, RecordFormat } from './options';
import { hasRoom } from './compile-room';
import { hasProblem } from './problem';

export { EncodePlan };

/** Longest record that is encoded: one answer has 14 MiB, and two of them are built beside it. */
export const RECORD_MAX_BYTES: i32 = 8 * 1024 * 1024;

/** Bytes kept aside while views are tried: 16 MiB, of a cell's 128. */
const SCRATCH_MAX_BYTES: i64 = 16 * 1024 * 1024;

/** Keys of a group are found by comparing up to so many, by hash beyond. */
const COMPARED_KEYS_MAX: i32 = 8;

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
  if (scratchBytes > SCRATCH_MAX_BYTES) {
    plan.refusal = 'redefinitions within redefinitions of so large records are not encoded';
  }
  plan.scratchBytes = <i32>scratchBytes;
  if (options.segmentChildren.length > 0) {
    plan.refusal = 'nested records cannot be encoded, they lack what all records have: leave segmentChildren out';
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
  if ((item.index & 63) == 0) hasRoom();
  const node = new EncodeNode(item);
  building.nodes[item.index] = node;
  if (hasProblem()) return node;
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
    for (let i = 0; i < children.length; i++) {
      children[i] = makeNode(building, item.children[i], node, item.offsetBytes);
    }
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

/** How deep views lie in views. */
function areaDepth(group: EncodeNode): i32 {
  let deepest = 0;
  for (let i = 0; i < group.children.length; i++) {
    const child = group.children[i];
    deepest = max(deepest, areaDepth(child) + (child.area === null ? 0 : 1));
  }
  return deepest;
}
