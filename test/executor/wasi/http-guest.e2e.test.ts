/** A component that exports `wasi:http/incoming-handler`, as a real guest: handles in, a streamed answer out. */

import { beforeAll, expect, it } from 'vitest';
import type { BodyPiece } from '../../../host/executor/wasi/http-incoming-body.ts';
import { createIncomingExchange, type IncomingAnswer } from '../../../host/executor/wasi/http-server.ts';
import { worldComponent } from '../../wasi-components.ts';
import { createFakeCell, text, toText } from './fake-cell.ts';
import { linkGuest } from './linked-guest.ts';

const T = 'wasi:http/types#';
const S = 'wasi:io/streams#';
const IMPORTS = {
  fields: `${T}[constructor]fields`,
  append: `${T}[method]fields.append`,
  consume: `${T}[method]incoming-request.consume`,
  stream: `${T}[method]incoming-body.stream`,
  response: `${T}[constructor]outgoing-response`,
  body: `${T}[method]outgoing-response.body`,
  set: `${T}[static]response-outparam.set`,
  write: `${T}[method]outgoing-body.write`,
  finish: `${T}[static]outgoing-body.finish`,
  read: `${S}[method]input-stream.blocking-read`,
  print: `${S}[method]output-stream.blocking-write-and-flush`,
  dropIn: `${S}[resource-drop]input-stream`,
  dropOut: `${S}[resource-drop]output-stream`,
  dropRequest: `${T}[resource-drop]incoming-request`,
  dropBody: `${T}[resource-drop]incoming-body`,
};

/**
 * Answers with the header `x-kind: echo` and the body of the request, piece by piece. Results come at 512: a discriminant, at
 * 516 a handle or pointer, at 520 a length.
 */
const ECHO = `
  (memory (export "memory") 1)
  (data (i32.const 16) "x-kindecho")
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16)))))
  (func (export "wasi:http/incoming-handler@0.2.12#handle") (param $request i32) (param $out i32)
    (local $fields i32) (local $response i32) (local $body i32) (local $to i32) (local $incoming i32) (local $from i32)
    (local.set $fields (call $fields))
    (call $append (local.get $fields) (i32.const 16) (i32.const 6) (i32.const 22) (i32.const 4) (i32.const 512))
    (local.set $response (call $response (local.get $fields)))
    (call $body (local.get $response) (i32.const 512))
    (local.set $body (i32.load (i32.const 516)))
    (call $write (local.get $body) (i32.const 512))
    (local.set $to (i32.load (i32.const 516)))
    (call $set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $consume (local.get $request) (i32.const 512))
    (local.set $incoming (i32.load (i32.const 516)))
    (call $stream (local.get $incoming) (i32.const 512))
    (local.set $from (i32.load (i32.const 516)))
    (block $end
      (loop $more
        (call $read (local.get $from) (i64.const 100) (i32.const 512))
        (br_if $end (i32.load8_u (i32.const 512)))
        (call $print (local.get $to) (i32.load (i32.const 516)) (i32.load (i32.const 520)) (i32.const 512))
        (br_if $more (i32.eqz (i32.load8_u (i32.const 512))))))
    (call $dropIn (local.get $from))
    (call $dropBody (local.get $incoming))
    (call $dropRequest (local.get $request))
    (call $dropOut (local.get $to))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 512)))`;

let component: Uint8Array;
beforeAll(async () => {
  component = await worldComponent('export wasi:http/incoming-handler@0.2.12;', IMPORTS, ECHO);
});

it('a component that answers requests needs no capability, streams both bodies and leaves nothing behind', async () => {
  const cell = createFakeCell();
  const guest = linkGuest(component, cell);
  expect(guest.needs).toEqual([]);
  const arriving = ['one ', 'two ', 'three'];
  const answers: IncomingAnswer[] = [];
  const written: string[] = [];
  const events: string[] = [];
  const exchange = createIncomingExchange(
    cell.context,
    { method: 'POST', pathWithQuery: '/', scheme: 'http', authority: 'localhost', headers: [] },
    {
      async read(): Promise<BodyPiece> {
        const piece = arriving.shift();
        return piece === undefined ? { end: true, trailers: [] } : { bytes: text(piece) };
      },
      close: () => void events.push('close'),
      respond: (answer) => void answers.push(answer),
      write: async (bytes) => void written.push(toText(bytes)),
      finish: async () => void events.push('finish'),
      abort: () => void events.push('abort'),
    },
  );
  await guest.call('handle', exchange.request, exchange.responseOut);
  expect(await exchange.settled()).toBe('answered');
  expect(answers).toEqual([
    {
      kind: 'head',
      status: 200,
      headers: [{ name: 'x-kind', value: text('echo') }],
      bodyBytes: undefined,
      hasBody: true,
    },
  ]);
  expect(written).toEqual(['one ', 'two ', 'three']);
  expect(events.sort()).toEqual(['close', 'finish']);
  expect(cell.heldBytes()).toBe(0);
});
