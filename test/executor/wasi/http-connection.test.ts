import { describe, expect, it } from 'vitest';
import { createHostConnection } from '../../../host/executor/wasi/http-connection.ts';
import { ServiceFailure } from '../../../host/service-failure.ts';
import { createFakeCell, text } from './fake-cell.ts';

const HEAD = { kind: 'head', status: 200, headers: [], bodyBytes: undefined, hasBody: true } as const;

describe('the connection of a request, in the thread', () => {
  it('asks the host for each piece, and hands over what the guest has', async () => {
    const answers: unknown[] = [{ bytes: text('a') }, undefined, undefined, undefined];
    const cell = createFakeCell({ service: async () => answers.shift() });
    const connection = createHostConnection(cell.context);
    expect(await connection.read(10)).toEqual({ bytes: text('a') });
    connection.respond(HEAD);
    await connection.write(text('b'));
    await connection.finish([]);
    const { kind: _kind, ...head } = HEAD;
    expect(cell.asked).toEqual([
      { method: 'request.read', argument: { maxBytes: 10 } },
      { method: 'response.head', argument: head },
      { method: 'response.write', argument: { bytes: text('b') } },
      { method: 'response.finish', argument: { trailers: [] } },
    ]);
  });

  it('reaches nothing any more when its call is over, whatever the guest has kept', async () => {
    const cell = createFakeCell({ service: async () => undefined });
    const connection = createHostConnection(cell.context);
    connection.end();
    for (const late of [connection.read(1), connection.write(text('x')), connection.finish([])])
      await expect(late).rejects.toMatchObject({ code: 'failed' });
    connection.respond(HEAD);
    expect(cell.asked).toEqual([]);
  });

  it('takes no informational status for an answer', () => {
    const connection = createHostConnection(createFakeCell().context);
    expect(() => connection.respond({ ...HEAD, status: 103 })).toThrow('at least 200');
  });

  it('keeps the error that the guest answers with, and asks nobody about it', () => {
    const cell = createFakeCell();
    const connection = createHostConnection(cell.context);
    connection.respond({ kind: 'error', code: { tag: 'loop-detected' } });
    expect(connection.guestError).toEqual({ tag: 'loop-detected' });
    expect(cell.asked).toEqual([]);
  });

  it('whose head was refused says so by its body', async () => {
    const refuse = async (): Promise<never> => {
      throw new ServiceFailure('too-large', 'too long');
    };
    const connection = createHostConnection(createFakeCell({ service: refuse }).context);
    connection.respond(HEAD);
    await expect(connection.write(text('x'))).rejects.toMatchObject({ code: 'too-large' });
  });
});
