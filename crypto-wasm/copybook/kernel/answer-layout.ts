/** The answer of `layout`, as `README.md` beside this folder describes it: items, renames, columns, schema. */

import { answer } from './answer';
import { flatColumns } from './flat-columns';
import { Item, Kind } from './item';
import { Layout } from './layout';
import { JsonWriter } from './json-writer';
import { writeSchema } from './json-schema';
import { fail, hasProblem, LIMIT } from './problem';

/** What the cell takes as an answer, less room for what is around it. */
const ANSWER_MAX_BYTES: i32 = 14 * 1024 * 1024;

const KIND_NAMES: string[] = [
  'group', 'text', 'zoned', 'packed', 'packedUnsigned', 'binary', 'float', 'edited', 'editedText', 'national', 'graphic',
  'bytes',
];

/** In the order of `ColumnType`. */
const COLUMN_TYPES: string[] = ['int32', 'int64', 'decimal', 'float64', 'utf8', 'binary'];

export function answerLayout(layout: Layout): void {
  const copybook = layout.copybook;
  const json = new JsonWriter(ANSWER_MAX_BYTES);
  json.open('{');
  json.member('recordBytes').integer(copybook.recordBytes);
  json.member('recordMinBytes').integer(copybook.recordMinBytes);
  json.member('isVariable').truth(copybook.isVariable);
  json.member('fixedRecordBytes').integer(layout.framing.fixedRecordBytes);
  json.member('items').open('[');
  for (let i = 0; i < copybook.items.length && !json.isFull; i++) writeItem(json, copybook.items[i]);
  json.close(']');
  json.member('renames').open('[');
  for (let i = 0; i < copybook.renames.length && !json.isFull; i++) writeRenames(json, copybook.renames[i]);
  json.close(']');
  json.member('columns').open('[');
  const columns = flatColumns(copybook, layout.options);
  for (let i = 0; i < columns.length && !json.isFull; i++) {
    const column = columns[i];
    json.element().open('{');
    json.member('name').text(column.name);
    json.member('type').text(COLUMN_TYPES[column.type]);
    json.optional('precision', column.precision);
    json.optional('scale', column.scale);
    json.close('}');
  }
  json.close(']');
  json.member('schema');
  writeSchema(json, copybook, layout.options);
  json.close('}');
  if (json.isFull) fail(LIMIT, 'the layout has more than ' + ANSWER_MAX_BYTES.toString() + ' bytes');
  if (!hasProblem()) answer(json.start, json.lengthBytes);
}

function writeItem(json: JsonWriter, item: Item): void {
  json.element().open('{');
  json.member('path').path(item);
  json.member('name').text(item.name);
  json.member('key').text(item.key);
  json.member('level').integer(item.level);
  json.member('kind').text(KIND_NAMES[item.kind]);
  if (item.picture.length > 0) json.member('picture').text(item.picture);
  if (item.usage.length > 0) json.member('usage').text(item.usage);
  json.member('offset').integer(item.offsetBytes);
  json.member('length').integer(item.lengthBytes);
  json.optional('digits', item.digits);
  json.optional('scale', item.scale);
  json.flag('signed', item.isSigned);
  json.flag('signLeading', item.signLeading);
  json.flag('signSeparate', item.signSeparate);
  json.flag('justified', item.isJustified);
  json.flag('blankWhenZero', item.blankWhenZero);
  json.flag('littleEndian', item.isLittleEndian);
  json.flag('nativeBinary', item.isNativeBinary);
  const page = item.codePage;
  if (page !== null && item.kind != Kind.GROUP) json.member('codePage').text(page.name);
  json.optional('slack', item.slackBytes);
  json.member('line').integer(item.line);
  const parent = item.parent;
  json.member('parent').integer(parent === null ? -1 : parent.index);
  if (item.hasOccurs) {
    json.member('occurs').open('{');
    json.member('min').integer(item.occursMin);
    json.member('max').integer(item.occursMax);
    const counter = item.dependsOn;
    if (counter !== null) json.member('dependsOn').integer(counter.index);
    json.close('}');
  }
  const redefined = item.redefines;
  if (redefined !== null) json.member('redefines').integer(redefined.index);
  json.flag('overlaid', item.isOverlaid);
  json.flag('variable', item.isVariable);
  json.flag('shown', item.isShown);
  json.flag('filler', item.isFiller);
  if (item.hasValue) json.member('value').text(item.value);
  if (item.conditions.length > 0) {
    json.member('conditions').open('[');
    for (let i = 0; i < item.conditions.length; i++) {
      const condition = item.conditions[i];
      json.element().open('{');
      json.member('name').text(condition.name);
      json.member('values').open('[');
      for (let k = 0; k < condition.values.length; k++) json.element().text(condition.values[k]);
      json.close(']');
      json.close('}');
    }
    json.close(']');
  }
  json.close('}');
}

function writeRenames(json: JsonWriter, item: Item): void {
  json.element().open('{');
  json.member('name').text(item.name);
  json.member('from').integer(item.renamesFrom!.index);
  json.member('thru').integer(item.renamesThru!.index);
  json.member('offset').integer(item.offsetBytes);
  json.member('length').integer(item.lengthBytes);
  json.close('}');
}
