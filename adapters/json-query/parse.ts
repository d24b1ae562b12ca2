/**
 * A query → a tree, by the strength with which operators bind.
 *
 * After a projection (`[*]`, `*`, `[]`, a slice, a filter) what follows is done for each item, up to a pipe or an operator: it becomes the
 * right side of the projection.
 * Source: the grammar and the specification of JMESPath.
 */

import { advance, openTokens, peekToken, Token, token, tokenAt, tokenNumber, tokenValue } from './tokens';
import { ABSENT, Case, fail, failed, Node, Op } from './value';

/** Brackets, operators and parts within each other: what walks the tree recurses. */
const DEPTH_MAX: i32 = 100;
/** Parts that follow each other are within each other too: the last one holds all before it. */
const HEIGHT_MAX: i32 = 300;
let depth: i32 = 0;

export function parseQuery(at: usize, length: i32): Node {
  depth = 0;
  openTokens(at, length);
  const node = parse(0);
  if (!failed && token != Token.End) return unexpected('the query should end here');
  return node;
}

/** How strongly a token holds what stands before it. Projections end where it is below 10. */
function strength(kind: Token): i32 {
  switch (kind) {
    case Token.Pipe: return 1;
    case Token.Or: return 2;
    case Token.And: return 3;
    case Token.Less: case Token.LessEqual: case Token.Greater: case Token.GreaterEqual: case Token.Equal: case Token.Unequal: return 5;
    case Token.Flatten: return 9;
    case Token.Star: return 20;
    case Token.Filter: return 21;
    case Token.Dot: return 40;
    case Token.Not: return 45;
    case Token.OpenBrace: return 50;
    case Token.OpenBracket: return 55;
    case Token.OpenParen: return 60;
    default: return 0;
  }
}

function unexpected(message: string): Node {
  fail(Case.Syntax, token == Token.End ? 'the query ends too early' : message, tokenAt);
  return new Node(Op.Current, tokenAt);
}

function expect(kind: Token, message: string): void {
  if (failed) return;
  if (token != kind) unexpected(message);
  else advance();
}

function make(op: Op, at: i32, left: Node | null, right: Node | null): Node {
  const node = new Node(op, at);
  node.left = left;
  node.right = right;
  if (left != null) rise(node, left);
  if (right != null) rise(node, right);
  return node;
}

function rise(node: Node, part: Node): void {
  node.height = max(node.height, part.height + 1);
}

function add(node: Node, part: Node): void {
  node.children.push(part);
  rise(node, part);
}

function parse(power: i32): Node {
  if (++depth > DEPTH_MAX) {
    fail(Case.TooLarge, 'the query is nested deeper than ' + DEPTH_MAX.toString(), tokenAt);
    return new Node(Op.Current, tokenAt);
  }
  let left = parseFirst();
  while (!failed && power < strength(token)) {
    left = parseNext(left);
    if (left.height > HEIGHT_MAX) fail(Case.TooLarge, 'the query has more than ' + HEIGHT_MAX.toString() + ' parts in each other', left.at);
  }
  depth--;
  return left;
}

function parseFirst(): Node {
  const at = tokenAt;
  const kind = token;
  const value = tokenValue;
  const current = new Node(Op.Current, at);
  switch (kind) {
    case Token.Name: case Token.Quoted: {
      advance();
      const node = new Node(Op.Field, at);
      node.value = value;
      if (kind == Token.Quoted && token == Token.OpenParen) return unexpected('a function has no quotes');
      return node;
    }
    case Token.Literal: {
      advance();
      const node = new Node(Op.Literal, at);
      node.value = value;
      return node;
    }
    case Token.At:
      advance();
      return current;
    case Token.Star:
      advance();
      return make(Op.Values, at, current, token == Token.CloseBracket ? current : parseRest(20));
    case Token.Filter: case Token.Flatten:
      return parseNext(current);
    case Token.OpenBrace:
      advance();
      return parseObject(at);
    case Token.OpenBracket: {
      const second = peekToken();
      if (failed) return current;
      if (second == Token.Number || second == Token.Colon) return parseNext(current);
      advance();
      if (token == Token.Star && peekToken() == Token.CloseBracket) {
        advance();
        advance();
        return make(Op.Project, at, current, parseRest(20));
      }
      return parseList(at);
    }
    case Token.Ampersand:
      advance();
      return make(Op.Expression, at, parse(0), null);
    case Token.Not:
      advance();
      return make(Op.Not, at, parse(45), null);
    case Token.OpenParen: {
      advance();
      const node = parse(0);
      expect(Token.CloseParen, 'a closing parenthesis is expected');
      return node;
    }
    default:
      return unexpected('a name, a bracket or a literal is expected');
  }
}

