/**
 * The options' JSON → `Options`. One line for each option; an unknown member, a wrong type and a value that an option
 * does not have are refused with the option's name. Whether the items that options name exist is seen once the
 * copybook is parsed (`check-options.ts`).
 */

import { JsonKind, JsonValue } from './read-json';
import { Entry, Options, Prefix } from './options';
import { fail, OPTIONS } from './problem';

/** 1 GiB: more than any record, block or count that a call can bring, and far from overflowing sums. */
const NUMBER_MAX: i32 = 1 << 30;

const SOURCE_FORMATS: string[] = ['auto', 'fixed', 'free'];
const ENDIANS: string[] = ['big', 'little'];
/** In the order of `Trim`. */
const TRIMS: string[] = ['none', 'left', 'right', 'both'];
const NUMBERS: string[] = ['auto', 'text'];
const FLOATS: string[] = ['ibm', 'ieee'];
const ASCII_SIGNS: string[] = ['ebcdic', 'ascii'];
/** In the order of `Blank`. */
const BLANKS: string[] = ['null', 'zero', 'invalid'];
/** In the order of `Invalid`. */
const INVALIDS: string[] = ['error', 'null', 'raw'];
const NAMES: string[] = ['keep', 'underscore'];
const FILLER_NAMES: string[] = ['sequence', 'previous'];
/** In the order of `RecordFormat`. */
const RECORD_FORMATS: string[] = ['F', 'FB', 'V', 'VB', 'VBS', 'D', 'text', 'prefix'];
const ODOS: string[] = ['variable', 'maximum'];
/** In the order of `Output`. */
const OUTPUTS: string[] = ['jsonl', 'json', 'csv', 'columns'];

/** Sets a problem for the first option that is not right. */
export function readOptions(value: JsonValue, to: Options): void {
  if (value.kind != JsonKind.OBJECT) {
    fail(OPTIONS, 'options is not an object');
    return;
  }
  for (let i = 0; i < value.keys.length; i++) readOption(value.keys[i], value.values[i], to);
}

function readOption(key: string, value: JsonValue, to: Options): void {
  if (key == 'sourceFormat') to.sourceFormat = oneOf(key, value, SOURCE_FORMATS);
  else if (key == 'syncDoubleword') to.syncDoublewordBytes = either(key, value, 4, 8);
  else if (key == 'smallBinary') to.smallBinaryBytes = either(key, value, 2, 1);
  else if (key == 'nativeEndian') to.nativeIsLittleEndian = oneOf(key, value, ENDIANS) == 1;
  else if (key == 'nationalIsDbcs') to.nationalIsDbcs = truth(key, value);
  else if (key == 'codePage') to.codePage = textOf(key, value);
  else if (key == 'fieldCodePages') to.fieldCodePages = texts(key, value);
  else if (key == 'nationalEndian') to.nationalIsLittleEndian = oneOf(key, value, ENDIANS) == 1;
  else if (key == 'trim') to.trim = oneOf(key, value, TRIMS);
  else if (key == 'numbers') to.numbersAsText = oneOf(key, value, NUMBERS) == 1;
  else if (key == 'float') to.floatIsIeee = oneOf(key, value, FLOATS) == 1;
  else if (key == 'floatEndian') to.floatIsLittleEndian = oneOf(key, value, ENDIANS) == 1;
  else if (key == 'asciiSigns') to.asciiSignsArePlain = oneOf(key, value, ASCII_SIGNS) == 1;
  else if (key == 'strictSigns') to.strictSigns = truth(key, value);
  else if (key == 'blankNumbers') to.blankNumbers = oneOf(key, value, BLANKS);
  else if (key == 'truncateBinary') to.truncateBinary = truth(key, value);
  else if (key == 'invalid') to.invalid = oneOf(key, value, INVALIDS);
  else if (key == 'invalidFields') to.invalidFields = policies(key, value);
  else if (key == 'errorColumn') to.errorColumn = truth(key, value);
  else if (key == 'keepRoot') to.keepRoot = truth(key, value);
  else if (key == 'names') to.underscoreNames = oneOf(key, value, NAMES) == 1;
  else if (key == 'groupFillers') to.groupFillers = truth(key, value);
  else if (key == 'valueFillers') to.valueFillers = truth(key, value);
  else if (key == 'fillerNames') to.fillersAfterPrevious = oneOf(key, value, FILLER_NAMES) == 1;
  else if (key == 'omitNulls') to.omitNulls = truth(key, value);
  else if (key == 'groupsAsText') to.groupsAsText = textList(key, value);
  else if (key == 'fields') to.fields = textList(key, value);
  else readRecordOption(key, value, to);
}

