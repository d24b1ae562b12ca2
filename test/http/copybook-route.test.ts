/** `/v1/copybook`: forms whose data streams, rows that stream back, and that what is not whole never ends cleanly. */

import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { createCopybook } from '../../host/copybook/copybook.ts';
import { HostError } from '../../host/errors.ts';
import { createHttpApp, type HttpApp } from '../../host/http/http.ts';
import {
  createFakeCells,
  type FakeCells,
  fixedRecords,
  INVALID,
  lines,
  range,
  variableRecords,
} from '../copybook/fake-cells.ts';
import { createBench, createFakeHost, type FakeHost, httpOptions, multipart } from './fake-host.ts';

const MiB = 1024 * 1024;
const LIMIT = 12 * MiB;

let cells: FakeCells;
let fake: FakeHost;
let http: HttpApp;
let url: string;
let agent: Agent;
let closedCount: number;

beforeEach(async () => {
  cells = createFakeCells();
  fake = createFakeHost();
  closedCount = 0;
  http = await createHttpApp(fake.host, {
    ...httpOptions(createFakeClock()),
    copybook: {
      streamMaxBytes: LIMIT,
      streamIdleMs: 30_000,
      open(asked) {
        const codec = createCopybook({ ...asked, host: cells.host });
        return {
          ...codec,
          async close() {
            closedCount++;
            await codec.close();
          },
        };
      },
    },
  });
  url = await http.app.listen({ host: '127.0.0.1', port: 0 });
  agent = new Agent();
});
afterEach(async () => {
  await agent.destroy();
  await http.close();
});

type Headers = Record<string, string>;
type Field = readonly [name: string, value: Uint8Array | string];
const FORM = { 'content-type': 'multipart/form-data; boundary=cut' };
const form = (...fields: Field[]): Buffer =>
  multipart(
    'cut',
    fields.map(([name, value]) => [`Content-Disposition: form-data; name="${name}"`, value] as const),
  );
const post = (what: string, body: Uint8Array | Readable, headers: Headers = {}) =>
  request(`${url}/v1/copybook/${what}`, {
    method: 'POST',
    body,
    headers: { ...FORM, ...headers },
    dispatcher: agent,
  });
type Reply = Awaited<ReturnType<typeof post>>;

/** Reads a reply to its end: its bytes, or that it was cut. */
async function read(reply: Reply) {
  const parts: Buffer[] = [];
  try {
    for await (const part of reply.body) parts.push(part as Buffer);
    return { status: reply.statusCode, bytes: Buffer.concat(parts), isCut: false };
  } catch {
    return { status: reply.statusCode, bytes: Buffer.concat(parts), isCut: true };
  }
}
const problemOf = async (reply: Reply) => {
  expect(reply.headers['content-type']).toContain('application/problem+json');
  return (await reply.body.json()) as { code: string; detail: string; place?: object; problems?: object[] };
};
const codeOf = async (reply: Reply) => (await problemOf(reply)).code;

