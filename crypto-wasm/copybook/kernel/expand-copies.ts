/**
 * `COPY name [OF library] [SUPPRESS] [REPLACING …].` in a text → the tokens of the texts that it names.
 *
 * A copied text is expanded first, then the replacements of its COPY apply to all of it, in the order written and once
 * each. A pseudo-text between colons or parentheses is also found within words (`:TAG:-NAME`), LEADING and TRAILING
 * find beginnings and ends. Texts that copy themselves are refused; depth, text and work are bounded.
 */

import { scanSource } from './scan-source';
import { Specification } from './read-specification';
import { createToken, failToken, Token, TokenKind } from './token';
import { fail, hasProblem, LIMIT } from './problem';

const COPY_DEPTH_MAX_COUNT: i32 = 16;
const COPY_MAX_COUNT: i32 = 10_000;
/** Of the copybook and every text that COPY brings in, each time that it does. A record of 20,000 items has about half. */
const TEXT_MAX_CHARACTERS: i32 = 4 * 1024 * 1024;
/** Comparisons of a word with a replacement. */
const COMPARISONS_MAX_COUNT: i64 = 20_000_000;
/** Written by replacing within words. */
const REPLACED_MAX_CHARACTERS: i32 = 1024 * 1024;

namespace Match {
  export const WHOLE: i32 = 0;
  export const WITHIN: i32 = 1;
  export const LEADING: i32 = 2;
  export const TRAILING: i32 = 3;
}

class Replacement {
  constructor(
    readonly match: i32,
    readonly from: Token[],
    readonly by: Token[],
    /** `by` in one line. */
    readonly byText: string,
  ) {}
}

/** The whole copybook, expanded; an END closes it. Less with a problem set. */
export function expandedTokens(specification: Specification): Token[] {
  const expander = new Expander(specification);
  const tokens = expander.expand(specification.copybook, '');
  let line = 1;
  let column = 1;
  let source = '';
  if (tokens.length > 0) {
    const last = tokens[tokens.length - 1];
    line = last.line;
    column = last.column + last.text.length;
    source = last.source;
  }
  tokens.push(createToken(TokenKind.END, '', source, line, column));
  return tokens;
}

class Expander {
  private copiesCount: i32 = 0;
  private characters: i32 = 0;
  private comparisonsCount: i64 = 0;
  private replacedCharacters: i32 = 0;
  /** Names of the texts that are being expanded. */
  private readonly open: string[] = [];

  constructor(readonly specification: Specification) {}

  expand(text: string, source: string): Token[] {
    const expanded: Token[] = [];
    this.characters += text.length;
    if (this.characters > TEXT_MAX_CHARACTERS) {
      fail(LIMIT, 'the copybook with what it copies has more than ' + TEXT_MAX_CHARACTERS.toString() + ' characters');
      return expanded;
    }
    const tokens: Token[] = [];
    scanSource(text, source, this.specification.options.sourceFormat, tokens);
    let at = 0;
    while (at < tokens.length && !hasProblem()) {
      if (tokens[at].isWord('COPY')) at = this.copy(tokens, at, expanded);
      else expanded.push(tokens[at++]);
    }
    return expanded;
  }

  /** The statement at `at`; gives where it ends. */
  private copy(tokens: Token[], at: i32, to: Token[]): i32 {
    const statement = new Statement(tokens, at);
    const nameToken = statement.take();
    if (nameToken.kind != TokenKind.WORD && nameToken.kind != TokenKind.LITERAL) {
      failToken(nameToken, 'COPY is followed by ' + nameToken.shown() + ', not by a name');
    }
    if (statement.isWord('OF') || statement.isWord('IN')) {
      statement.take();
      statement.take();
    }
    if (statement.isWord('SUPPRESS')) statement.take();
    const replacements: Replacement[] = [];
    if (statement.isWord('REPLACING')) {
      statement.take();
      do replacements.push(readReplacement(statement));
      while (!hasProblem() && statement.peek().kind != TokenKind.PERIOD && statement.peek().kind != TokenKind.END);
    }
    const period = statement.take();
    if (period.kind != TokenKind.PERIOD) {
      failToken(period, 'COPY ' + nameToken.text + ' goes on with ' + period.shown() + ', not with a period');
    }
    if (hasProblem()) return tokens.length;
    const name = nameToken.text.toUpperCase();
    const found = this.specification.copyNames.indexOf(name);
    if (found < 0) failToken(nameToken, 'there is no text for COPY ' + nameToken.text);
    if (this.open.includes(name)) failToken(nameToken, 'COPY ' + name + ' copies itself');
    if (this.open.length == COPY_DEPTH_MAX_COUNT) {
      fail(LIMIT, 'COPY nests more than ' + COPY_DEPTH_MAX_COUNT.toString() + ' deep');
    }
    if (++this.copiesCount > COPY_MAX_COUNT) fail(LIMIT, 'there are more than ' + COPY_MAX_COUNT.toString() + ' COPY');
    if (hasProblem()) return tokens.length;
    this.open.push(name);
    const copied = this.expand(this.specification.copyTexts[found], name);
    this.open.pop();
    this.replace(copied, replacements, to);
    return statement.at;
  }

  private replace(tokens: Token[], replacements: Replacement[], to: Token[]): void {
    const count = replacements.length;
    this.comparisonsCount += <i64>tokens.length * count;
    if (this.comparisonsCount > COMPARISONS_MAX_COUNT) fail(LIMIT, 'REPLACING compares too many words');
    let at = 0;
    while (at < tokens.length && !hasProblem()) {
      const token = tokens[at];
      let matched = 0;
      for (let i = 0; i < count && matched == 0; i++) {
        const replacement = replacements[i];
        if (replacement.match != Match.WHOLE || !isMatch(tokens, at, replacement.from)) continue;
        matched = replacement.from.length;
        const by = replacement.by;
        for (let k = 0; k < by.length; k++) to.push(placed(by[k], by[k].text, token));
      }
      if (matched > 0) at += matched;
      else {
        if (token.kind == TokenKind.WORD && count > 0) this.replaceWithin(token, replacements, to);
        else to.push(token);
        at++;
      }
    }
  }

