/**
 * A copybook's text → the tree of its items, not laid out yet.
 *
 * Three steps: `expand-copies.ts` and `scan-source.ts` make tokens, this file makes entries and puts them under their
 * groups by level, `finish-items.ts` weighs what the clauses of an entry say together and looks names up. Everything
 * that is not understood is a problem (`SYNTAX`) with line and column.
 */

import { hasRoom } from './compile-room';
import { Cursor } from './cursor';
import { Draft } from './draft';
import { expandedTokens } from './expand-copies';
import { finishItems } from './finish-items';
import { Condition, Copybook, Item } from './item';
import { Headers } from './parse-headers';
import { beginsClause, readClauses, takeName, takeQualified } from './parse-clauses';
import { readConditionValues } from './parse-values';
import { fail, failAt, hasProblem, LIMIT } from './problem';
import { Specification } from './read-specification';
import { beginTokens, failToken, integerOf, isName, Token, TokenKind } from './token';

/** Ten times the longest copybooks that are known. */
export const ITEMS_MAX_COUNT: i32 = 20_000;
/** Condition names of a copybook. */
const CONDITIONS_MAX_COUNT: i32 = 20_000;
/** Compilers take 30; longer ones only make paths longer. */
const NAME_MAX_CHARACTERS: i32 = 63;
/** What a copybook without level 01 lies in. */
const NO_RECORD_NAME: string = 'RECORD';

/** An empty one with a problem set. */
export function parseCopybook(specification: Specification): Copybook {
  const copybook = new Copybook();
  beginTokens();
  const tokens = expandedTokens(specification);
  if (hasProblem()) return copybook;
  const parser = new Parser(new Cursor(tokens), copybook);
  parser.readEntries();
  if (!hasProblem()) finishItems(copybook, parser.drafts, parser.renames, specification.options);
  return copybook;
}

class Parser {
  /** Beside `copybook.items`, and beside `copybook.renames`. */
  readonly drafts: Draft[] = [];
  readonly renames: Draft[] = [];
  /** The groups that the next item could belong to, outermost first. */
  private readonly open: Item[] = [];
  private conditionsCount: i32 = 0;

  constructor(
    readonly cursor: Cursor,
    readonly copybook: Copybook,
  ) {}

  readEntries(): void {
    const cursor = this.cursor;
    const headers = new Headers(cursor);
    while (hasRoom() && !hasProblem() && cursor.peek().kind != TokenKind.END && !headers.isOver) {
      const word = cursor.peek();
      const level = word.kind == TokenKind.WORD && word.text.length <= 2 ? integerOf(word.text) : -1;
      if (level < 0) headers.read();
      else {
        cursor.take();
        this.readEntry(word, level);
        headers.sawItem(word);
      }
    }
    if (!hasProblem() && this.copybook.items.length == 0) {
      failAt(cursor.peek().line, cursor.peek().column, 'the copybook has no item');
    }
  }

  private readEntry(at: Token, level: i32): void {
    if (level == 88) this.readCondition(at);
    else if (level == 66) this.readRenames(at);
    else if (level == 77 || (level >= 1 && level <= 49)) this.readItem(at, level);
    else failToken(at, 'there is no level ' + at.text);
    const end = this.cursor.peek();
    if (end.kind != TokenKind.PERIOD) failToken(end, 'the entry ends with ' + end.shown() + ', not with a period');
    this.cursor.take();
  }

  private readItem(at: Token, level: i32): void {
    const cursor = this.cursor;
    const draft = new Draft(at);
    const item = draft.item;
    item.level = level;
    item.line = at.line;
    item.column = at.column;
    const name = cursor.peek();
    if (name.kind != TokenKind.WORD || beginsClause(name.text)) {
      item.name = 'FILLER';
    } else {
      cursor.take();
      if (!isName(name.text)) failToken(name, name.shown() + ' is neither a name nor a clause');
      checkName(name);
      item.name = name.text;
    }
    item.isFiller = item.name == 'FILLER';
    readClauses(cursor, draft);
    if (hasProblem()) return;
    this.place(draft);
  }

