/**
 * Finds the member that a key of the JSON names, where it is not the one that was expected: by comparing, or by hash in
 * groups with many. Keys may be written with escapes.
 */

import { hashKey } from './encode-keys';
import { EncodeNode, EncodePlan } from './encode-node';
import { characterEnd, malformed, readCharacter, skipColon, skipString, unfit } from './json-input';

/** A key with escapes is resolved here; longer ones are no names of a copybook. */
const KEY_MAX_BYTES: i32 = 512;
const KEY: usize = memory.data(516, 16);

/** Where the value is of the member that `findMember` read. */
export let valueAt: usize = 0;

/** The member whose key stands there; null for one that is ignored. `valueAt` is 0 when there is a problem. */
export function findMember(plan: EncodePlan, group: EncodeNode, at: usize): EncodeNode | null {
  valueAt = 0;
  if (load<u8>(at) != 0x22) {
    malformed(at, 'a key is missing');
    return null;
  }
  const end = skipString(at + 1);
  if (end == 0) return null;
  const value = skipColon(end);
  if (value == 0) return null;
  let key = at + 1;
  let bytes = <i32>(end - at - 2);
  if (hasEscape(key, bytes)) {
    bytes = resolveKey(key);
    key = KEY;
  }
  const node: EncodeNode | null = memberOf(group, key, bytes);
  if (node === null && !isIgnored(plan, group, key, bytes)) {
    unfit(at, group.parent === null ? '' : group.item.path(), 'there is no such member: ' + keyText(at, end));
    return null;
  }
  valueAt = value;
  return node;
}

function keyText(at: usize, end: usize): string {
  const bytes = min<usize>(end - at, 80);
  return String.UTF8.decodeUnsafe(at, bytes) + (bytes < end - at ? '…' : '');
}

function hasEscape(key: usize, bytes: i32): bool {
  for (let i = 0; i < bytes; i++) if (load<u8>(key + i) == 0x5c) return true;
  return false;
}

/** UTF-8 of a key that was read once already; -1 where it is longer than any name. */
function resolveKey(at: usize): i32 {
  let bytes = 0;
  while (load<u8>(at) != 0x22) {
    const character = readCharacter(at);
    if (character < 0 || bytes > KEY_MAX_BYTES - 4) return -1;
    if (character < 0x80) store<u8>(KEY + bytes++, character);
    else if (character < 0x800) {
      store<u8>(KEY + bytes++, 0xc0 | (character >> 6));
      store<u8>(KEY + bytes++, 0x80 | (character & 63));
    } else if (character < 0x10000) {
      store<u8>(KEY + bytes++, 0xe0 | (character >> 12));
      store<u8>(KEY + bytes++, 0x80 | ((character >> 6) & 63));
      store<u8>(KEY + bytes++, 0x80 | (character & 63));
    } else {
      return -1;
    }
    at = characterEnd;
  }
  return bytes;
}

function memberOf(group: EncodeNode, key: usize, bytes: i32): EncodeNode | null {
  if (bytes < 0) return null;
  const members = group.members;
  const hashed = group.hashed;
  if (hashed === null) {
    for (let i = 0; i < members.length; i++) if (isKey(members[i], key, bytes)) return members[i];
    return null;
  }
  const last = hashed.length - 1;
  for (let place = hashKey(key, bytes) & last; hashed[place] != 0; place = (place + 1) & last) {
    const node = members[hashed[place] - 1];
    if (isKey(node, key, bytes)) return node;
  }
  return null;
}

// @ts-ignore: decorator
@inline
function isKey(node: EncodeNode, key: usize, bytes: i32): bool {
  return node.keyBytes - 3 == bytes && memory.compare(node.key + 1, key, bytes) == 0;
}

/** Members that decoding adds to the record by options. */
function isIgnored(plan: EncodePlan, group: EncodeNode, key: usize, bytes: i32): bool {
  if (group !== plan.root || bytes < 0) return false;
  const text = String.UTF8.decodeUnsafe(key, bytes);
  if (plan.ignoresErrors && text == '_errors') return true;
  if (plan.ignoresIds && (text == 'Record_Id' || text == 'Record_Byte_Length')) return true;
  return plan.ignoresSegmentIds && text.startsWith('Seg_Id');
}
