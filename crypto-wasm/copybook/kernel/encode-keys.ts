/** The keys of a group's members as they stand in JSON, ready to be compared; by hash where there are many. */

import { EncodeNode } from './encode-node';
import { quoted } from './problem';

export function makeKey(node: EncodeNode): void {
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

export function hashKeys(members: StaticArray<EncodeNode>): StaticArray<i32> {
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
