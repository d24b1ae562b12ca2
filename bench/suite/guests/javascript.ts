/**
 * The guest that is written in JavaScript, as sources: for QuickJS in a component of the bytes world, for QuickJS in one that
 * answers HTTP, and for engines that take a script. All of them give the input back.
 */

import { WASI_VERSION } from './forms.ts';

export const BYTES_SOURCE = `
export const handler = {
  invoke(operation, payload) {
    return payload;
  },
  health() {},
};`;

/** Reads the whole body, and answers with a Content-Length: as the hand-written form does. */
export const HTTP_SOURCE = `
import { Fields, OutgoingBody, OutgoingResponse, ResponseOutparam } from 'wasi:http/types@${WASI_VERSION}';

const digits = (number) => Uint8Array.from(String(number), (digit) => digit.charCodeAt(0));

function readAll(request) {
  const body = request.consume();
  const stream = body.stream();
  const pieces = [];
  for (;;) {
    try {
      pieces.push(stream.blockingRead(16384));
    } catch (error) {
      break;
    }
  }
  stream[Symbol.dispose]();
  body[Symbol.dispose]();
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export const incomingHandler = {
  handle(request, out) {
    const answer = readAll(request);
    const response = new OutgoingResponse(Fields.fromList([['content-length', digits(answer.length)]]));
    const body = response.body();
    ResponseOutparam.set(out, { tag: 'ok', val: response });
    const stream = body.write();
    stream.blockingWriteAndFlush(answer);
    stream[Symbol.dispose]();
    OutgoingBody.finish(body, undefined);
  },
};`;

/** A function of bytes to bytes, for engines that are given a script. */
export const SCRIPT_SOURCE = '(function answer(input) { return input; })';
