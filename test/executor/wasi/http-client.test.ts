import { describe, expect, it } from 'vitest';
import { ServiceFailure } from '../../../host/service-failure.ts';
import { createFakeCell, type FakeCell, text, toText } from './fake-cell.ts';

const H = 'wasi:http/types#';
const IN = 'wasi:io/streams#[method]input-stream.';
const OUT = 'wasi:io/streams#[method]output-stream.';
const OK = { tag: 'ok' };
const CLOSED = { tag: 'err', val: { tag: 'closed' } };
const HTTP = {
  http: {
    hosts: ['api.example.org'],
    methods: ['GET', 'POST'],
    plain: false,
    privateRanges: [],
    requestMaxBytes: 1000,
    responseMaxBytes: 1000,
    callMaxRequests: 10,
    timeoutMs: 1000,
  },
} as const;

type Answers = Readonly<Record<string, (argument: never) => unknown>>;

/** A host that answers each method by a function; what throws is rejected. */
function stage(answers: Answers): FakeCell {
  return createFakeCell({
    grants: HTTP,
    service: async (method, argument) => {
      const answer = answers[method];
      if (!answer) throw new Error(`nobody answers ${method}`);
      return answer(argument as never);
    },
  });
}

const pieces = (...list: string[]) => {
  const rest = [...list];
  return () => {
    const piece = rest.shift();
    return piece === undefined
      ? { end: true, trailers: [{ name: 't', value: text('v') }] }
      : { bytes: text(piece) };
  };
};

const WELL: Answers = {
  'http.open': () => ({ id: 7 }),
  'http.write': () => undefined,
  'http.finish': () => undefined,
  'http.response': () => ({ status: 201, headers: [{ name: 'X', value: text('y') }] }),
  'http.read': pieces('hello', ' world'),
  'http.close': () => undefined,
};

function request(cell: FakeCell, headers: [string, string][] = []) {
  const fields = cell.call(
    `${H}[static]fields.from-list`,
    headers.map(([name, value]) => [name, text(value)]),
  ).val;
  const made = cell.call(`${H}[constructor]outgoing-request`, fields);
  expect(cell.call(`${H}[method]outgoing-request.set-method`, made, { tag: 'post' })).toEqual(OK);
  expect(cell.call(`${H}[method]outgoing-request.set-authority`, made, 'api.example.org')).toEqual(OK);
  expect(cell.call(`${H}[method]outgoing-request.set-path-with-query`, made, '/a?b=c')).toEqual(OK);
  return made;
}

const send = (cell: FakeCell, made: unknown, options?: unknown) =>
  cell.call('wasi:http/outgoing-handler#handle', made, options);

/** Waits for the response as a guest does. */
async function responseOf(cell: FakeCell, future: unknown) {
  const pollable = cell.call(`${H}[method]future-incoming-response.subscribe`, future);
  await cell.call('wasi:io/poll#[method]pollable.block', pollable);
  cell.drop('wasi:io/poll#pollable', pollable);
  return cell.call(`${H}[method]future-incoming-response.get`, future).val;
}

const methodsOf = (cell: FakeCell): string[] => cell.asked.map(({ method }) => method);
const settle = (cell: FakeCell): Promise<void> => cell.clock.advance(0);

