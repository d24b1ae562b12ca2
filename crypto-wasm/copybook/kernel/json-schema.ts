/**
 * JSON Schema 2020-12 of one decoded record: what `decode` can write for this copybook with these options, in the order
 * in which it writes it.
 *
 * Bounds are there where they are exact. A number with decimal places has no `multipleOf`: validators compute it with
 * binary fractions and refuse right values. `null` is allowed where data can make it: blank numbers, invalid bytes
 * under that policy, views that do not fit, records that end early.
 */

import { Copybook, Item, Kind } from './item';
import { invalidPolicyOf, isAmong } from './item-options';
import { JsonWriter } from './json-writer';
import { Blank, Entry, Invalid, Options, RecordFormat } from './options';
import { writeNumberSchema } from './json-schema-number';

const RAW: string =
  '{"type":"object","properties":{"raw":{"type":"string","pattern":"^[0-9a-fA-F]*$"}},"required":["raw"],' +
  '"additionalProperties":false}';
const ERRORS: string =
  '{"type":"array","minItems":1,"items":{"type":"object","properties":{"field":{"type":"string"},' +
  '"offset":{"type":"integer","minimum":0},"hex":{"type":"string"},"reason":{"type":"string"}},"required":["field"]}}';

/** Writes the schema as the next value. */
export function writeSchema(json: JsonWriter, copybook: Copybook, options: Options): void {
  new SchemaWriter(json, copybook, options).writeRecord();
}

class SchemaWriter {
  /** Records can end before their last item. */
  private readonly canBeShort: bool;
  /** Groups become arrays elsewhere, so that which members are there depends on the record. */
  private readonly isNested: bool;

  constructor(
    readonly json: JsonWriter,
    readonly copybook: Copybook,
    readonly options: Options,
  ) {
    const format = options.recordFormat;
    const isFixed = format == RecordFormat.F || format == RecordFormat.FB;
    this.canBeShort = !isFixed || options.recordLengthBytes > 0 || options.recordLengthField.length > 0;
    this.isNested = options.segmentChildren.length > 0;
  }

  writeRecord(): void {
    const json = this.json;
    const records = this.copybook.records;
    json.open('{');
    json.member('$schema').text('https://json-schema.org/draft/2020-12/schema');
    json.member('type').text('object');
    json.member('properties').open('{');
    const names = new Set<string>();
    const required: string[] = [];
    if (this.options.recordIds) {
      this.fixed('Record_Id', '{"type":"integer","minimum":0}', required);
      this.fixed('Record_Byte_Length', '{"type":"integer","minimum":0}', required);
    }
    for (let i = 0; i < this.options.segmentIdLevels.length; i++) {
      json.member('Seg_Id' + i.toString()).raw('{"type":["string","null"]}');
    }
    for (let i = 0; i < records.length; i++) {
      const record = records[i];
      if (!record.isShown) continue;
      if (this.options.keepRoot || this.isLeaf(record)) this.property(record, names, required);
      else this.properties(record, names, required);
    }
    if (this.options.errorColumn) json.member('_errors').raw(ERRORS);
    json.close('}');
    this.end(required);
  }

  private fixed(name: string, schema: string, required: string[]): void {
    this.json.member(name).raw(schema);
    required.push(name);
  }

  private properties(group: Item, names: Set<string>, required: string[]): void {
    const children = group.children;
    for (let i = 0; i < children.length && !this.json.isFull; i++) {
      const child = children[i];
      if (child.isShown && !this.isChildSegment(child)) this.property(child, names, required);
    }
    if (!this.isNested) return;
    const families = this.options.segmentChildren;
    for (let i = 0; i < families.length; i++) {
      if (!isAmong(group, [families[i].key])) continue;
      for (let k = 0; k < families[i].values.length; k++) this.childSegment(families[i].values[k], names);
    }
  }

  /** Several records can have members of the same name; the schema of the first stands, loosened by the views' nulls. */
  private property(item: Item, names: Set<string>, required: string[]): void {
    if (names.has(item.key)) return;
    names.add(item.key);
    required.push(item.key);
    this.json.member(item.key);
    if (item.hasOccurs) this.table(item);
    else this.occurrence(item);
  }

