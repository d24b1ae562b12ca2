/** The source of an application in JavaScript that answers HTTP: its routes do what tests of headers and bodies need. */

export const APPLICATION = `
import { Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam } from 'wasi:http/types@0.2.12';

const encode = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (c) => c.charCodeAt(0));
const decode = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

function reply(out, status, headers, bytes, trailers) {
  const response = new OutgoingResponse(Fields.fromList(headers));
  response.setStatusCode(status);
  const body = response.body();
  ResponseOutparam.set(out, { tag: 'ok', val: response });
  if (bytes !== undefined) {
    const stream = body.write();
    for (let at = 0; at < bytes.length; at += 4096) stream.blockingWriteAndFlush(bytes.slice(at, at + 4096));
    stream[Symbol.dispose]();
  }
  OutgoingBody.finish(body, trailers && Fields.fromList(trailers));
}

function readAll(request) {
  const body = request.consume();
  const stream = body.stream();
  let text = '';
  for (;;) {
    try {
      text += decode(stream.blockingRead(65536));
    } catch (error) {
      break;
    }
  }
  stream[Symbol.dispose]();
  body[Symbol.dispose]();
  return text;
}

let count = 0;

export const incomingHandler = {
  handle(request, out) {
    const path = request.pathWithQuery();
    const route = path.split('?')[0];
    const method = request.method();
    if (route === '/seen') {
      const headers = request.headers();
      const seen = {
        method,
        path,
        scheme: request.scheme(),
        authority: request.authority(),
        headers: headers.entries().map(([name, value]) => [name.toLowerCase(), decode(value)]),
        body: readAll(request),
      };
      reply(out, 200, [['content-type', encode('application/json')]], encode(JSON.stringify(seen)));
    } else if (route === '/headers') {
      const given = [
        ['X-App', 'one'], ['x-app', 'two'], ['content-type', 'text/html'], ['set-cookie', 'a=b'],
        ['x-accel-redirect', '/etc/passwd'], ['x-hotcell-fuel', '0'], ['content-security-policy', 'none'],
        ['strict-transport-security', 'max-age=1'], ['x-request-id', 'forged'], ['x-latin', '\\u00fc'],
      ];
      const bytes = (text) => Uint8Array.from(text, (c) => c.charCodeAt(0));
      reply(out, 201, given.map(([name, value]) => [name, bytes(value)]), encode('made'));
    } else if (route === '/length') {
      reply(out, 200, [['content-length', encode('5')]], encode('hello'));
    } else if (route === '/long-head') {
      // As for GET; of HEAD nobody wants the body.
      reply(out, 200, [['content-length', encode('1000000')]]);
    } else if (route === '/empty') reply(out, 204, []);
    else if (route === '/trailers') reply(out, 200, [], encode('body'), [['x-sum', encode('42')], ['set-cookie', encode('no')]]);
    else if (route === '/count') reply(out, 200, [], encode(String(++count)));
    else if (route === '/error') ResponseOutparam.set(out, { tag: 'err', val: { tag: 'loop-detected' } });
    else if (route === '/informational') reply(out, 103, []);
    else if (route === '/crash') throw new Error('before the head');
    else if (route === '/chunks') {
      const response = new OutgoingResponse(new Fields());
      const body = response.body();
      ResponseOutparam.set(out, { tag: 'ok', val: response });
      const stream = body.write();
      for (let i = 0; i < 5; i++) stream.blockingWriteAndFlush(encode('piece ' + i + ';'));
      stream[Symbol.dispose]();
      OutgoingBody.finish(body, undefined);
    } else reply(out, 404, [['content-type', encode('text/plain')]], encode('nothing at ' + path));
  },
};`;