describe('decoding', () => {
  test.each([0, 1, 1000, 1_000_000])('%d records come back as rows', async (count) => {
    const reply = await post('decode', form(['copybook', 'FIXED'], ['data', fixedRecords(range(count))]));
    expect(reply.headers['content-type']).toBe('application/x-ndjson');
    const { bytes, isCut } = await read(reply);
    expect([bytes.toString() === lines(range(count)), isCut]).toEqual([true, false]);
    expect(closedCount).toBe(1);
  });

  test('by fields, or by members of a specification, which fields beat', async () => {
    const options = JSON.stringify({ skipOdd: true });
    const data = gzipSync(Buffer.concat([Buffer.from('HEAD'), fixedRecords(range(100))]));
    const byFields = form(
      ['copybook', 'FIXED'],
      ['options', options],
      ['format', 'csv'],
      ['rows', '3'],
      ['fileHeaderBytes', '4'],
      ['data', data],
    );
    const specification = {
      copybook: 'FIXED',
      options: { skipOdd: true },
      format: 'json',
      fileHeaderBytes: 4,
      rows: 9,
    };
    const byMembers = form(
      ['specification', JSON.stringify(specification)],
      ['format', 'csv'],
      ['rows', '3'],
      ['data', data],
    );
    for (const body of [byFields, byMembers]) {
      const reply = await post('decode', body, { 'x-tenant-id': 'acme' });
      expect(reply.headers['content-type']).toBe('text/csv; charset=utf-8');
      expect((await read(reply)).bytes.toString()).toBe('N\n0\n2\n4\n');
    }
    expect(new Set(cells.calls.map(({ tenant }) => tenant))).toEqual(new Set(['acme']));
  });

  test('its reply begins before its body has ended', async () => {
    const hold = Promise.withResolvers<void>();
    const whole = form(['copybook', 'FIXED'], ['data', fixedRecords(range(400_000))]);
    const body = Readable.from(
      (async function* () {
        yield whole.subarray(0, MiB);
        await hold.promise;
        yield whole.subarray(MiB);
      })(),
    );
    const reply = await post('decode', body);
    const reader = reply.body[Symbol.asyncIterator]();
    const parts = [(await reader.next()).value as Buffer];
    hold.resolve();
    for (let next = await reader.next(); !next.done; next = await reader.next()) parts.push(next.value);
    expect(Buffer.concat(parts).toString() === lines(range(400_000))).toBe(true);
  });

  test('an endless upload stands still while nobody reads the rows', async () => {
    const counts = { asked: 0 };
    const begin = form(['copybook', 'FIXED'], ['data', '']).subarray(0, -'\r\n--cut--\r\n'.length);
    const body = Readable.from(
      (async function* () {
        yield begin;
        // More than all buffers of two sockets and the pieces in flight can hold.
        while (counts.asked < 64 * MiB) {
          counts.asked += 64 * 1024;
          yield Buffer.alloc(64 * 1024);
        }
      })(),
    );
    await http.close();
    http = await createHttpApp(fake.host, {
      ...httpOptions(createFakeClock()),
      copybook: {
        streamMaxBytes: 1024 * MiB,
        streamIdleMs: 30_000,
        open: (asked) => createCopybook({ ...asked, host: cells.host }),
      },
    });
    url = await http.app.listen({ host: '127.0.0.1', port: 0 });
    const reply = await post('decode', body);
    for (let before = -1; before !== counts.asked; ) {
      before = counts.asked;
      for (let turn = 0; turn < 300; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(counts.asked).toBeLessThan(64 * MiB);
    reply.body.on('error', () => {});
    reply.body.destroy();
  });
});

test('lines become records', async () => {
  const reply = await post('encode', form(['copybook', 'FIXED'], ['data', lines(range(200_000))]));
  expect(reply.headers['content-type']).toBe('application/octet-stream');
  const { bytes, isCut } = await read(reply);
  expect([bytes.equals(fixedRecords(range(200_000))), isCut]).toEqual([true, false]);
});

test('a layout is asked for with JSON, and a detection with a form', async () => {
  const layout = await post('layout', Buffer.from('{"copybook":"FIXED"}'), {
    'content-type': 'application/json',
  });
  expect(await layout.body.json()).toMatchObject({ fixedRecordBytes: 4 });
  const detection = await post('detect', form(['copybook', 'FIXED'], ['data', variableRecords([3, 4])]));
  expect(await detection.body.json()).toMatchObject({ recordFormat: 'V', why: ['7 bytes'] });
});

describe('what is wrong', () => {
  test('with the copybook or the first record is a problem document with its place', async () => {
    expect(await problemOf(await post('decode', form(['copybook', 'BROKEN'], ['data', 'x'])))).toMatchObject({
      code: 'COPYBOOK_SYNTAX',
      place: { line: 1, column: 1 },
    });
    const bad = form(['copybook', 'FIXED'], ['data', fixedRecords([INVALID])]);
    expect(await problemOf(await post('decode', bad))).toMatchObject({
      code: 'COPYBOOK_DATA',
      place: { record: 0, offset: 0, field: 'N' },
    });
    const value = form(['copybook', 'FIXED'], ['data', '{"N":"x"}\n']);
    expect(await codeOf(await post('encode', value))).toBe('COPYBOOK_VALUE');
  });

  test('behind the first rows cuts the reply, after all that was well', async () => {
    const values = [...range(300_000), INVALID];
    const { status, bytes, isCut } = await read(
      await post('decode', form(['copybook', 'FIXED'], ['data', fixedRecords(values)])),
    );
    expect([status, isCut]).toEqual([200, true]);
    expect(lines(range(300_000)).startsWith(bytes.toString())).toBe(true);
  });

  test('with the end of the form: no reply looks whole', async () => {
    const whole = form(['copybook', 'FIXED'], ['data', fixedRecords(range(10))]);
    const end = '\r\n--cut--\r\n'.length;
    const more = form(['copybook', 'FIXED'], ['data', fixedRecords(range(10))], ['rows', '1']);
    for (const body of [whole.subarray(0, -end), whole.subarray(0, -end + 4), more]) {
      expect(await codeOf(await post('decode', body))).toBe('HTTP_MALFORMED');
    }
  });

  test.each<[string, Field[], string]>([
    ['no data', [['copybook', 'FIXED']], 'a part named data, as its last'],
    ['no copybook', [['data', 'x']], 'the specification is not valid'],
    [
      'a field twice',
      [
        ['copybook', 'A'],
        ['copybook', 'B'],
        ['data', ''],
      ],
      'a name of its own',
    ],
    [
      'a specification that is no object',
      [
        ['specification', '[]'],
        ['data', ''],
      ],
      'no JSON object',
    ],
    [
      'a specification that is not JSON',
      [
        ['specification', '{'],
        ['data', ''],
      ],
      'is not JSON',
    ],
    [
      'rows that are none',
      [
        ['copybook', 'A'],
        ['rows', '0'],
        ['data', ''],
      ],
      'the specification is not valid',
    ],
    [
      'an output that is none',
      [
        ['copybook', 'A'],
        ['options', '{"output":"xml"}'],
        ['data', ''],
      ],
      'output is one of',
    ],
  ])('with a form: %s', async (_what, fields, text) => {
    const { code, detail } = await problemOf(await post('decode', form(...fields)));
    expect([code, detail]).toEqual(['HTTP_MALFORMED', expect.stringContaining(text)]);
    expect(cells.calls).toEqual([]);
  });

  test('with members: all of them at once', async () => {
    const specification = JSON.stringify({ copybook: 1, copies: { A: 1 }, gzip: 'no', other: 1 });
    const { problems } = await problemOf(
      await post('decode', form(['specification', specification], ['data', ''])),
    );
    expect(problems).toEqual([
      { at: '/other', message: 'is unknown' },
      { at: '/copybook', message: 'must be a text' },
      { at: '/copies', message: 'must be an object of texts' },
      { at: '/gzip', message: 'must be auto, always or never' },
    ]);
  });

  test('with lengths: a body over the limit, fields over theirs, a packed one that becomes more', async () => {
    const large = form(['copybook', 'FIXED'], ['data', Buffer.alloc(LIMIT)]);
    expect(await codeOf(await post('decode', large))).toBe('HTTP_BODY_TOO_LARGE');
    const field = form(['copybook', Buffer.alloc(5 * MiB, 65)], ['data', '']);
    expect(await codeOf(await post('decode', field))).toBe('HTTP_BODY_TOO_LARGE');
    const packed = form(
      ['copybook', 'FIXED'],
      ['fileHeaderBytes', String(20 * MiB)],
      ['data', gzipSync(Buffer.alloc(20 * MiB))],
    );
    expect(await codeOf(await post('decode', packed))).toBe('COPYBOOK_INPUT');
  });

  test.each<[Headers, string]>([
    [{ 'content-type': 'application/json' }, 'HTTP_UNSUPPORTED_TYPE'],
    [{ 'content-encoding': 'gzip' }, 'HTTP_UNSUPPORTED_TYPE'],
    [{ 'idempotency-key': 'k' }, 'HTTP_MALFORMED'],
  ])('with headers %j', async (headers, code) => {
    expect(await codeOf(await post('decode', form(['copybook', 'FIXED'], ['data', '']), headers))).toBe(code);
  });

  test('with who asks, or with a host without a codec', async () => {
    const bench = await createBench();
    const payload = form(['copybook', 'FIXED'], ['data', '']);
    const reply = await bench.inject({ method: 'POST', url: '/v1/copybook/decode', payload, headers: FORM });
    expect([reply.statusCode, reply.json().code]).toEqual([404, 'REGISTRY_NOT_FOUND']);
    await bench.close();
    fake.identify = () => {
      throw new HostError('POLICY_UNAUTHENTICATED', 'the API token is not known');
    };
    for (const what of ['layout', 'decode', 'encode', 'detect']) {
      expect(await codeOf(await post(what, payload))).toBe('POLICY_UNAUTHENTICATED');
    }
  });
});

test('a tenant has its share of streams, and the next one when one of them has ended', async () => {
  const hold = Promise.withResolvers<void>();
  const whole = form(['copybook', 'FIXED'], ['data', fixedRecords(range(300_000))]);
  const body = () =>
    Readable.from(
      (async function* () {
        yield whole.subarray(0, MiB);
        await hold.promise;
        yield whole.subarray(MiB);
      })(),
    );
  const acme = { 'x-tenant-id': 'acme' };
  const running = await Promise.all(Array.from({ length: 5 }, () => post('decode', body(), acme)));
  const sixth = await post('decode', whole, acme);
  expect(sixth.headers['retry-after']).toBe('1');
  expect(await codeOf(sixth)).toBe('COPYBOOK_TENANT_SHARE');
  hold.resolve();
  for (const reply of running) expect((await read(reply)).isCut).toBe(false);
  expect((await read(await post('decode', whole, acme))).isCut).toBe(false);
});

test('a client that leaves ends its stream, and its codec is closed', async () => {
  const reply = await post('decode', form(['copybook', 'FIXED'], ['data', fixedRecords(range(1_000_000))]));
  reply.body.on('error', () => {});
  reply.body.destroy();
  while (closedCount === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(cells.busy).toBe(0);
});
