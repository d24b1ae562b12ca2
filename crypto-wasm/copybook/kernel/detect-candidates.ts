/**
 * The flavours that `detect` tries, each walked over the file's beginning with the same iterator that decodes.
 *
 * In the order of how usual they are: of two that hold equally well, the first is the answer.
 */

import { printableShare, seemsAscii, textWhy } from './detect-text';
import { fieldsAreValid, validWhy } from './detect-fields';
import { Flag, framesCount, Next, nextFrame, openFrames, originAt, wholeBytes } from './frames';
import { blocksCount, spannedCount } from './frames-words';
import { BLOCK_LIMIT_BYTES, Framing, LONG_RECORD_MAX_BYTES, RECORD_LIMIT_BYTES, RECORD_MAX_BYTES } from './framing';
import { Layout } from './layout';
import { Measure } from './measure';
import { RecordFormat } from './options';
import { clearProblem, hasProblem, quoted } from './problem';

/** What printable means for lines: a few odd characters are let be. */
const PRINTABLE_MIN: f64 = 0.99;

export class Candidate {
  confidence: f64 = 0;
  why: string[] = [];
  isShown: bool = false;
  /** Records, and what else held, up to the end or the contradiction. */
  records: i32 = 0;
  isWhole: bool = false;
  constructor(
    /** Members of JSON. */
    readonly options: string,
    readonly framing: Framing,
  ) {}

  /** Members of the answer, without braces. */
  json(page: string): string {
    let json = this.options + ',"codePage":' + quoted(page) + ',"confidence":' + rounded(this.confidence) + ',"why":[';
    for (let i = 0; i < this.why.length; i++) json += (i > 0 ? ',' : '') + quoted(this.why[i]);
    return json + ']';
  }
}

function rounded(value: f64): string {
  const thousandths = <i32>Math.round(value * 1000);
  const text = (1000 + (thousandths % 1000)).toString();
  return (thousandths / 1000).toString() + '.' + text.substring(1);
}

let from: usize = 0;
let to: usize = 0;
let isLast: bool = false;
let longest: i32 = 0;

export function candidatesOf(layout: Layout, at: usize, end: usize, endsHere: bool): Candidate[] {
  from = at;
  to = end;
  isLast = endsHere;
  longest = layout.copybook.recordBytes;
  const found: Candidate[] = [];
  for (let i = 0; i < 4; i++) found.push(inWords(RecordFormat.V, i, 0));
  let hasBlocks = false;
  for (let i = 0; i < 16; i++) {
    const flavour = inWords(RecordFormat.VB, i & 3, i >> 2);
    hasBlocks = hasBlocks || flavour.isWhole;
    found.push(flavour);
  }
  for (let i = 0; i < 16; i++) {
    const flavour = inWords(RecordFormat.VBS, i & 3, i >> 2);
    // Without a spanned record it says no more than VB.
    if (spannedCount == 0) continue;
    hasBlocks = hasBlocks || flavour.isWhole;
    found.push(flavour);
  }
  if (hasBlocks) {
    for (let i = 0; i < 4; i++) {
      found[i].confidence *= 0.5;
      found[i].why.push('the file also reads as blocks with records in them');
    }
  }
  found.push(prefixed(false));
  found.push(prefixed(true));
  lines(found);
  fixed(layout, found);
  return found;
}

/** Bit 0: little-endian, bit 1: the word does not count itself. */
function wordJson(name: string, flavour: i32): string {
  const endian = (flavour & 1) != 0 ? 'little' : 'big';
  const counts = (flavour & 2) != 0 ? 'false' : 'true';
  return ',"' + name + '":{"endian":"' + endian + '","includesItself":' + counts + ',"adjustment":0}';
}

function wordText(name: string, flavour: i32): string {
  let text = 'the ' + name + ' are ' + ((flavour & 1) != 0 ? 'little' : 'big') + '-endian and ';
  text += (flavour & 2) != 0 ? 'do not count themselves' : 'count themselves';
  return flavour == 0 ? text + ', as z/OS writes them' : text;
}

function inWords(format: i32, rdw: i32, bdw: i32): Candidate {
  const framing = new Framing();
  framing.format = format;
  framing.recordLimitBytes = format == RecordFormat.VBS ? LONG_RECORD_MAX_BYTES : RECORD_MAX_BYTES;
  framing.blockLimitBytes = BLOCK_LIMIT_BYTES;
  framing.rdwIsLittle = (rdw & 1) != 0;
  framing.rdwAdjustment = (rdw & 2) != 0 ? 0 : -4;
  framing.bdwIsLittle = (bdw & 1) != 0;
  framing.bdwAdjustment = (bdw & 2) != 0 ? 0 : -4;
  const name = format == RecordFormat.V ? 'V' : format == RecordFormat.VB ? 'VB' : 'VBS';
  let options = '"recordFormat":"' + name + '"' + wordJson('rdw', rdw);
  if (format != RecordFormat.V) options += wordJson('bdw', bdw);
  const candidate = new Candidate(options, framing);
  walk(candidate);
  candidate.why.push(wordText('length words', rdw));
  if (format != RecordFormat.V) candidate.why.push(wordText('block words', bdw));
  return candidate;
}

