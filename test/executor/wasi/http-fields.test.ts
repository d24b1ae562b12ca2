import { describe, expect, it } from 'vitest';
import { GuestTrap } from '../../../host/executor/imports.ts';
import { FIELDS_MAX_BYTES, Fields } from '../../../host/executor/wasi/http-fields.ts';
import { createFakeCell, text, toText } from './fake-cell.ts';

const F = 'wasi:http/types#[method]fields.';
const OK = { tag: 'ok' };
const err = (tag: string) => ({ tag: 'err', val: { tag } });

const cell = createFakeCell();
const make = (entries: [string, Uint8Array][] = []) =>
  cell.call('wasi:http/types#[static]fields.from-list', entries).val as Fields;

describe('fields', () => {
  it('are found whatever the case of their names, and keep it', () => {
    const fields = make([
      ['Accept', text('a')],
      ['X-Other', text('b')],
    ]);
    expect(cell.call(`${F}append`, fields, 'accept', text('c'))).toEqual(OK);
    expect(cell.call(`${F}get`, fields, 'ACCEPT').map(toText)).toEqual(['a', 'c']);
    expect(cell.call(`${F}has`, fields, 'x-other')).toBe(true);
    expect(cell.call(`${F}entries`, fields).map(([name]: [string]) => name)).toEqual([
      'Accept',
      'X-Other',
      'accept',
    ]);
    expect(cell.call(`${F}set`, fields, 'aCCept', [text('d')])).toEqual(OK);
    expect(cell.call(`${F}get`, fields, 'accept').map(toText)).toEqual(['d']);
    expect(cell.call(`${F}delete`, fields, 'X-OTHER')).toEqual(OK);
    expect(cell.call(`${F}get`, fields, 'none')).toEqual([]);
    expect(cell.call(`${F}entries`, fields)).toEqual([['aCCept', text('d')]]);
  });

  it.each([
    ['a b', 'x'],
    ['a:b', 'x'],
    ['a\r\nb', 'x'],
    ['', 'x'],
    ['ü', 'x'],
    ['a', 'x\r\nInjected: yes'],
    ['a', 'x\ny'],
    ['a', 'x\0'],
    ['a', '\x7f'],
  ])('do not take %j: %j, which would break the message', (name, value) => {
    const fields = make();
    expect(cell.call(`${F}append`, fields, name, text(value))).toEqual(err('invalid-syntax'));
    expect(cell.call(`${F}set`, fields, name, [text('fine'), text(value)])).toEqual(err('invalid-syntax'));
    expect(cell.call('wasi:http/types#[static]fields.from-list', [[name, text(value)]])).toEqual(
      err('invalid-syntax'),
    );
    expect(cell.call(`${F}entries`, fields)).toEqual([]);
  });

  it('take tabs and bytes above ASCII in values', () => {
    expect(cell.call(`${F}append`, make(), 'a', Uint8Array.of(9, 0x20, 0x80, 0xff))).toEqual(OK);
  });

  it.each([
    'Connection',
    'HOST',
    'keep-alive',
    'proxy-authorization',
    'Proxy-Anything',
    'transfer-encoding',
    'upgrade',
    'te',
    'trailer',
    'expect',
    'http2-settings',
  ])('leave %s to the host', (name) => {
    const fields = make();
    expect(cell.call(`${F}append`, fields, name, text('x'))).toEqual(err('forbidden'));
    expect(cell.call(`${F}set`, fields, name, [])).toEqual(err('forbidden'));
    expect(cell.call(`${F}delete`, fields, name)).toEqual(err('forbidden'));
  });

  it('of a message that exists cannot be changed; a clone can', () => {
    const original = new Fields(cell.context, [{ name: 'a', value: text('b') }], false);
    expect(cell.call(`${F}append`, original, 'c', text('d'))).toEqual(err('immutable'));
    expect(cell.call(`${F}set`, original, 'a', [])).toEqual(err('immutable'));
    expect(cell.call(`${F}delete`, original, 'a')).toEqual(err('immutable'));
    const clone = cell.call(`${F}clone`, original);
    expect(cell.call(`${F}append`, clone, 'c', text('d'))).toEqual(OK);
    expect(cell.call(`${F}entries`, clone)).toHaveLength(2);
    expect(cell.call(`${F}entries`, original)).toHaveLength(1);
  });

  it('are bounded in one object, and in all together', () => {
    const fields = make();
    expect(() => cell.call(`${F}append`, fields, 'a', new Uint8Array(FIELDS_MAX_BYTES).fill(65))).toThrow(
      GuestTrap,
    );
    expect(() => {
      for (;;) cell.call(`${F}append`, fields, 'a', new Uint8Array(0));
    }).toThrow(GuestTrap);
    expect(() => {
      for (;;) cell.call(`${F}clone`, fields);
    }).toThrow(GuestTrap);
  });

  it('are counted until they are dropped, whatever was done to them', () => {
    const one = createFakeCell();
    const fields = one.call('wasi:http/types#[constructor]fields');
    one.call(`${F}append`, fields, 'a', text('value'));
    one.call(`${F}set`, fields, 'a', [text('b'), text('longer value')]);
    one.call(`${F}set`, fields, 'c', [text('d')]);
    one.call(`${F}delete`, fields, 'a');
    const clone = one.call(`${F}clone`, fields);
    one.call('wasi:http/types#[static]fields.from-list', [
      ['fine', text('x')],
      ['not fine', text('x')],
    ]);
    one.drop('wasi:http/types#fields', fields);
    one.drop('wasi:http/types#fields', clone);
    expect(one.heldBytes()).toBe(0);
  });
});
