/** The tokens of a copybook, read one after the other. The last is an END, and stays. */

import { hasProblem } from './problem';
import { failToken, Token, TokenKind } from './token';

export class Cursor {
  at: i32 = 0;

  constructor(readonly tokens: Token[]) {}

  peek(): Token {
    return this.tokens[this.at];
  }

  /** The token `count` further on, or the END. */
  ahead(count: i32): Token {
    const at = this.at + count;
    return this.tokens[at < this.tokens.length ? at : this.tokens.length - 1];
  }

  take(): Token {
    const token = this.tokens[this.at];
    if (token.kind != TokenKind.END) this.at++;
    return token;
  }

  isWord(text: string): bool {
    return this.peek().isWord(text);
  }

  /** Steps over the word when it stands here. */
  takeWord(text: string): bool {
    if (!this.isWord(text)) return false;
    this.at++;
    return true;
  }

  /** A SYNTAX problem at the next token, unless it is this word. */
  expectWord(text: string, after: string): void {
    if (!this.takeWord(text)) {
      failToken(this.peek(), after + ' goes on with ' + this.peek().shown() + ', not with ' + text);
    }
  }

  isPeriod(): bool {
    return this.peek().kind == TokenKind.PERIOD;
  }

  /** Whether there is more to read of the entry. */
  isInEntry(): bool {
    const kind = this.peek().kind;
    return !hasProblem() && kind != TokenKind.PERIOD && kind != TokenKind.END;
  }
}
