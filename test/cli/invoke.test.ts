/** `hotcell invoke`: bytes in and out, limits while reading, and that the host is ended whatever happens. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HostError } from '../../host/errors.ts';
import type { Outcome } from '../../host/types.ts';
import { folder, stage, usage, useFolders } from './stage.ts';

useFolders();

describe('invoke', () => {
  test('bytes go from standard input through the host to standard output, and nothing else does', async () => {
    const { run, out, events, calls } = stage({ input: ['he', 'llo\0'] });
    expect(await run('invoke', 'echo', 'echo')).toBe(0);
    expect(out()).toBe('hello\0');
    expect(calls[0]).toMatchObject({ adapter: 'echo', operation: 'echo', tenant: 'public' });
    expect(events).toEqual(['host created', 'host closed']);
  });

  test('files serve as input and output', async () => {
    writeFileSync(join(folder, 'in.bin'), Buffer.from([0, 255, 254]));
    const { run, out } = stage();
    expect(await run('invoke', 'echo', 'echo', '--in', 'in.bin', '--out', 'out.bin')).toBe(0);
    expect([...readFileSync(join(folder, 'out.bin'))]).toEqual([0, 255, 254]);
    expect(out()).toBe('');
  });

  test('one call warms nothing it does not need, unless it was asked to', async () => {
    const { run, configs } = stage();
    await run('invoke', 'echo', 'echo');
    await run('invoke', 'echo', 'echo', '--executors', '3', '--pool-min', '2');
    expect(configs.map(({ executors, pool }) => [executors, pool.min])).toEqual([
      [1, 0],
      [3, 2],
    ]);
  });

  test('an error is its code and detail on standard error, and leaves no output file', async () => {
    const answer = (): Outcome => ({
      kind: 'error',
      error: new HostError('EXECUTOR_TRAP', 'unreachable'),
      usage,
    });
    const { run, out, err, events } = stage({ answer });
    expect(await run('invoke', 'echo', 'echo', '--out', 'out.bin')).toBe(1);
    expect([out(), err()]).toEqual(['', expect.stringContaining('EXECUTOR_TRAP: unreachable\n')]);
    expect(() => readFileSync(join(folder, 'out.bin'))).toThrow('ENOENT');
    expect(events.at(-1)).toBe('host closed');
  });

  test('--json wraps text as text, other bytes as base64, and errors too', async () => {
    const text = stage({ input: ['é'] });
    expect(await text.run('invoke', 'echo', 'echo', '--json')).toBe(0);
    expect(JSON.parse(text.out())).toMatchObject({
      success: true,
      result: 'é',
      encoding: 'utf8',
      adapter: 'echo',
    });

    const bytes = stage({ answer: () => ({ kind: 'ok', bytes: Uint8Array.of(1, 0xff).subarray(1), usage }) });
    await bytes.run('invoke', 'echo', 'echo', '--json');
    expect(JSON.parse(bytes.out())).toMatchObject({ result: '/w==', encoding: 'base64' });

    const error = new HostError('ADAPTER_BAD_INPUT', 'no', { cause: new Error('inner secret') });
    const failed = stage({ answer: () => ({ kind: 'error', error, usage }) });
    expect(await failed.run('invoke', 'echo', 'echo', '--json')).toBe(1);
    expect(JSON.parse(failed.out())).toMatchObject({ success: false, error: { code: 'ADAPTER_BAD_INPUT' } });
    expect(failed.out()).not.toContain('inner secret');
  });

  test('--json wraps what kept the call from being made as well', async () => {
    const { run, out, err, calls } = stage();
    expect(await run('invoke', 'echo', 'shout', '--json')).toBe(1);
    expect(JSON.parse(out())).toEqual({
      success: false,
      error: { code: 'REGISTRY_OPERATION_NOT_FOUND', detail: 'the operations of echo are echo' },
      adapter: 'echo',
      operation: 'shout',
    });
    expect([err(), calls]).toEqual(['', []]);
  });

  test('an input beyond the limit of the operation is given up while it is read', async () => {
    let given = 0;
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(++given && 100);
    })();
    const { run, err, calls } = stage({ stdin: endless, inputMaxBytes: 350 });
    expect(await run('invoke', 'echo', 'echo')).toBe(1);
    expect(err()).toContain('POOL_NEVER_FITS: the input is larger than the 350 bytes');
    expect([given, calls.length]).toEqual([4, 0]);
  });

  test('a large input says how far it is', async () => {
    const input = Array.from({ length: 20 }, () => 'x'.repeat(1024 * 1024));
    const { run, err } = stage({ input, inputMaxBytes: 64 * 1024 * 1024 });
    await run('invoke', 'echo', 'echo', '--out', 'big');
    expect(err().match(/read \d+ MiB …/g)).toEqual(['read 8 MiB …', 'read 16 MiB …']);
  });

  test.each([
    [['nobody', 'echo'], 'REGISTRY_NOT_FOUND'],
    [['echo', 'nothing'], 'REGISTRY_OPERATION_NOT_FOUND'],
    [['echo', 'echo', '--in', 'missing'], 'missing cannot be read (ENOENT)'],
    [['echo', 'echo', '--out', 'no/such/folder'], 'no/such/folder cannot be written (ENOENT)'],
  ])('%j ends with 1, a reason, and a closed host', async (args, reason) => {
    const { run, err, events } = stage();
    expect(await run('invoke', ...args)).toBe(1);
    expect(err()).toContain(reason);
    expect(events.at(-1)).toBe('host closed');
  });

  test('a reader that has seen enough is no error', async () => {
    const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const stdout = { write: (_: unknown, done?: (error: Error) => void) => done?.(closed) };
    const { run, err } = stage({ stdout, input: ['x'] });
    expect(await run('invoke', 'echo', 'echo')).toBe(0);
    expect(err()).not.toContain('EPIPE');
  });
});

describe('invoke of a typed operation', () => {
  const typed = { name: 'greet', isRawArgument: false, rawResult: 'text' };

  test('takes its arguments from the command line and gives the result as the JSON it is', async () => {
    const { run, out, calls } = stage({ typed, answer: () => ok('"Hello"') });
    expect(await run('invoke', 'echo', 'echo', '--args', '{"name":"Ada"}', '--json')).toBe(0);
    expect(JSON.parse(out())).toMatchObject({ success: true, result: 'Hello', encoding: 'json' });
    expect(Buffer.from(calls[0]?.payload ?? []).toString()).toBe('{"name":"Ada"}');
  });

  test('without input is called without arguments, and with --raw its text is given as it is', async () => {
    const { run, out, calls } = stage({ typed, input: [], answer: () => ok('Hello') });
    expect(await run('invoke', 'echo', 'echo', '--raw')).toBe(0);
    expect([out(), Buffer.from(calls[0]?.payload ?? []).toString()]).toEqual(['Hello', '{}']);
    expect(calls[0]).toMatchObject({ isRawInput: false, isRawOutput: true });
  });

  test('tells the error value', async () => {
    const failure = { tag: 'sold-out', value: 'tea' };
    const error = new HostError('ADAPTER_FAILED', 'sold out', { failure });
    const { run, out } = stage({ typed, answer: () => ({ kind: 'error', error, usage }) });
    expect(await run('invoke', 'echo', 'echo', '--args', '{}', '--json')).toBe(1);
    expect(JSON.parse(out()).error).toEqual({ code: 'ADAPTER_FAILED', detail: 'sold out', failure });
  });

  test('refuses --raw where nothing is raw, and both flags where the adapter takes bytes', async () => {
    const json = stage({ typed: { ...typed, rawResult: undefined } });
    expect(await json.run('invoke', 'echo', 'echo', '--raw')).toBe(1);
    const bytes = stage();
    expect(await bytes.run('invoke', 'echo', 'echo', '--args', '{}')).toBe(1);
    for (const { err } of [json, bytes]) expect(err()).toContain('CONFIG_INVALID');
    expect([json.calls, bytes.calls]).toEqual([[], []]);
  });
});

const ok = (text: string): Outcome => ({ kind: 'ok', bytes: Buffer.from(text), usage });