function readRecordOption(key: string, value: JsonValue, to: Options): void {
  if (key == 'recordFormat') to.recordFormat = oneOf(key, value, RECORD_FORMATS);
  else if (key == 'recordLength') to.recordLengthBytes = integer(key, value, 0);
  else if (key == 'blockLength') to.blockLengthBytes = integer(key, value, 0);
  else if (key == 'rdw') readPrefix(key, value, to.rdw);
  else if (key == 'bdw') readPrefix(key, value, to.bdw);
  else if (key == 'recordLengthField') to.recordLengthField = textOf(key, value);
  else if (key == 'recordLengthMap') to.recordLengthMap = counts(key, value);
  else if (key == 'recordStart') to.recordStartBytes = integer(key, value, 0);
  else if (key == 'recordEnd') to.recordEndBytes = integer(key, value, 0);
  else if (key == 'recordMin') to.recordMinBytes = integer(key, value, 0);
  else if (key == 'recordMax') to.recordMaxBytes = integer(key, value, 0);
  else if (key == 'odo') to.odoIsVariable = oneOf(key, value, ODOS) == 0;
  else if (key == 'occursMappings') to.occursMappings = mappings(key, value);
  else if (key == 'segmentField') to.segmentField = textOf(key, value);
  else if (key == 'segmentFilter') to.segmentFilter = textList(key, value);
  else if (key == 'redefineSegments') to.redefineSegments = lists(key, value);
  else if (key == 'segmentChildren') to.segmentChildren = lists(key, value);
  else if (key == 'segmentIdLevels') to.segmentIdLevels = levels(key, value);
  else if (key == 'segmentIdPrefix') to.segmentIdPrefix = textOf(key, value);
  else if (key == 'recordIds') to.recordIds = truth(key, value);
  else if (key == 'output') to.output = oneOf(key, value, OUTPUTS);
  else fail(OPTIONS, 'there is no option ' + key);
}

function readPrefix(name: string, value: JsonValue, to: Prefix): void {
  if (!isObject(name, value)) return;
  for (let i = 0; i < value.keys.length; i++) {
    const key = value.keys[i];
    const member = name + '.' + key;
    if (key == 'endian') to.isLittleEndian = oneOf(member, value.values[i], ENDIANS) == 1;
    else if (key == 'includesItself') to.includesItself = truth(member, value.values[i]);
    else if (key == 'adjustment') to.adjustment = integer(member, value.values[i], -NUMBER_MAX);
    else fail(OPTIONS, 'there is no option ' + member);
  }
}

function truth(name: string, value: JsonValue): bool {
  if (value.kind != JsonKind.BOOLEAN) fail(OPTIONS, 'option ' + name + ' is not true or false');
  return value.isTrue;
}

function textOf(name: string, value: JsonValue): string {
  if (value.kind != JsonKind.STRING) fail(OPTIONS, 'option ' + name + ' is not a text');
  return value.text;
}

function oneOf(name: string, value: JsonValue, choices: string[]): i32 {
  const at = value.kind == JsonKind.STRING ? choices.indexOf(value.text) : -1;
  if (at < 0) fail(OPTIONS, 'option ' + name + ' is one of ' + choices.join(', '));
  return at < 0 ? 0 : at;
}

