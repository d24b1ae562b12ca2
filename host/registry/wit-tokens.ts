/**
 * WIT text → tokens, each with its place and the documentation that stands before it.
 *
 * Read one token ahead and no further: a version (`@1.2.3-rc.1`) is only told from other text by where it stands, so the
 * parser asks for it by name. The text is untrusted: it is bounded in length, and what is not a token is refused.
 * Source: component model, WIT, "Lexical structure".
 */

import { HostError, type Place } from '../errors.ts';

/** Longest text, in characters. That of a large real interface is about 50 K. */
const TEXT_MAX_CHARS = 256 * 1024;

export interface Token {
  readonly kind: 'word' | 'number' | 'symbol' | 'end';
  /** A word without its `%`. */
  readonly text: string;
  /** Written with `%`: never a keyword. */
  readonly isEscaped: boolean;
  /** Documentation comments before it, joined; empty when there are none. */
  readonly docs: string;
  readonly offset: number;
}

export interface TokenReader {
  peek(): Token;
  next(): Token;
  /** The version that follows. Only after a token was taken, before the next is looked at. */
  version(): string;
  placeOf(offset: number): Place;
  /** Throws REGISTRY_REJECTED — what is wrong, with line and column. */
  refuse(offset: number, message: string): never;
}

const BLANK = /\s+/y;
const WORD = /%?[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*/y;
const NUMBER = /[0-9]+/y;
const SYMBOL = /->|[{}()<>,;:=./@*_]/y;
/** Source: Semantic Versioning 2.0.0. What follows a version in WIT (`.{`) cannot be mistaken for a part of it. */
const VERSION =
  /[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?/y;

/** Throws REGISTRY_REJECTED — the text is too long; the reader throws it for what is not WIT. */
export function readTokens(text: string): TokenReader {
  if (text.length > TEXT_MAX_CHARS) {
    throw new HostError('REGISTRY_REJECTED', `the WIT text is longer than ${TEXT_MAX_CHARS} characters`);
  }
  let at = 0;
  let ahead: Token | undefined;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };

  /** Where each line begins; made when it is first asked for. */
  let lineStarts: number[] | undefined;

  const placeOf = (offset: number): Place => {
    lineStarts ??= [0, ...[...text.matchAll(/\n/g)].map((found) => found.index + 1)];
    let low = 0;
    for (let high = lineStarts.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if ((lineStarts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (lineStarts[low] as number) + 1 };
  };

  const refuse = (offset: number, message: string): never => {
    const place = placeOf(offset);
    throw new HostError('REGISTRY_REJECTED', `WIT text, ${place.line}:${place.column}: ${message}`, {
      place,
    });
  };

  /** Skips a block comment, which may hold others; returns what it says. */
  const blockComment = (): string => {
    const start = at;
    let depth = 0;
    do {
      const open = text.indexOf('/*', at);
      const close = text.indexOf('*/', at);
      if (close < 0) refuse(start, 'the comment does not end');
      const isOpening = open >= 0 && open < close;
      depth += isOpening ? 1 : -1;
      at = (isOpening ? open : close) + 2;
    } while (depth > 0);
    return text.slice(start + 2, at - 2);
  };

  /** Skips blanks and comments; returns the documentation among them. */
  const skip = (): string => {
    const docs: string[] = [];
    for (;;) {
      match(BLANK);
      if (text.startsWith('//', at)) {
        const end = text.indexOf('\n', at);
        const line = text.slice(at + 2, end < 0 ? text.length : end);
        at = end < 0 ? text.length : end;
        if (line.startsWith('/') && !line.startsWith('//'))
          docs.push(line.slice(1).replace(/^ /, '').trimEnd());
      } else if (text.startsWith('/*', at)) {
        const inner = blockComment();
        if (inner.startsWith('*') && inner.length > 1) {
          docs.push(
            ...inner
              .slice(1)
              .trim()
              .split('\n')
              .map((line) => line.trim().replace(/^\* ?/, '')),
          );
        }
      } else return docs.join('\n').trim();
    }
  };

  const read = (): Token => {
    const docs = skip();
    const offset = at;
    if (at >= text.length) return { kind: 'end', text: 'the end', isEscaped: false, docs, offset };
    const word = match(WORD);
    if (word !== undefined) {
      const isEscaped = word.startsWith('%');
      return { kind: 'word', text: isEscaped ? word.slice(1) : word, isEscaped, docs, offset };
    }
    const number = match(NUMBER);
    if (number !== undefined) return { kind: 'number', text: number, isEscaped: false, docs, offset };
    const symbol = match(SYMBOL);
    if (symbol !== undefined) return { kind: 'symbol', text: symbol, isEscaped: false, docs, offset };
    const code = text.codePointAt(at) ?? 0;
    return refuse(offset, `U+${code.toString(16).padStart(4, '0')} is not expected here`);
  };

  return {
    peek() {
      ahead ??= read();
      return ahead;
    },
    next() {
      const token = ahead ?? read();
      ahead = undefined;
      return token;
    },
    version() {
      match(BLANK);
      return match(VERSION) ?? refuse(at, 'expected a version like 1.2.3');
    },
    placeOf,
    refuse,
  };
}
