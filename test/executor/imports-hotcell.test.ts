import { describe, expect, it } from 'vitest';
import { ServiceFailure, type ServiceFailureCode } from '../../host/service-failure.ts';
import { createFakeCell, text } from './wasi/fake-cell.ts';

const C = 'hotcell:capabilities/';

describe('settings and secrets', () => {
  const cell = createFakeCell({ grants: { config: { color: 'red' }, secrets: { key: 'hidden' } } });

  it('are found by name, and each in its own place', () => {
    expect(cell.call(`${C}config#get`, 'color')).toBe('red');
    expect(cell.call(`${C}secrets#get`, 'key')).toBe('hidden');
    expect(cell.call(`${C}config#get`, 'key')).toBeUndefined();
    expect(cell.call(`${C}secrets#get`, 'color')).toBeUndefined();
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'do not have what every object has: %s',
    (name) => {
      expect(cell.call(`${C}config#get`, name)).toBeUndefined();
      expect(cell.call(`${C}secrets#get`, name)).toBeUndefined();
    },
  );
});

it('log writes lines with their level', () => {
  const cell = createFakeCell({ grants: { log: { level: 'info', callMaxBytes: 100 } } });
  cell.call(`${C}log#write`, 'warn', 'a line');
  expect(cell.logged).toEqual(['warn: a line']);
});

describe('the key-value store', () => {
  it('is asked as the guest asks, and answers as the interface says', async () => {
    const answers: Record<string, unknown> = {
      'kv.get': { value: text('v') },
      'kv.set': undefined,
      'kv.delete': { deleted: true },
      'kv.list': { keys: ['a', 'b'] },
      'kv.increment': { value: 5n },
    };
    const cell = createFakeCell({ service: async (method) => answers[method] });
    expect(await cell.call(`${C}kv#get`, 'k')).toEqual({ tag: 'ok', val: text('v') });
    expect(await cell.call(`${C}kv#set`, 'k', text('v'))).toEqual({ tag: 'ok' });
    expect(await cell.call(`${C}kv#delete`, 'k')).toEqual({ tag: 'ok', val: true });
    expect(await cell.call(`${C}kv#list`, 'p', undefined)).toEqual({ tag: 'ok', val: ['a', 'b'] });
    expect(await cell.call(`${C}kv#increment`, 'k', 2n)).toEqual({ tag: 'ok', val: 5n });
    expect(cell.asked.map(({ argument }) => argument)).toEqual([
      { key: 'k' },
      { key: 'k', value: text('v') },
      { key: 'k' },
      { prefix: 'p', after: undefined },
      { key: 'k', by: 2n },
    ]);
  });

  it.each([
    ['quota', { tag: 'quota' }],
    ['invalid', { tag: 'invalid', val: 'why' }],
    ['unavailable', { tag: 'unavailable', val: 'why' }],
    ['timeout', { tag: 'unavailable', val: 'why' }],
  ] as const)('that fails as %s says so', async (code, error) => {
    const cell = createFakeCell({ service: () => Promise.reject(new ServiceFailure(code, 'why')) });
    for (const [name, ...values] of [
      ['get', 'k'],
      ['set', 'k', text('v')],
      ['delete', 'k'],
      ['list', 'p', 'a'],
      ['increment', 'k', 1n],
    ])
      expect(await cell.call(`${C}kv#${name}`, ...values)).toEqual({ tag: 'err', val: error });
  });

  it('that breaks ends the cell', async () => {
    const cell = createFakeCell({ service: () => Promise.reject(new Error('broken')) });
    await expect(cell.call(`${C}kv#get`, 'k')).rejects.toThrow('broken');
  });
});

describe('requests', () => {
  const request = {
    method: 'GET',
    url: 'https://api.example.org/',
    headers: [{ name: 'a', value: text('b') }],
    body: undefined,
    'timeout-ms': 50,
  };

  it('are sent as the guest made them', async () => {
    const response = { status: 200, headers: [], body: text('hi') };
    // What more is known stays with the host.
    const service = async () => ({ ...response, truncated: false, url: 'https://api.example.org/' });
    const cell = createFakeCell({ service });
    expect(await cell.call(`${C}http#send`, request)).toEqual({ tag: 'ok', val: response });
    const { 'timeout-ms': timeoutMs, ...rest } = request;
    expect(cell.asked).toEqual([{ method: 'http.send', argument: { ...rest, timeoutMs } }]);
  });

  it('with limits of their own are sent with these, and say more of what came', async () => {
    const page = {
      status: 200,
      headers: [],
      body: text('hi'),
      truncated: true,
      url: 'https://api.example.org/',
    };
    const cell = createFakeCell({ service: async () => page });
    const limits = { 'redirects-max': 0, 'body-max-bytes': 2 };
    expect(await cell.call(`${C}http#fetch`, request, limits)).toEqual({ tag: 'ok', val: page });
    expect(cell.asked).toMatchObject([
      { method: 'http.send', argument: { redirectsMax: 0, bodyMaxBytes: 2, timeoutMs: 50 } },
    ]);
  });

  const told: Readonly<Record<ServiceFailureCode, object>> = {
    denied: { tag: 'denied', val: 'why' },
    invalid: { tag: 'invalid', val: 'why' },
    'too-large': { tag: 'too-large', val: 'why' },
    timeout: { tag: 'timeout' },
    failed: { tag: 'failed', val: 'why' },
    quota: { tag: 'denied', val: 'why' },
    unavailable: { tag: 'failed', val: 'why' },
  };
  it.each(Object.keys(told) as ServiceFailureCode[])('that fail as %s say so', async (code) => {
    const cell = createFakeCell({ service: () => Promise.reject(new ServiceFailure(code, 'why')) });
    expect(await cell.call(`${C}http#send`, request)).toEqual({ tag: 'err', val: told[code] });
  });
});