  private childSegment(name: string, names: Set<string>): void {
    const items = this.copybook.items;
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (!item.isShown || names.has(item.key) || !isAmong(item, [name])) continue;
      names.add(item.key);
      this.json.member(item.key).open('{');
      this.json.member('type').text('array');
      this.json.member('items');
      this.group(item, false);
      this.json.close('}');
      return;
    }
  }

  private isChildSegment(item: Item): bool {
    const families: Entry[] = this.options.segmentChildren;
    for (let i = 0; i < families.length; i++) {
      if (item.kind == Kind.GROUP && isAmong(item, families[i].values)) return true;
    }
    return false;
  }

  private table(item: Item): void {
    const json = this.json;
    const isCounted = item.dependsOn !== null;
    json.open('{');
    json.type('array', this.isMissing(item));
    json.member('items');
    this.occurrence(item);
    json.member('minItems').integer(this.canBeShort ? 0 : isCounted ? item.occursMin : item.occursMax);
    json.member('maxItems').integer(item.occursMax);
    json.close('}');
  }

  private occurrence(item: Item): void {
    if (this.isLeaf(item)) this.leaf(item);
    else this.group(item, this.isMissing(item));
  }

  private group(item: Item, isNullable: bool): void {
    const json = this.json;
    json.open('{');
    json.type('object', isNullable);
    json.member('properties').open('{');
    const required: string[] = [];
    this.properties(item, new Set<string>(), required);
    json.close('}');
    this.end(required);
  }

  /** What is common to the ends of all objects. */
  private end(required: string[]): void {
    const json = this.json;
    if (!this.options.omitNulls && !this.isNested && required.length > 0) {
      json.member('required').open('[');
      for (let i = 0; i < required.length; i++) json.element().text(required[i]);
      json.close(']');
    }
    json.member('additionalProperties').truth(false);
    json.close('}');
  }

  private leaf(item: Item): void {
    const json = this.json;
    const policy = invalidPolicyOf(item, this.options);
    const isNullable = this.isMissing(item) || policy == Invalid.NULL || this.canBeBlank(item);
    if (policy != Invalid.RAW) {
      this.value(item, isNullable);
      return;
    }
    json.open('{');
    json.member('anyOf').open('[');
    json.element();
    this.value(item, isNullable);
    json.element().raw(RAW);
    json.close(']');
    json.close('}');
  }

  private value(item: Item, isNullable: bool): void {
    const json = this.json;
    json.open('{');
    switch (item.kind) {
      case Kind.ZONED:
      case Kind.PACKED:
      case Kind.PACKED_UNSIGNED:
      case Kind.BINARY:
      case Kind.FLOAT:
      case Kind.EDITED:
        writeNumberSchema(json, item, this.options, isNullable);
        break;
      case Kind.BYTES:
        json.type('string', isNullable);
        json.member('pattern').text('^([0-9a-fA-F]{2})*$');
        json.member('maxLength').integer(<i64>item.lengthBytes * 2);
        break;
      default:
        json.type('string', isNullable);
        json.member('maxLength').integer(
          item.kind == Kind.NATIONAL || item.kind == Kind.GRAPHIC ? item.lengthBytes / 2 : item.lengthBytes,
        );
        break;
    }
    json.close('}');
  }

  private isLeaf(item: Item): bool {
    return item.kind != Kind.GROUP || isAmong(item, this.options.groupsAsText);
  }

  /** Null for where it stands: another view's bytes, another segment's record, behind the record's end. */
  private isMissing(item: Item): bool {
    return item.isOverlaid || this.canBeShort;
  }

  private canBeBlank(item: Item): bool {
    if (this.options.blankNumbers != Blank.NULL) return false;
    const kind = item.kind;
    return kind == Kind.ZONED || kind == Kind.PACKED || kind == Kind.PACKED_UNSIGNED || kind == Kind.EDITED;
  }
}