describe('a request', () => {
  it('is opened, its body written while the guest goes on, its response read to the end and its trailers', async () => {
    const cell = stage({ ...WELL, 'http.read': pieces('hello', ' world') });
    const made = request(cell, [['A', 'b']]);
    const body = cell.call(`${H}[method]outgoing-request.body`, made).val;
    expect(cell.call(`${H}[method]outgoing-request.body`, made)).toEqual({ tag: 'err' });
    const { val: future } = send(cell, made);
    expect(cell.call(`${H}[method]future-incoming-response.get`, future)).toBeUndefined();
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    expect(cell.call(`${H}[method]outgoing-body.write`, body)).toEqual({ tag: 'err' });
    expect(await cell.call(`${OUT}blocking-write-and-flush`, output, text('one'))).toEqual(OK);
    cell.call(`${OUT}check-write`, output);
    cell.call(`${OUT}write`, output, text(' two'));
    cell.drop('wasi:io/streams#output-stream', output);
    expect(cell.call(`${H}[static]outgoing-body.finish`, body, undefined)).toEqual(OK);
    const response = (await responseOf(cell, future)).val;
    cell.drop(`${H}future-incoming-response`, future);
    expect(cell.call(`${H}[method]incoming-response.status`, response)).toBe(201);
    const headers = cell.call(`${H}[method]incoming-response.headers`, response);
    expect(cell.call(`${H}[method]fields.get`, headers, 'x').map(toText)).toEqual(['y']);
    cell.drop(`${H}fields`, headers);
    const incoming = cell.call(`${H}[method]incoming-response.consume`, response).val;
    expect(cell.call(`${H}[method]incoming-response.consume`, response)).toEqual({ tag: 'err' });
    cell.drop(`${H}incoming-response`, response);
    const input = cell.call(`${H}[method]incoming-body.stream`, incoming).val;
    expect(cell.call(`${H}[method]incoming-body.stream`, incoming)).toEqual({ tag: 'err' });
    let read = '';
    for (;;) {
      const result = await cell.call(`${IN}blocking-read`, input, 4n);
      if (result.tag === 'err') {
        expect(result).toEqual(CLOSED);
        break;
      }
      read += toText(result.val);
    }
    expect(read).toBe('hello world');
    cell.drop('wasi:io/streams#input-stream', input);
    const trailers = cell.call(`${H}[static]incoming-body.finish`, incoming);
    const fields = cell.call(`${H}[method]future-trailers.get`, trailers).val.val;
    expect(cell.call(`${H}[method]fields.get`, fields, 't').map(toText)).toEqual(['v']);
    expect(cell.call(`${H}[method]future-trailers.get`, trailers)).toEqual({ tag: 'err' });
    cell.drop(`${H}fields`, fields);
    cell.drop(`${H}future-trailers`, trailers);
    await settle(cell);
    expect(cell.heldBytes()).toBe(0);
    expect(methodsOf(cell).at(-1)).toBe('http.close');
    expect(cell.asked[0]).toEqual({
      method: 'http.open',
      argument: {
        method: 'POST',
        scheme: 'https',
        authority: 'api.example.org',
        pathWithQuery: '/a?b=c',
        headers: [{ name: 'A', value: text('b') }],
        hasBody: true,
        bodyBytes: undefined,
        connectTimeoutMs: undefined,
        firstByteTimeoutMs: undefined,
        betweenBytesTimeoutMs: undefined,
      },
    });
    const written = cell.asked.filter(({ method }) => method === 'http.write');
    expect(written.map(({ argument }) => toText((argument as { bytes: Uint8Array }).bytes)).join('')).toBe(
      'one two',
    );
    expect(methodsOf(cell).filter((method) => method === 'http.finish')).toHaveLength(1);
  });

  it('whose body is written before it is sent has a known length', async () => {
    const cell = stage(WELL);
    const made = request(cell);
    const body = cell.call(`${H}[method]outgoing-request.body`, made).val;
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    for (const piece of ['1', '', '23', '4', '5']) {
      expect(cell.call(`${OUT}blocking-write-and-flush`, output, text(piece))).toEqual(OK);
    }
    cell.call(`${H}[static]outgoing-body.finish`, body, undefined);
    send(cell, made);
    await settle(cell);
    expect(cell.asked[0]?.argument).toMatchObject({ hasBody: true, bodyBytes: 5 });
    // The pieces of the guest are one: each by itself would cost the host far more than its bytes.
    const written = cell.asked.filter(({ method }) => method === 'http.write');
    expect(written.map(({ argument }) => argument)).toEqual([{ id: 7, bytes: text('12345') }]);
    expect(methodsOf(cell).filter((method) => method !== 'http.response')).toEqual([
      'http.open',
      'http.write',
      'http.finish',
    ]);
  });

  it('has the timeouts of its options in milliseconds, never none for a short one', async () => {
    const cell = stage(WELL);
    const options = cell.call(`${H}[constructor]request-options`);
    for (const [name, ns] of [
      ['connect', 1n],
      ['first-byte', 5_000_000n],
      ['between-bytes', undefined],
    ] as const) {
      expect(cell.call(`${H}[method]request-options.set-${name}-timeout`, options, ns)).toEqual(OK);
      expect(cell.call(`${H}[method]request-options.${name}-timeout`, options)).toBe(ns);
    }
    send(cell, request(cell), options);
    expect(cell.asked[0]?.argument).toMatchObject({
      hasBody: false,
      connectTimeoutMs: 1,
      firstByteTimeoutMs: 5,
      betweenBytesTimeoutMs: undefined,
    });
  });

  it('leaves out the headers of another connection, and says its length beside them', () => {
    const cell = stage(WELL);
    const made = request(cell, [['Content-Length', '3']]);
    cell.call(`${H}[method]outgoing-request.body`, made);
    send(cell, made);
    expect(cell.asked[0]?.argument).toMatchObject({ headers: [], bodyBytes: 3 });
  });

  it.each([
    ['set-path-with-query', 'a b'],
    ['set-path-with-query', '/a\r\nX: y'],
    ['set-path-with-query', '/a#b'],
    ['set-path-with-query', 'http://else.example/'],
    ['set-authority', 'user@host'],
    ['set-authority', 'host/path'],
    ['set-authority', 'a\r\nb'],
    ['set-authority', ''],
    ['set-method', { tag: 'other', val: 'GET / HTTP/1.1\r\n' }],
    ['set-method', { tag: 'other', val: '' }],
    ['set-scheme', { tag: 'other', val: 'a b' }],
  ])('refuses %s %j', (setter, value) => {
    const cell = stage(WELL);
    expect(cell.call(`${H}[method]outgoing-request.${setter}`, request(cell), value)).toEqual({ tag: 'err' });
  });

  it('shows what was set', () => {
    const cell = stage(WELL);
    const made = request(cell);
    const get = (name: string) => cell.call(`${H}[method]outgoing-request.${name}`, made);
    expect([get('method'), get('path-with-query'), get('authority'), get('scheme')]).toEqual([
      { tag: 'post' },
      '/a?b=c',
      'api.example.org',
      undefined,
    ]);
    cell.call(`${H}[method]outgoing-request.set-scheme`, made, { tag: 'HTTP' });
    expect(get('scheme')).toEqual({ tag: 'HTTP' });
    expect(cell.call(`${H}[method]fields.append`, get('headers'), 'a', text('b'))).toMatchObject({
      tag: 'err',
    });
  });

  it('to nowhere, or by something that is not HTTP, is not sent', () => {
    const cell = stage(WELL);
    const nowhere = cell.call(`${H}[constructor]outgoing-request`, cell.call(`${H}[constructor]fields`));
    expect(send(cell, nowhere)).toEqual({ tag: 'err', val: { tag: 'HTTP-request-URI-invalid' } });
    const made = request(cell);
    cell.call(`${H}[method]outgoing-request.set-scheme`, made, { tag: 'other', val: 'gopher' });
    expect(send(cell, made)).toMatchObject({ tag: 'err' });
    expect(cell.asked).toEqual([]);
    expect(cell.heldBytes()).toBe(0);
  });
});