function prefixed(isLittle: bool): Candidate {
  const framing = new Framing();
  framing.format = RecordFormat.PREFIX;
  framing.recordLimitBytes = LONG_RECORD_MAX_BYTES;
  framing.rdwIsLittle = isLittle;
  const endian = isLittle ? 'little' : 'big';
  const options = '"recordFormat":"prefix","rdw":{"endian":"' + endian + '","includesItself":true,"adjustment":0}';
  const candidate = new Candidate(options, framing);
  walk(candidate);
  candidate.why.push('four bytes before each record say its length, ' + endian + '-endian, themselves not counted');
  return candidate;
}

/** Walks as far as it goes, and gives the confidence of length words. */
function walk(candidate: Candidate): void {
  openFrames(candidate.framing, from, to, isLast ? Flag.LAST : 0, 0, 0);
  let fitting = 0;
  let least = i32.MAX_VALUE;
  let most = 0;
  let next = nextFrame();
  for (; next == Next.RECORD; next = nextFrame()) {
    if (wholeBytes <= longest) fitting++;
    least = min(least, wholeBytes);
    most = max(most, wholeBytes);
  }
  const records = framesCount;
  candidate.records = records;
  if (next == Next.BAD) {
    clearProblem();
    candidate.confidence = 0.3 * records / (records + 20);
    const place = (originAt - from).toString();
    const count = records.toString();
    candidate.why.push('record ' + count + ' at byte ' + place + ' contradicts it, the ' + count + ' before do not');
    return;
  }
  if (records == 0) return;
  candidate.isWhole = true;
  const words = records + blocksCount;
  const share = <f64>fitting / records;
  candidate.confidence = (1 - 1.0 / (1 + words)) * (0.5 + 0.5 * share);
  let text = records.toString() + ' records';
  if (blocksCount > 0) text += ' in ' + blocksCount.toString() + ' blocks';
  if (spannedCount > 0) text += ', ' + spannedCount.toString() + ' of them spanned';
  candidate.why.push(text + ' fill ' + (originAt - from).toString() + ' bytes without a contradiction');
  text = 'records have ' + least.toString() + ' to ' + most.toString() + ' bytes, the longest of the copybook ';
  candidate.why.push(text + longest.toString());
}

function lines(found: Candidate[]): void {
  const framing = new Framing();
  framing.format = RecordFormat.TEXT;
  framing.recordLimitBytes = LONG_RECORD_MAX_BYTES;
  const isAscii = seemsAscii();
  if (!isAscii) {
    framing.newline = 0x15;
    framing.otherNewline = 0x25;
  }
  const candidate = new Candidate('"recordFormat":"text"', framing);
  let newlines = 0;
  for (let at = from; at < to; at++) {
    const byte = load<u8>(at);
    if (byte == framing.newline || byte == framing.otherNewline) newlines++;
  }
  if (newlines == 0) return;
  walk(candidate);
  if (!candidate.isWhole) return;
  const share = printableShare(from, to, framing.newline, framing.otherNewline, isAscii);
  if (share < PRINTABLE_MIN) return;
  const code = isAscii ? 'ASCII' : 'EBCDIC';
  candidate.why.push(newlines.toString() + ' newlines of ' + code + ', and 99 % of the rest can be printed');
  candidate.why.push(textWhy());
  found.push(candidate);
}

function fixed(layout: Layout, found: Candidate[]): void {
  const given = layout.options.recordLengthBytes;
  const isCounted = given == 0 && layout.options.odoIsVariable && layout.copybook.isVariable;
  if (isCounted) return counted(layout, found);
  const framing = new Framing();
  const bytes = given > 0 ? given : max(longest, 1);
  framing.eachBytes = bytes;
  const options = '"recordFormat":"F"' + (given > 0 ? ',"recordLength":' + given.toString() : '');
  const candidate = new Candidate(options, framing);
  const total = <i32>(to - from);
  const rest = total % bytes;
  const valid = fieldsAreValid(layout.copybook, from, to, bytes, seemsAscii());
  candidate.confidence = total < bytes ? 0 : 0.4 + 0.5 * valid;
  candidate.records = total / bytes;
  const length = bytes.toString();
  if (!isLast) {
    candidate.why.push('records of ' + length + ' bytes; whether they fill the file shows at its end only');
  } else if (rest == 0) {
    candidate.why.push((total / bytes).toString() + ' records of ' + length + ' bytes fill the file');
  } else {
    candidate.confidence *= 0.1;
    candidate.why.push(rest.toString() + ' bytes are left over behind records of ' + length + ' bytes');
  }
  candidate.why.push(validWhy());
  candidate.why.push(textWhy());
  found.push(candidate);
}

function counted(layout: Layout, found: Candidate[]): void {
  const framing = new Framing();
  framing.recordLimitBytes = RECORD_LIMIT_BYTES;
  framing.measure = new Measure(layout.copybook, layout.options);
  if (hasProblem()) return;
  const candidate = new Candidate('"recordFormat":"F"', framing);
  walk(candidate);
  if (candidate.isWhole) candidate.confidence = 0.4 + 0.5 * (1 - 1.0 / (1 + candidate.records));
  candidate.why.push('each record is as long as its own counters say');
  candidate.why.push(textWhy());
  found.push(candidate);
}