function parseNext(left: Node): Node {
  const at = tokenAt;
  const kind = token;
  if (kind == Token.OpenParen && left.op != Op.Field) return unexpected('only a name can be called');
  advance();
  switch (kind) {
    case Token.Dot: {
      if (token != Token.Star) return make(Op.Sub, at, left, parseAfterDot(40));
      advance();
      return make(Op.Values, at, left, parseRest(40));
    }
    case Token.Pipe:
      return make(Op.Pipe, at, left, parse(1));
    case Token.Or:
      return make(Op.Or, at, left, parse(2));
    case Token.And:
      return make(Op.And, at, left, parse(3));
    case Token.OpenParen:
      return parseCall(left);
    case Token.Filter: {
      const condition = parse(0);
      expect(Token.CloseBracket, 'a closing bracket is expected');
      const node = make(Op.Filter, at, left, token == Token.Flatten ? new Node(Op.Current, at) : parseRest(21));
      node.condition = condition;
      rise(node, condition);
      return node;
    }
    case Token.Flatten:
      return make(Op.Project, at, make(Op.Flatten, at, left, null), parseRest(9));
    case Token.OpenBracket: {
      if (token == Token.Number || token == Token.Colon) return parseIndex(left, at);
      expect(Token.Star, 'an index, a slice or * is expected');
      expect(Token.CloseBracket, 'a closing bracket is expected');
      return make(Op.Project, at, left, parseRest(20));
    }
    default: {
      if (strength(kind) != 5) return unexpected('an operator is expected');
      const node = make(Op.Compare, at, left, parse(5));
      node.first = kind;
      return node;
    }
  }
}

/** What is done for each item of a projection. */
function parseRest(power: i32): Node {
  if (failed || strength(token) < 10) return new Node(Op.Current, tokenAt);
  if (token == Token.OpenBracket || token == Token.Filter) return parse(power);
  if (token != Token.Dot) return unexpected('a dot, a bracket or the end is expected');
  advance();
  return parseAfterDot(power);
}

function parseAfterDot(power: i32): Node {
  const at = tokenAt;
  if (token == Token.Name || token == Token.Quoted || token == Token.Star) return parse(power);
  if (token == Token.OpenBracket) {
    advance();
    return parseList(at);
  }
  if (token == Token.OpenBrace) {
    advance();
    return parseObject(at);
  }
  return unexpected('a name, *, [ or { is expected after a dot');
}

function parseIndex(left: Node, at: i32): Node {
  const node = new Node(token == Token.Colon || peekToken() == Token.Colon ? Op.Slice : Op.Index, at);
  if (node.op == Op.Index) {
    node.first = tokenNumber;
    advance();
    expect(Token.CloseBracket, 'a closing bracket is expected');
    return make(Op.Sub, at, left, node);
  }
  node.first = node.second = node.third = ABSENT;
  for (let part = 0; part < 3 && !failed && token != Token.CloseBracket; part++) {
    if (token == Token.Number) {
      if (part == 0) node.first = tokenNumber;
      else if (part == 1) node.second = tokenNumber;
      else node.third = tokenNumber;
      if (part == 2 && tokenNumber == 0) return unexpected('the step of a slice is not 0');
      advance();
    }
    if (token == Token.Colon && part < 2) advance();
    else break;
  }
  expect(Token.CloseBracket, 'a number, a colon or a closing bracket is expected');
  return make(Op.Project, at, make(Op.Sub, at, left, node), parseRest(20));
}

/** Behind the opening bracket. */
function parseList(at: i32): Node {
  const node = new Node(Op.List, at);
  while (!failed) {
    add(node, parse(0));
    if (token != Token.Comma) break;
    advance();
  }
  expect(Token.CloseBracket, 'a comma or a closing bracket is expected');
  return node;
}

/** Behind the opening brace. */
function parseObject(at: i32): Node {
  const node = new Node(Op.Object, at);
  while (!failed) {
    if (token != Token.Name && token != Token.Quoted) return unexpected('a name is expected');
    node.names.push(tokenValue);
    advance();
    expect(Token.Colon, 'a colon is expected');
    add(node, parse(0));
    if (token != Token.Comma) break;
    advance();
  }
  expect(Token.CloseBrace, 'a comma or a closing brace is expected');
  return node;
}

/** Behind the opening parenthesis. */
function parseCall(name: Node): Node {
  const node = new Node(Op.Call, name.at);
  node.value = name.value;
  while (!failed && token != Token.CloseParen) {
    add(node, parse(0));
    if (token != Token.Comma) break;
    advance();
    if (token == Token.CloseParen) return unexpected('an argument is expected');
  }
  expect(Token.CloseParen, 'a comma or a closing parenthesis is expected');
  return node;
}