  /** Puts an item under its group and into the lists. */
  private place(draft: Draft): void {
    const item = draft.item;
    const open = this.open;
    // 77 and 01 stand alone.
    const depth = item.level == 77 ? 1 : item.level;
    while (open.length > 0 && (depth == 1 || open[open.length - 1].level >= depth || open[0].level == 77)) {
      if (open[0].level == 77 && depth > 1) {
        failToken(draft.at, 'level 77 has no items below it');
        return;
      }
      open.pop();
    }
    if (depth > 1 && open.length == 0) {
      if (this.copybook.records.length > 0) {
        failToken(draft.at, 'the item belongs to no record');
        return;
      }
      this.openUnnamed(draft.at);
    } else if (depth == 1 && this.copybook.records.length > 0 && this.copybook.records[0].level == 0) {
      failToken(draft.at, 'level ' + draft.at.text + ' follows items that are in no record');
      return;
    }
    if (open.length > 0) {
      const parent = open[open.length - 1];
      item.parent = parent;
      parent.children.push(item);
    } else this.copybook.records.push(item);
    this.add(draft);
    open.push(item);
  }

  /** The record around items that have none: level 0, so that everything is below it. */
  private openUnnamed(at: Token): void {
    const draft = new Draft(at);
    draft.item.name = NO_RECORD_NAME;
    draft.item.line = at.line;
    draft.item.column = at.column;
    this.copybook.records.push(draft.item);
    this.add(draft);
    this.open.push(draft.item);
  }

  private add(draft: Draft): void {
    draft.item.index = this.copybook.items.length;
    this.copybook.items.push(draft.item);
    this.drafts.push(draft);
    if (this.drafts.length > ITEMS_MAX_COUNT) {
      fail(LIMIT, 'the copybook has more than ' + ITEMS_MAX_COUNT.toString() + ' items');
    }
  }

  private readCondition(at: Token): void {
    const cursor = this.cursor;
    const name = takeName(cursor, 'level 88');
    checkName(name);
    if (hasProblem()) return;
    const items = this.copybook.items;
    if (items.length == 0) failToken(at, 'level 88 stands under no item');
    if (!cursor.takeWord('VALUE') && !cursor.takeWord('VALUES')) {
      failToken(cursor.peek(), 'level 88 goes on with ' + cursor.peek().shown() + ', not with VALUE');
    }
    if (!cursor.takeWord('IS')) cursor.takeWord('ARE');
    if (hasProblem()) return;
    const values = readConditionValues(cursor);
    if (cursor.takeWord('WHEN') || cursor.isWord('SET')) {
      cursor.takeWord('SET');
      cursor.takeWord('TO');
      cursor.expectWord('FALSE', 'WHEN SET TO');
      cursor.takeWord('IS');
      if (!hasProblem()) readConditionValues(cursor);
    }
    if (cursor.isInEntry()) failToken(cursor.peek(), cursor.peek().shown() + ' begins no clause of level 88');
    if (++this.conditionsCount > CONDITIONS_MAX_COUNT) {
      fail(LIMIT, 'the copybook has more than ' + CONDITIONS_MAX_COUNT.toString() + ' condition names');
    }
    if (!hasProblem()) items[items.length - 1].conditions.push(new Condition(name.text, values));
  }

  private readRenames(at: Token): void {
    const cursor = this.cursor;
    const draft = new Draft(at);
    const name = takeName(cursor, 'level 66');
    checkName(name);
    cursor.expectWord('RENAMES', 'level 66');
    if (hasProblem()) return;
    draft.renamesFrom = takeQualified(cursor, 'RENAMES');
    if (cursor.takeWord('THRU') || cursor.takeWord('THROUGH')) draft.renamesThru = takeQualified(cursor, 'THRU');
    if (cursor.isInEntry()) failToken(cursor.peek(), cursor.peek().shown() + ' begins no clause of level 66');
    const item = draft.item;
    item.level = 66;
    item.name = name.text;
    item.line = at.line;
    item.column = at.column;
    const records = this.copybook.records;
    if (records.length == 0) {
      failToken(at, 'level 66 stands in no record');
      return;
    }
    // The record that it renames parts of; it is not among the children.
    item.parent = records[records.length - 1];
    this.copybook.renames.push(item);
    this.renames.push(draft);
    if (this.renames.length > ITEMS_MAX_COUNT) {
      fail(LIMIT, 'the copybook has more than ' + ITEMS_MAX_COUNT.toString() + ' items');
    }
  }
}

function checkName(name: Token): void {
  if (name.text.length > NAME_MAX_CHARACTERS) {
    fail(LIMIT, 'the name ' + name.shown() + ' has more than ' + NAME_MAX_CHARACTERS.toString() + ' characters');
  }
}
