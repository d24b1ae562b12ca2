/** Tables of counted length and their counters: each has a slot for every occurrence of the tables around it. */

import { Building, EncodeNode } from './encode-node';
import { Kind } from './item';
import { entryFor } from './item-options';

/** Occurrences of tables within tables whose lengths are remembered, all tables of a record together: 4 MiB. */
const COUNTS_MAX_COUNT: i64 = 1024 * 1024;

/** Slots for one value in each occurrence of the tables around `node` (not of itself). */
export function takeSlots(building: Building, node: EncodeNode): i32 {
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

export function linkCounters(building: Building): void {
  const items = building.copybook.items;
  for (let i = 0; i < items.length; i++) {
    const dependsOn = items[i].dependsOn;
    if (dependsOn === null) continue;
    const node = building.nodes[i];
    const counter = building.nodes[dependsOn.index];
    if (isWithinText(node) || isWithinText(counter)) {
      const what = 'a group that is a text can have neither ' + items[i].name + ' nor its counter';
      building.plan.refusal = what + ': leave it out of groupsAsText';
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