  private replaceWithin(token: Token, replacements: Replacement[], to: Token[]): void {
    let text = token.text;
    for (let i = 0; i < replacements.length && !hasProblem(); i++) {
      const replacement = replacements[i];
      if (replacement.match == Match.WHOLE) continue;
      const wanted = replacement.from[0].text;
      const by = replacement.byText;
      if (replacement.match == Match.LEADING) {
        if (text.startsWith(wanted)) text = by + text.substring(wanted.length);
      } else if (replacement.match == Match.TRAILING) {
        if (text.endsWith(wanted)) text = text.substring(0, text.length - wanted.length) + by;
      } else if (text.includes(wanted)) {
        const parts = text.split(wanted);
        this.countReplaced(text.length + parts.length * by.length);
        if (!hasProblem()) text = parts.join(by);
      }
    }
    if (text == token.text) {
      to.push(token);
      return;
    }
    this.countReplaced(text.length);
    const words = text.split(' ');
    for (let i = 0; i < words.length && !hasProblem(); i++) {
      if (words[i].length > 0) to.push(placed(token, words[i], token));
    }
  }

  private countReplaced(characters: i32): void {
    this.replacedCharacters += characters;
    if (this.replacedCharacters > REPLACED_MAX_CHARACTERS) {
      fail(LIMIT, 'REPLACING writes more than ' + REPLACED_MAX_CHARACTERS.toString() + ' characters into words');
    }
  }
}

/** The tokens behind COPY, one after the other; an END stands for all behind the last. */
class Statement {
  private readonly end: Token;

  constructor(
    private readonly tokens: Token[],
    public at: i32,
  ) {
    const copy = tokens[at];
    this.end = new Token(TokenKind.END, '', copy.source, copy.line, copy.column);
    this.at++;
  }

  peek(): Token {
    return this.at < this.tokens.length ? this.tokens[this.at] : this.end;
  }

  take(): Token {
    const token = this.peek();
    if (this.at < this.tokens.length) this.at++;
    return token;
  }

  isWord(text: string): bool {
    return this.peek().isWord(text);
  }
}

function readReplacement(statement: Statement): Replacement {
  let match = Match.WHOLE;
  const first = statement.peek();
  if (first.isWord('LEADING') || first.isWord('TRAILING')) {
    const next = statement.at;
    statement.take();
    if (statement.peek().kind == TokenKind.PSEUDO) match = first.text == 'LEADING' ? Match.LEADING : Match.TRAILING;
    else statement.at = next;
  }
  const from = readOperand(statement);
  if (from.length == 0) failToken(first, 'REPLACING has nothing to replace');
  const by = statement.take();
  if (!by.isWord('BY')) failToken(by, 'REPLACING goes on with ' + by.shown() + ', not with BY');
  const to = readOperand(statement);
  if (match != Match.WHOLE && (from.length != 1 || from[0].kind != TokenKind.WORD)) {
    failToken(first, first.text + ' replaces a part of one word');
  }
  if (from.length == 1 && match == Match.WHOLE && isBracketed(from[0])) match = Match.WITHIN;
  let byText = '';
  for (let i = 0; i < to.length && !hasProblem() && match != Match.WHOLE; i++) {
    if (to[i].kind != TokenKind.WORD) failToken(to[i], 'a part of a word is replaced by words only');
    if (byText.length + to[i].text.length > REPLACED_MAX_CHARACTERS / 64) fail(LIMIT, 'a replacement is too long');
    byText += (byText.length > 0 ? ' ' : '') + to[i].text;
  }
  return new Replacement(match, from, to, byText);
}

/** Pseudo-text, or a word or literal with its qualifiers. */
function readOperand(statement: Statement): Token[] {
  const tokens: Token[] = [];
  const first = statement.take();
  if (first.kind == TokenKind.PSEUDO) {
    while (!hasProblem()) {
      const token = statement.take();
      if (token.kind == TokenKind.PSEUDO) break;
      if (token.kind == TokenKind.END) failToken(first, 'the pseudo-text has no end');
      tokens.push(token);
    }
    return tokens;
  }
  if (first.kind != TokenKind.WORD && first.kind != TokenKind.LITERAL) {
    failToken(first, 'REPLACING goes on with ' + first.shown());
  }
  tokens.push(first);
  while (statement.isWord('OF') || statement.isWord('IN')) {
    tokens.push(statement.take());
    tokens.push(statement.take());
  }
  return tokens;
}

function isBracketed(token: Token): bool {
  const text = token.text;
  if (token.kind != TokenKind.WORD || text.length < 3) return false;
  return (text.startsWith(':') && text.endsWith(':')) || (text.startsWith('(') && text.endsWith(')'));
}

function isMatch(tokens: Token[], at: i32, wanted: Token[]): bool {
  if (at + wanted.length > tokens.length) return false;
  for (let i = 0; i < wanted.length; i++) {
    const token = tokens[at + i];
    const other = wanted[i];
    if (token.kind != other.kind || token.text != other.text || token.prefix != other.prefix) return false;
  }
  return true;
}

/** Like a token, with another text, in the place of the token that it replaces. */
function placed(like: Token, text: string, at: Token): Token {
  const token = createToken(like.kind, text, at.source, at.line, at.column);
  token.prefix = like.prefix;
  return token;
}
