/**
 * The clauses of an entry, between its name and its period. A word that begins none of them is refused where it stands:
 * a clause that is skipped is a field that is read wrong.
 */

import { Cursor } from './cursor';
import { Clause, Draft } from './draft';
import { hasProblem } from './problem';
import { failToken, integerOf, isName, Token, TokenKind } from './token';
import { readValue } from './parse-values';

/** Reads up to the period, which it leaves. */
export function readClauses(cursor: Cursor, draft: Draft): void {
  while (cursor.isInEntry()) {
    const word = cursor.peek();
    const usage = word.kind == TokenKind.WORD ? usageOf(word.text) : '';
    if (usage.length > 0) readUsage(cursor, draft);
    else readClause(cursor, draft, cursor.take());
  }
}

/** Whether a word begins a clause, so that it cannot be the name of an item. */
export function beginsClause(text: string): bool {
  return (
    text == 'PIC' || text == 'PICTURE' || text == 'USAGE' || text == 'OCCURS' || text == 'VALUE' || text == 'VALUES' ||
    text == 'REDEFINES' || text == 'RENAMES' || text == 'SIGN' || text == 'SYNC' || text == 'SYNCHRONIZED' ||
    text == 'JUST' || text == 'JUSTIFIED' || text == 'BLANK' || text == 'GLOBAL' || text == 'EXTERNAL' ||
    text == 'LEADING' || text == 'TRAILING' || text == 'IS' || usageOf(text).length > 0
  );
}

function readClause(cursor: Cursor, draft: Draft, word: Token): void {
  const item = draft.item;
  const text = word.kind == TokenKind.WORD ? word.text : '';
  if (text == 'PIC' || text == 'PICTURE') {
    once(draft, Clause.PICTURE, word);
    cursor.takeWord('IS');
    const picture = cursor.take();
    if (picture.kind != TokenKind.WORD) failToken(picture, 'PIC goes on with ' + picture.shown());
    draft.picture = picture;
    item.picture = picture.text;
  } else if (text == 'USAGE') {
    cursor.takeWord('IS');
    readUsage(cursor, draft);
  } else if (text == 'VALUE' || text == 'VALUES') {
    once(draft, Clause.VALUE, word);
    if (!cursor.takeWord('IS')) cursor.takeWord('ARE');
    item.value = readValue(cursor);
    item.hasValue = true;
  } else if (text == 'OCCURS') {
    once(draft, Clause.OCCURS, word);
    readOccurs(cursor, draft, word);
  } else if (text == 'REDEFINES') {
    once(draft, Clause.REDEFINES, word);
    draft.redefines = takeName(cursor, 'REDEFINES');
  } else if (text == 'SIGN' || text == 'LEADING' || text == 'TRAILING') {
    readSign(cursor, draft, word);
  } else if (text == 'SYNC' || text == 'SYNCHRONIZED') {
    once(draft, Clause.SYNCHRONIZED, word);
    item.isSynchronized = true;
    if (!cursor.takeWord('LEFT')) cursor.takeWord('RIGHT');
  } else if (text == 'JUST' || text == 'JUSTIFIED') {
    once(draft, Clause.JUSTIFIED, word);
    cursor.takeWord('RIGHT');
    item.isJustified = true;
    draft.justified = word;
  } else if (text == 'BLANK') {
    once(draft, Clause.BLANK, word);
    cursor.takeWord('WHEN');
    if (!cursor.takeWord('ZERO') && !cursor.takeWord('ZEROS') && !cursor.takeWord('ZEROES')) {
      failToken(cursor.peek(), 'BLANK goes on with ' + cursor.peek().shown() + ', not with WHEN ZERO');
    }
    item.blankWhenZero = true;
    draft.blank = word;
  } else if (text == 'IS' && (cursor.isWord('GLOBAL') || cursor.isWord('EXTERNAL'))) {
    // The optional word of the next clause.
  } else if (text == 'GLOBAL') {
    once(draft, Clause.GLOBAL, word);
  } else if (text == 'EXTERNAL') {
    once(draft, Clause.EXTERNAL, word);
  } else {
    failToken(word, word.shown() + ' begins no clause that is known');
  }
}

function once(draft: Draft, clause: i32, word: Token): void {
  if ((draft.clauses & clause) != 0) failToken(word, 'the entry has ' + word.text + ' a second time');
  draft.clauses |= clause;
}

/** At the usage itself. */
function readUsage(cursor: Cursor, draft: Draft): void {
  const word = cursor.take();
  const usage = word.kind == TokenKind.WORD ? usageOf(word.text) : '';
  if (usage.length == 0) failToken(word, 'there is no USAGE ' + word.shown());
  once(draft, Clause.USAGE, word);
  draft.usage = usage;
  draft.usageToken = word;
}

