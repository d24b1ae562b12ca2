import { describe, expect, it } from 'vitest';
import type { BodyPiece } from '../../../host/executor/wasi/http-incoming-body.ts';
import { createIncomingExchange, type IncomingAnswer } from '../../../host/executor/wasi/http-server.ts';
import { ServiceFailure } from '../../../host/service-failure.ts';
import { createFakeCell, text, toText } from './fake-cell.ts';

const H = 'wasi:http/types#';
const IN = 'wasi:io/streams#[method]input-stream.';
const OUT = 'wasi:io/streams#[method]output-stream.';
const OK = { tag: 'ok' };

/** One request to a component, with the connection in the hands of the test. */
function stage(
  body: readonly string[] = [],
  write: (bytes: Uint8Array) => Promise<void> = async () => undefined,
) {
  const cell = createFakeCell();
  const answers: IncomingAnswer[] = [];
  const events: string[] = [];
  const rest = [...body];
  const exchange = createIncomingExchange(
    cell.context,
    {
      method: 'PUT',
      pathWithQuery: '/a?b',
      scheme: 'http',
      authority: 'localhost:8080',
      headers: [{ name: 'accept', value: text('x') }],
    },
    {
      read: async (): Promise<BodyPiece> => {
        const piece = rest.shift();
        return piece === undefined ? { end: true, trailers: [] } : { bytes: text(piece) };
      },
      close: () => void events.push('close'),
      respond: (answer) => void answers.push(answer),
      write: async (bytes) => {
        await write(bytes);
        events.push(`write ${toText(bytes)}`);
      },
      finish: async (trailers) => void events.push(`finish ${trailers.length}`),
      abort: () => void events.push('abort'),
    },
  );
  const respond = (headers: [string, Uint8Array][] = [], status = 200) => {
    const fields = cell.call(`${H}[static]fields.from-list`, headers).val;
    const response = cell.call(`${H}[constructor]outgoing-response`, fields);
    expect(cell.call(`${H}[method]outgoing-response.set-status-code`, response, status)).toEqual(OK);
    return response;
  };
  const set = (response: unknown) =>
    cell.call(`${H}[static]response-outparam.set`, exchange.responseOut, { tag: 'ok', val: response });
  return { cell, exchange, answers, events, respond, set };
}

describe('a request to a component', () => {
  it('is what arrived', async () => {
    const { cell, exchange } = stage(['hel', 'lo']);
    const get = (name: string) => cell.call(`${H}[method]incoming-request.${name}`, exchange.request);
    expect([get('method'), get('path-with-query'), get('scheme'), get('authority')]).toEqual([
      { tag: 'put' },
      '/a?b',
      { tag: 'HTTP' },
      'localhost:8080',
    ]);
    expect(cell.call(`${H}[method]fields.append`, get('headers'), 'a', text('b'))).toEqual({
      tag: 'err',
      val: { tag: 'immutable' },
    });
    const body = get('consume').val;
    expect(get('consume')).toEqual({ tag: 'err' });
    const input = cell.call(`${H}[method]incoming-body.stream`, body).val;
    expect(toText((await cell.call(`${IN}blocking-read`, input, 10n)).val)).toBe('hel');
    expect(toText((await cell.call(`${IN}blocking-read`, input, 1n)).val)).toBe('l');
  });

  it('has a method of its own name when it is no usual one', () => {
    const { cell } = stage();
    const head = { pathWithQuery: undefined, scheme: undefined, authority: undefined, headers: [] };
    const connection = {} as Parameters<typeof createIncomingExchange>[2];
    const method = (name: string) => {
      const { request } = createIncomingExchange(cell.context, { ...head, method: name }, connection);
      return cell.call(`${H}[method]incoming-request.method`, request);
    };
    expect(method('PROPFIND')).toEqual({ tag: 'other', val: 'PROPFIND' });
    expect(method('get')).toEqual({ tag: 'other', val: 'get' });
    expect(method('OTHER')).toEqual({ tag: 'other', val: 'OTHER' });
  });

  it('whose body nobody takes is told so when it is dropped', () => {
    const { cell, exchange, events } = stage(['x']);
    cell.drop(`${H}incoming-request`, exchange.request);
    expect(events).toEqual(['close']);
  });
});

