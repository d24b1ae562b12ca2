/** Real toolchains on these imports: JavaScript in QuickJS with all of WASI that its start code wants. */

import { beforeAll, describe, expect, it } from 'vitest';
import { endStandardOutput } from '../../../host/executor/imports.ts';
import { quickJsComponent } from '../../registry/sample-components.ts';
import { createFakeCell, toText } from './fake-cell.ts';
import { linkGuest } from './linked-guest.ts';

const GUEST = `
const encode = (value) => Uint8Array.from(String(value), (character) => character.charCodeAt(0));
export const handler = {
  invoke(operation, payload) {
    if (operation === 'date') return encode(Date.now());
    if (operation === 'random') return encode(Math.random());
    throw new Error('no such operation');
  },
  health() {},
};`;

const GRANTS = { clock: { resolutionMs: 100 }, log: { level: 'trace', callMaxBytes: 10_000 } } as const;

describe('a JavaScript guest', () => {
  let component: Uint8Array;
  beforeAll(async () => {
    component = await quickJsComponent(GUEST, { stubWasi: false });
  }, 60_000);

  const start = () => {
    const cell = createFakeCell({ grants: GRANTS });
    const guest = linkGuest(component, cell);
    const invoke = async (operation: string): Promise<string> => {
      const result = (await guest.call('invoke', operation, new Uint8Array())) as {
        tag: string;
        val: Uint8Array;
      };
      expect(result.tag).toBe('ok');
      return toText(result.val);
    };
    return { cell, guest, invoke };
  };

  it('takes the capability clock, and all else it can call is open to everybody', () => {
    const { needs, interfaces } = start().guest;
    expect([...new Set(needs.map(({ capability }) => capability))]).toEqual(['clock']);
    expect(interfaces).toContain('wasi:filesystem/preopens');
    expect(interfaces).toContain('wasi:io/streams');
  });

  it('sees the time as it is granted, and draws numbers', async () => {
    const { cell, invoke } = start();
    await cell.clock.advance(1234);
    expect(await invoke('date')).toBe('1001200');
    const numbers = [await invoke('random'), await invoke('random')];
    expect(numbers[0]).not.toBe(numbers[1]);
    for (const number of numbers) expect(Number(number)).toBeLessThan(1);
  });

  it('that crashes says why in the log', async () => {
    const { cell, invoke } = start();
    await expect(invoke('none')).rejects.toThrow('unreachable');
    endStandardOutput(cell.context);
    expect(cell.logged.join('\n')).toContain('no such operation');
    expect(cell.logged.every((line) => line.startsWith('warn: '))).toBe(true);
  });
});