/** The normalised name of a usage; empty when it is none. */
function usageOf(text: string): string {
  if (text.startsWith('COMP')) {
    let kind = '';
    if (text.startsWith('COMPUTATIONAL')) kind = text.substring(13);
    else kind = text.substring(4);
    if (kind == '' || kind == '-0' || kind == '-4') return 'COMP';
    const isKnown =
      kind == '-1' || kind == '-2' || kind == '-3' || kind == '-3U' || kind == '-5' || kind == '-6' || kind == '-9' ||
      kind == '-X';
    return isKnown ? 'COMP' + kind : '';
  }
  if (text == 'BINARY') return 'COMP';
  if (text == 'PACKED-DECIMAL') return 'COMP-3';
  const isKnown =
    text == 'DISPLAY' || text == 'DISPLAY-1' || text == 'NATIONAL' || text == 'INDEX' || text == 'POINTER' ||
    text == 'PROCEDURE-POINTER' || text == 'FUNCTION-POINTER';
  return isKnown ? text : '';
}

/** `[SIGN [IS]] LEADING | TRAILING [SEPARATE [CHARACTER]]`. */
function readSign(cursor: Cursor, draft: Draft, word: Token): void {
  once(draft, Clause.SIGN, word);
  let where = word;
  if (word.text == 'SIGN') {
    cursor.takeWord('IS');
    where = cursor.take();
    if (!where.isWord('LEADING') && !where.isWord('TRAILING')) {
      failToken(where, 'SIGN goes on with ' + where.shown() + ', not with LEADING or TRAILING');
    }
  }
  draft.sign = word;
  draft.signLeading = where.text == 'LEADING';
  if (cursor.takeWord('SEPARATE')) {
    cursor.takeWord('CHARACTER');
    draft.signSeparate = true;
  }
}

/** `OCCURS [n TO] m [TIMES] [DEPENDING [ON] name] [ASCENDING | DESCENDING [KEY] [IS] names] [INDEXED [BY] names]`. */
function readOccurs(cursor: Cursor, draft: Draft, occurs: Token): void {
  const item = draft.item;
  draft.occurs = occurs;
  item.hasOccurs = true;
  const first = takeCount(cursor);
  let isRange = false;
  item.occursMin = first;
  item.occursMax = first;
  if (cursor.takeWord('TO')) {
    isRange = true;
    item.occursMax = takeCount(cursor);
  }
  cursor.takeWord('TIMES');
  while (cursor.isInEntry()) {
    if (cursor.isWord('DEPENDING') && draft.dependsOn.length == 0) {
      cursor.take();
      cursor.takeWord('ON');
      draft.dependsOn = takeQualified(cursor, 'DEPENDING ON');
    } else if (cursor.isWord('ASCENDING') || cursor.isWord('DESCENDING')) {
      cursor.take();
      cursor.takeWord('KEY');
      cursor.takeWord('IS');
      takeNames(cursor, 'KEY');
    } else if (cursor.isWord('INDEXED')) {
      cursor.take();
      cursor.takeWord('BY');
      takeNames(cursor, 'INDEXED BY');
    } else break;
  }
  if (hasProblem()) return;
  const isVariable = draft.dependsOn.length > 0;
  if (isRange && !isVariable) failToken(occurs, 'OCCURS with TO needs DEPENDING ON');
  // Without TO the least is not said: no count is refused then.
  if (isVariable && !isRange) item.occursMin = 0;
  if (item.occursMax < 1) failToken(occurs, 'OCCURS needs at least one occurrence');
  if (item.occursMin > item.occursMax) failToken(occurs, 'OCCURS has more as its least than as its most');
}

function takeCount(cursor: Cursor): i32 {
  const word = cursor.take();
  const count = word.kind == TokenKind.WORD ? integerOf(word.text) : -1;
  if (count < 0) failToken(word, 'OCCURS goes on with ' + word.shown() + ', not with a number of up to nine digits');
  return count;
}

/** At least one; up to a word that goes on with something else. */
function takeNames(cursor: Cursor, after: string): void {
  takeQualified(cursor, after);
  while (cursor.isInEntry()) {
    const text = cursor.peek().text;
    if (beginsClause(text) || text == 'ASCENDING' || text == 'DESCENDING' || text == 'INDEXED' || text == 'DEPENDING') {
      return;
    }
    takeQualified(cursor, after);
  }
}

export function takeName(cursor: Cursor, after: string): Token {
  const name = cursor.take();
  if (name.kind != TokenKind.WORD || !isName(name.text)) {
    failToken(name, after + ' goes on with ' + name.shown() + ', not with a name');
  }
  return name;
}

/** `A OF B IN C`. */
export function takeQualified(cursor: Cursor, after: string): Token[] {
  const names = [takeName(cursor, after)];
  while (cursor.isInEntry() && (cursor.isWord('OF') || cursor.isWord('IN'))) {
    const word = cursor.take();
    if (names.length == 50) failToken(word, 'a name has more qualifiers than there are levels');
    names.push(takeName(cursor, word.text));
  }
  return names;
}
