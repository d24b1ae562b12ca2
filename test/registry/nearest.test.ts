import { describe, expect, it } from 'vitest';
import { nearestFirst } from '../../host/registry/nearest.ts';

describe('names near to one that does not exist', () => {
  it('come first', () => {
    const names = ['copybook', 'cipher', 'echo', 'hello-js'];
    expect(nearestFirst('ehco', names)[0]).toBe('echo');
    expect(nearestFirst('HELLO', names)[0]).toBe('hello-js');
    expect(nearestFirst('cypher', names)[0]).toBe('cipher');
    expect(nearestFirst('cobybooks', names)[0]).toBe('copybook');
  });

  it('are all there, in order of name when nothing is alike', () => {
    expect(nearestFirst('~', ['b', 'a'])).toEqual(['a', 'b']);
    expect(nearestFirst('', [])).toEqual([]);
  });
});
