import { describe, expect, it } from 'vitest';
import { exchangeLines, LINE_MAX_BYTES } from '../../host/mcp/lines.ts';

async function exchange(
  chunks: readonly (string | Uint8Array)[],
  receive = async (message: unknown): Promise<object | undefined> => ({ echo: message }),
): Promise<object[]> {
  const written: object[] = [];
  await exchangeLines({
    input: (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk as string);
    })(),
    receive,
    write: async (message) => void written.push(message),
  });
  return written;
}

describe('messages as lines', () => {
  it.each([
    ['in one piece', ['{"a":1}\n{"b":2}\n']],
    ['in many', ['{"a', '":1', '}', '\n', '{"b":2}', '\n']],
    ['with empty lines between, and none at the end', ['\n\n{"a":1}\n\n{"b":2}']],
    ['with the ends of another system', ['{"a":1}\r\n{"b":2}\r\n']],
  ])('are read %s', async (_how, chunks) => {
    expect(await exchange(chunks)).toEqual([{ echo: { a: 1 } }, { echo: { b: 2 } }]);
  });

  it('that are too long are refused and not kept, and the next is read', async () => {
    const written = await exchange(['"', Buffer.alloc(LINE_MAX_BYTES, 'x'), '"\n{"a":1}\n']);
    expect(written).toEqual([
      { jsonrpc: '2.0', id: null, error: { code: -32700, message: expect.stringContaining('at most') } },
      { echo: { a: 1 } },
    ]);
  });

  it('that are no JSON, or no UTF-8, are refused, and the next is read', async () => {
    const written = await exchange(['{\n', Uint8Array.of(0x22, 0xff, 0x22, 0x0a), '{"a":1}\n']);
    expect(written.map((message) => ('error' in message ? 'refused' : 'answered')).sort()).toEqual([
      'answered',
      'refused',
      'refused',
    ]);
  });

  it('are taken while others are under way, and all are answered before the end', async () => {
    const order: unknown[] = [];
    const release = Promise.withResolvers<void>();
    const written = await exchange(['1\n2\n'], async (message) => {
      order.push(message);
      if (message === 1) await release.promise;
      else release.resolve();
      return { echo: message };
    });
    expect(order).toEqual([1, 2]);
    expect(written).toEqual([{ echo: 2 }, { echo: 1 }]);
  });

  it('that cannot be answered any more end the exchange', async () => {
    const endless = (async function* () {
      yield Buffer.from('1\n');
      await new Promise(() => {});
    })();
    const exchanging = exchangeLines({
      input: endless,
      receive: async () => ({}),
      write: () => Promise.reject(new Error('the pipe is closed')),
    });
    await expect(exchanging).rejects.toThrow('the pipe is closed');
  });
});