describe('the answer of a component', () => {
  it('is its head, then the pieces of its body, then the end', async () => {
    const { cell, exchange, answers, events, respond, set } = stage();
    const response = respond(
      [
        ['X-A', text('b')],
        ['content-length', text('6')],
      ],
      201,
    );
    const body = cell.call(`${H}[method]outgoing-response.body`, response).val;
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    expect(cell.call(`${OUT}blocking-write-and-flush`, output, text('one'))).toEqual(OK);
    expect(answers).toEqual([]);
    set(response);
    expect(answers).toEqual([
      {
        kind: 'head',
        status: 201,
        headers: [{ name: 'X-A', value: text('b') }],
        bodyBytes: 6,
        hasBody: true,
      },
    ]);
    expect(await cell.call(`${OUT}blocking-write-and-flush`, output, text('two'))).toEqual(OK);
    cell.drop('wasi:io/streams#output-stream', output);
    const trailers = cell.call(`${H}[static]fields.from-list`, [['t', text('v')]]).val;
    expect(cell.call(`${H}[static]outgoing-body.finish`, body, trailers)).toEqual(OK);
    expect(await exchange.settled()).toBe('answered');
    expect(events).toEqual(['write one', 'write two', 'finish 1']);
    cell.drop(`${H}incoming-request`, exchange.request);
    expect(cell.heldBytes()).toBe(0);
  });

  it('without a body is only its head', async () => {
    const { cell, exchange, answers, respond, set } = stage();
    const response = respond([], 204);
    expect(cell.call(`${H}[method]outgoing-response.status-code`, response)).toBe(204);
    expect(cell.call(`${H}[method]outgoing-response.set-status-code`, response, 99)).toEqual({ tag: 'err' });
    set(response);
    expect(answers).toEqual([
      { kind: 'head', status: 204, headers: [], bodyBytes: undefined, hasBody: false },
    ]);
    expect(await exchange.settled()).toBe('answered');
  });

  it('can be an error', async () => {
    const { cell, exchange, answers } = stage();
    const code = { tag: 'internal-error', val: 'no' };
    cell.call(`${H}[static]response-outparam.set`, exchange.responseOut, { tag: 'err', val: code });
    expect(answers).toEqual([{ kind: 'error', code }]);
    expect(await exchange.settled()).toBe('failed');
  });

  it('that is never given is known to be missing', async () => {
    const { cell, exchange, answers } = stage();
    cell.drop(`${H}response-outparam`, exchange.responseOut);
    expect(await exchange.settled()).toBe('unanswered');
    expect(answers).toEqual([]);
  });

  it('whose body the guest leaves open is cut', async () => {
    const { cell, exchange, events, respond, set } = stage();
    const response = respond();
    cell.call(`${H}[method]outgoing-response.body`, response);
    set(response);
    expect(await exchange.settled()).toBe('cut');
    expect(events).toEqual(['abort']);
  });

  it('to somebody who has gone is cut, and the guest is told', async () => {
    const { cell, exchange, respond, set } = stage([], () =>
      Promise.reject(new ServiceFailure('failed', 'gone')),
    );
    const response = respond();
    const body = cell.call(`${H}[method]outgoing-response.body`, response).val;
    set(response);
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    const { val } = await cell.call(`${OUT}blocking-write-and-flush`, output, text('x'));
    expect(cell.call(`${H}http-error-code`, val.val)).toEqual({ tag: 'connection-terminated' });
    expect(await exchange.settled()).toBe('cut');
  });

  it('is whole when the guest has returned before all of it was taken', async () => {
    let take = (): void => undefined;
    const { cell, exchange, events, respond, set } = stage(
      [],
      () =>
        new Promise((resolve) => {
          take = resolve;
        }),
    );
    const response = respond();
    const body = cell.call(`${H}[method]outgoing-response.body`, response).val;
    set(response);
    const output = cell.call(`${H}[method]outgoing-body.write`, body).val;
    cell.call(`${OUT}check-write`, output);
    cell.call(`${OUT}write`, output, text('late'));
    cell.call(`${H}[static]outgoing-body.finish`, body, undefined);
    const settled = exchange.settled();
    expect(events).toEqual([]);
    take();
    expect(await settled).toBe('answered');
    expect(events).toEqual(['write late', 'finish 0']);
  });
});