function either(name: string, value: JsonValue, a: i32, b: i32): i32 {
  const number = integer(name, value, 0);
  if (number != a && number != b) fail(OPTIONS, 'option ' + name + ' is ' + a.toString() + ' or ' + b.toString());
  return number == b ? b : a;
}

function integer(name: string, value: JsonValue, least: i32): i32 {
  let number: i64 = 0;
  const text = value.text;
  const isNegative = text.length > 0 && text.charCodeAt(0) == 0x2d;
  let isInteger = value.kind == JsonKind.NUMBER;
  for (let i = isNegative ? 1 : 0; i < text.length && isInteger; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) isInteger = false;
    number = number * 10 + digit;
    if (number > NUMBER_MAX) isInteger = false;
  }
  if (isNegative) number = -number;
  if (!isInteger || number < least) {
    fail(OPTIONS, 'option ' + name + ' is an integer from ' + least.toString() + ' to ' + NUMBER_MAX.toString());
    return 0;
  }
  return <i32>number;
}

function isObject(name: string, value: JsonValue): bool {
  if (value.kind != JsonKind.OBJECT) fail(OPTIONS, 'option ' + name + ' is not an object');
  return value.kind == JsonKind.OBJECT;
}

function textList(name: string, value: JsonValue): string[] {
  const list: string[] = [];
  if (value.kind != JsonKind.ARRAY) fail(OPTIONS, 'option ' + name + ' is not an array of texts');
  for (let i = 0; i < value.values.length; i++) list.push(textOf(name + '[' + i.toString() + ']', value.values[i]));
  return list;
}

/** Name → text. */
function texts(name: string, value: JsonValue): Entry[] {
  const entries: Entry[] = [];
  if (!isObject(name, value)) return entries;
  for (let i = 0; i < value.keys.length; i++) {
    const key = value.keys[i];
    entries.push(new Entry(key, [textOf(name + '.' + key, value.values[i])]));
  }
  return entries;
}

/** Name → `error`, `null` or `raw`. */
function policies(name: string, value: JsonValue): Entry[] {
  const entries = texts(name, value);
  for (let i = 0; i < entries.length; i++) oneOf(name + '.' + entries[i].key, value.values[i], INVALIDS);
  return entries;
}

/** Text → number. */
function counts(name: string, value: JsonValue): Entry[] {
  const entries: Entry[] = [];
  if (!isObject(name, value)) return entries;
  for (let i = 0; i < value.keys.length; i++) {
    const key = value.keys[i];
    entries.push(new Entry(key, [integer(name + '.' + key, value.values[i], 0).toString()]));
  }
  return entries;
}

/** Table → `TEXT=COUNT` for each text. */
function mappings(name: string, value: JsonValue): Entry[] {
  const entries: Entry[] = [];
  if (!isObject(name, value)) return entries;
  for (let i = 0; i < value.keys.length; i++) {
    const key = value.keys[i];
    const pairs = counts(name + '.' + key, value.values[i]);
    const list: string[] = [];
    for (let k = 0; k < pairs.length; k++) list.push(pairs[k].key + '=' + pairs[k].values[0]);
    entries.push(new Entry(key, list));
  }
  return entries;
}

/** Name → texts. */
function lists(name: string, value: JsonValue): Entry[] {
  const entries: Entry[] = [];
  if (!isObject(name, value)) return entries;
  for (let i = 0; i < value.keys.length; i++) {
    const key = value.keys[i];
    entries.push(new Entry(key, textList(name + '.' + key, value.values[i])));
  }
  return entries;
}

/** Arrays of texts; the keys are their positions. */
function levels(name: string, value: JsonValue): Entry[] {
  const entries: Entry[] = [];
  if (value.kind != JsonKind.ARRAY) fail(OPTIONS, 'option ' + name + ' is not an array of arrays of texts');
  for (let i = 0; i < value.values.length; i++) {
    entries.push(new Entry(i.toString(), textList(name + '[' + i.toString() + ']', value.values[i])));
  }
  return entries;
}
