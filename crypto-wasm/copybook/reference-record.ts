/**
 * One record of the reference → the members of its JSON object, with the policies for nulls, fillers, views that do not
 * fit and bytes that are not valid.
 */

import type { CopybookOptions, InvalidPolicy } from './face.ts';
import { decodeText, referencePage } from './reference-code-page.ts';
import {
  isNamed,
  optionFor,
  type Placed,
  placeRecord,
  RecordProblem,
  type ReferenceNode,
} from './reference-tree.ts';
import { isNumber, kindOf, readValue } from './reference-values.ts';

export interface FieldError {
  readonly field: string;
  /** From the record's beginning. */
  readonly offset: number;
  readonly hex: string;
}

export interface ReferenceRecord {
  /** Key and value, both JSON. */
  readonly members: readonly string[];
  readonly errors: readonly FieldError[];
  /** Bytes that the layout takes of it. */
  readonly bytes: number;
}

/** `segment` is the text of the segment field. Throws RecordProblem — a field that has to be valid is not. */
export function readRecord(
  roots: readonly ReferenceNode[],
  record: Uint8Array,
  options: CopybookOptions,
  segment: string | undefined,
): ReferenceRecord {
  const errors: FieldError[] = [];
  const { records, bytes } = placeRecord(roots, record, options);

  const invalid = ({ node, at }: Placed, part: Uint8Array, policy: InvalidPolicy): string => {
    if (policy === 'error') throw new RecordProblem('not valid', node.item.path, at);
    const hex = Buffer.from(part).toString('hex');
    errors.push({ field: node.item.path, offset: at, hex });
    return policy === 'raw' ? `{"raw":"${hex}"}` : 'null';
  };

  const leaf = (placed: Placed, policy: InvalidPolicy, isChosen: boolean): string => {
    const { item } = placed.node;
    const part = partOf(placed, item.length ?? 0, record);
    if (part.length === 0) return (item.length ?? 0) === 0 ? '""' : 'null';
    const reading = readValue(item, part, options);
    if (reading.kind === 'value') return reading.json;
    if (reading.kind === 'null' || (item.overlaid === true && !isChosen)) return 'null';
    return invalid(placed, part, policy);
  };

  const one = (placed: Placed, above: InvalidPolicy, isChosen: boolean): string => {
    const { item } = placed.node;
    const policy = optionFor(item, options.invalidFields) ?? above;
    if (kindOf(item) !== 'group') return leaf(placed, policy, isChosen);
    if (placed.at >= placed.limit && (item.length ?? 0) > 0) return 'null';
    if (isNamed(item, options.groupsAsText ?? [])) {
      const text: ReferenceNode = { ...placed.node, item: { ...item, kind: 'text', length: placed.bytes } };
      return leaf({ ...placed, node: text }, policy, isChosen);
    }
    return `{${members(placed.children, policy, isChosen).join(',')}}`;
  };

  const value = (placed: Placed, above: InvalidPolicy, isChosen: boolean): string => {
    const wanted = optionFor(placed.node.item, options.redefineSegments);
    if (wanted !== undefined && !wanted.includes(segment ?? '')) return 'null';
    const isView = isChosen || wanted !== undefined;
    if (placed.elements === undefined) return one(placed, above, isView);
    const isLenient = placed.node.item.overlaid === true && !isView;
    if (placed.trouble === 'bad count' && !isLenient) {
      const policy = optionFor(placed.node.item, options.invalidFields) ?? above;
      invalid(placed, new Uint8Array(), policy);
    }
    const isBeyond =
      placed.elements.length > 0 && placed.at >= placed.limit && (placed.node.item.length ?? 0) > 0;
    if (placed.trouble !== undefined || isBeyond) return 'null';
    return `[${placed.elements.map((element) => one(element, above, isView)).join(',')}]`;
  };

  const members = (places: readonly Placed[], policy: InvalidPolicy, isChosen: boolean): string[] =>
    places.flatMap((placed) => {
      if (placed.node.item.shown !== true) return [];
      const json = value(placed, policy, isChosen);
      return json === 'null' && options.omitNulls === true
        ? []
        : [`${JSON.stringify(placed.node.item.key)}:${json}`];
    });

  const policy = options.invalid ?? 'error';
  const shown = options.keepRoot
    ? members(records, policy, false)
    : records.flatMap((placed) =>
        kindOf(placed.node.item) === 'group' && placed.elements === undefined
          ? members(placed.children, optionFor(placed.node.item, options.invalidFields) ?? policy, false)
          : members([placed], policy, false),
      );
  return { members: shown, errors, bytes };
}

/** Bytes of an item that are in the record. */
function partOf({ at, limit }: Placed, length: number, record: Uint8Array): Uint8Array {
  return record.subarray(Math.min(at, limit), Math.min(at + length, limit));
}

/** The text of one item of a record, as segment fields and length fields are read; undefined beyond its end. */
export function fieldText(
  roots: readonly ReferenceNode[],
  record: Uint8Array,
  options: CopybookOptions,
  name: string,
): string | undefined {
  const find = (places: readonly Placed[]): Placed | undefined => {
    for (const placed of places) {
      if (isNamed(placed.node.item, [name])) return placed;
      const found = find(placed.elements ?? placed.children);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const found = find(placeRecord(roots, record, options).records);
  if (found === undefined) return undefined;
  const { item } = found.node;
  const part = partOf(found, item.length ?? 0, record);
  if (part.length < (item.length ?? 0)) return undefined;
  const page = referencePage(item.codePage ?? options.codePage ?? 'cp037');
  if (isNumber(item)) {
    const reading = readValue(item, part, { ...options, numbers: 'auto' });
    return reading.kind === 'value' ? reading.text : undefined;
  }
  // Such texts are compared without the spaces and low-values around them.
  let [from, end] = [0, part.length];
  const isBlank = (byte: number | undefined): boolean => byte === 0 || byte === page.space;
  while (end > from && isBlank(part[end - 1])) end--;
  while (from < end && isBlank(part[from])) from++;
  return decodeText(part.subarray(from, end), page);
}
