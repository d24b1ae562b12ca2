/**
 * What may stand around the entries when a copybook is a part of a program, or the program itself: division and section
 * headers, FD and SD entries. The procedure division ends the reading.
 *
 * Taken only where it is clear which records are meant: items of two files or two sections are refused, because their
 * records do not lie over one another. Everything before `DATA DIVISION.` is passed over, and only that.
 */

import { Cursor } from './cursor';
import { hasProblem } from './problem';
import { failToken, Token, TokenKind } from './token';

export class Headers {
  /** The procedure division began. */
  isOver: bool = false;
  /** A file or section began since the last item. */
  private isNew: bool = false;
  private hasItems: bool = false;

  constructor(private readonly cursor: Cursor) {}

  /** An entry with a level number was read. */
  sawItem(at: Token): void {
    if (this.isNew && this.hasItems) failToken(at, 'there are records of more than one file or section');
    this.hasItems = true;
    this.isNew = false;
  }

  /** At a word that is no level number. */
  read(): void {
    const cursor = this.cursor;
    const word = cursor.peek();
    const text = word.kind == TokenKind.WORD ? word.text : '';
    const next = cursor.ahead(1);
    if ((text == 'IDENTIFICATION' || text == 'ID' || text == 'ENVIRONMENT') && next.isWord('DIVISION')) {
      if (this.hasItems) failToken(word, text + ' DIVISION follows items');
      this.skipToData(word);
    } else if (text == 'DATA' && next.isWord('DIVISION')) {
      this.skipHeader();
    } else if (text == 'PROCEDURE' && next.isWord('DIVISION')) {
      this.isOver = true;
    } else if (isSection(text) && next.isWord('SECTION')) {
      this.skipHeader();
      this.isNew = true;
    } else if (text == 'FD' || text == 'SD') {
      // Its clauses describe the file, not the record.
      while (cursor.isInEntry()) cursor.take();
      if (!cursor.isPeriod()) failToken(word, 'the ' + text + ' entry does not end with a period');
      cursor.take();
      this.isNew = true;
    } else {
      failToken(word, word.shown() + ' stands where a level number is expected');
    }
  }

  private skipHeader(): void {
    this.cursor.take();
    const last = this.cursor.take();
    if (!this.cursor.isPeriod()) failToken(last, 'the header does not end with a period');
    this.cursor.take();
  }

  private skipToData(from: Token): void {
    const cursor = this.cursor;
    while (!hasProblem()) {
      const token = cursor.take();
      if (token.kind == TokenKind.END) failToken(from, 'the program has no DATA DIVISION');
      if (token.kind == TokenKind.PERIOD && cursor.isWord('DATA') && cursor.ahead(1).isWord('DIVISION')) return;
    }
  }
}

function isSection(text: string): bool {
  return text == 'FILE' || text == 'WORKING-STORAGE' || text == 'LOCAL-STORAGE' || text == 'LINKAGE';
}