describe('a failure', () => {
  const fails = (code: ConstructorParameters<typeof ServiceFailure>[0]) => () => {
    throw new ServiceFailure(code, 'why');
  };

  it.each([
    ['http.open', 'denied', 'HTTP-request-denied'],
    ['http.open', 'quota', 'connection-limit-reached'],
    ['http.open', 'invalid', 'internal-error'],
    ['http.response', 'timeout', 'HTTP-response-timeout'],
    ['http.response', 'failed', 'destination-unavailable'],
    ['http.response', 'too-large', 'HTTP-request-body-size'],
  ] as const)('of %s as %s is told as %s', async (method, code, tag) => {
    const cell = stage({ ...WELL, [method]: fails(code) });
    const { val: future } = send(cell, request(cell));
    expect(await responseOf(cell, future)).toMatchObject({ tag: 'err', val: { tag } });
    expect(cell.call(`${H}[method]future-incoming-response.get`, future)).toEqual({ tag: 'err' });
  });

  it('of the response body is told by its stream', async () => {
    const cell = stage({ ...WELL, 'http.read': fails('too-large') });
    const response = (await responseOf(cell, send(cell, request(cell)).val)).val;
    const body = cell.call(`${H}[method]incoming-response.consume`, response).val;
    const input = cell.call(`${H}[method]incoming-body.stream`, body).val;
    const { val } = await cell.call(`${IN}blocking-read`, input, 4n);
    expect(cell.call(`${H}http-error-code`, val.val)).toEqual({
      tag: 'HTTP-response-body-size',
      val: undefined,
    });
    expect(await cell.call(`${IN}blocking-read`, input, 4n)).toEqual(CLOSED);
  });

  it('of the request body is told by its stream', async () => {
    const cell = stage({ ...WELL, 'http.write': fails('timeout') });
    const made = request(cell);
    const body = cell.call(`${H}[method]outgoing-request.body`, made).val;
    send(cell, made);
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    const { val } = await cell.call(`${OUT}blocking-write-and-flush`, output, text('x'));
    expect(cell.call(`${H}http-error-code`, val.val)).toEqual({ tag: 'connection-write-timeout' });
  });

  it('of the host itself ends the cell when the guest asks', async () => {
    const cell = stage({
      ...WELL,
      'http.response': () => {
        throw new Error('an error of the host');
      },
    });
    const { val: future } = send(cell, request(cell));
    await settle(cell);
    expect(() => cell.call(`${H}[method]future-incoming-response.get`, future)).toThrow(
      'an error of the host',
    );
  });
});

describe('a body', () => {
  it('that is not as long as declared fails, and gives the request up', async () => {
    const cell = stage(WELL);
    const made = request(cell, [['content-length', '3']]);
    const body = cell.call(`${H}[method]outgoing-request.body`, made).val;
    send(cell, made);
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    const { val } = await cell.call(`${OUT}blocking-write-and-flush`, output, text('four'));
    expect(cell.call(`${H}http-error-code`, val.val)).toEqual({ tag: 'HTTP-request-body-size', val: 4n });
    expect(cell.call(`${H}[static]outgoing-body.finish`, body, undefined)).toEqual({
      tag: 'err',
      val: { tag: 'HTTP-request-body-size', val: 0n },
    });
    await settle(cell);
    expect(methodsOf(cell)).toContain('http.close');
    expect(methodsOf(cell)).not.toContain('http.write');
  });

  it('that is dropped before its end gives the request up', async () => {
    const cell = stage(WELL);
    const made = request(cell);
    const body = cell.call(`${H}[method]outgoing-request.body`, made).val;
    send(cell, made);
    cell.drop(`${H}outgoing-body`, body);
    await settle(cell);
    expect(methodsOf(cell)).toContain('http.close');
    expect(methodsOf(cell)).not.toContain('http.finish');
  });

  it('waits for a host that is slow, and holds a window at most', async () => {
    let release = (): void => undefined;
    const cell = stage({
      ...WELL,
      'http.write': () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    });
    const made = request(cell);
    const body = cell.call(`${H}[method]outgoing-request.body`, made).val;
    send(cell, made);
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    cell.call(`${OUT}check-write`, output);
    cell.call(`${OUT}write`, output, new Uint8Array(65_536));
    await settle(cell);
    expect(cell.call(`${OUT}check-write`, output)).toEqual({ tag: 'ok', val: 0n });
    const pollable = cell.call(`${OUT}subscribe`, output);
    const waiting = cell.call('wasi:io/poll#poll', [pollable]);
    release();
    expect(await waiting).toEqual([0]);
    expect(cell.call(`${OUT}check-write`, output)).toEqual({ tag: 'ok', val: 65_536n });
  });

  it('that nobody reads is closed with its response', async () => {
    const cell = stage(WELL);
    const future = send(cell, request(cell)).val;
    await settle(cell);
    cell.drop(`${H}future-incoming-response`, future);
    await settle(cell);
    expect(methodsOf(cell)).toEqual(['http.open', 'http.response', 'http.close']);
    expect(cell.heldBytes()).toBe(0);
  });

  it('that was not read to its end is, for its trailers', async () => {
    const cell = stage({ ...WELL, 'http.read': pieces('a', 'b', 'c') });
    const response = (await responseOf(cell, send(cell, request(cell)).val)).val;
    const body = cell.call(`${H}[method]incoming-response.consume`, response).val;
    const trailers = cell.call(`${H}[static]incoming-body.finish`, body);
    const pollable = cell.call(`${H}[method]future-trailers.subscribe`, trailers);
    await cell.call('wasi:io/poll#[method]pollable.block', pollable);
    expect(cell.call(`${H}[method]future-trailers.get`, trailers)).toMatchObject({
      tag: 'ok',
      val: { tag: 'ok' },
    });
  });
});
