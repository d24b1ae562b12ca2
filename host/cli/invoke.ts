/**
 * `hotcell invoke`: one call in this process, without HTTP. The payload comes from a file or standard input and the
 * result goes to a file or standard output; everything said to people goes to standard error.
 *
 * An operation of a typed world takes JSON arguments and gives JSON, unless its bytes are wanted as they are (`--raw`).
 * The input is cut off at the operation's own limit while it is read, so that an endless pipe ends in an error and
 * not in an exhausted machine. An output file is written only when the call succeeded.
 */

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Call, Host, Reply, TypedOperation } from '../types.ts';
import { startHost, type World } from './world.ts';

export interface InvokeFlags {
  readonly in: string;
  readonly out: string;
  readonly json?: true;
  /** Arguments as JSON, in the place of an input. */
  readonly args?: string;
  readonly raw?: true;
}

export interface InvokeRequest extends InvokeFlags {
  readonly adapter: string;
  readonly operation: string;
}

const MiB = 1024 * 1024;
/** Inputs below it are read before anybody wonders; above it a line for each such step says that work goes on. */
const PROGRESS_STEP_BYTES = 8 * MiB;

/** Resolves to the exit code. Throws what the host throws before the call is made. */
export async function runInvoke(world: World, config: HostConfig, request: InvokeRequest): Promise<number> {
  const host = await startHost(world, config, ['warn', 'error']);
  try {
    if (request.json) {
      const result = await callHost(world, host, request).then(asJson, (error) =>
        refusalAsJson(error, request),
      );
      await writeOutput(world, request.out, Buffer.from(`${JSON.stringify(result, null, 2)}\n`));
      return result.success ? 0 : 1;
    }
    const { outcome } = (await callHost(world, host, request)).reply;
    if (outcome.kind === 'error') throw outcome.error;
    await writeOutput(world, request.out, outcome.bytes);
    return 0;
  } finally {
    await host.close();
  }
}

interface Called {
  readonly reply: Reply;
  /** The result is JSON. */
  readonly isJson: boolean;
}

async function callHost(world: World, host: Host, request: InvokeRequest): Promise<Called> {
  const { adapter, operation } = request;
  const { manifest, typed } = host.adapter(adapter);
  const { operations } = manifest;
  const limitBytes = operations[operation]?.inputMaxBytes;
  if (limitBytes === undefined) {
    const existing = Object.keys(operations).join(', ');
    throw new HostError('REGISTRY_OPERATION_NOT_FOUND', `the operations of ${adapter} are ${existing}`);
  }
  const form = formOf(
    request,
    typed?.find(({ name }) => name === operation),
  );
  const input =
    request.args === undefined
      ? await readInput(world, request.in, limitBytes)
      : new TextEncoder().encode(request.args);
  const payload = typed && !form.isRawInput && input.length === 0 ? new TextEncoder().encode('{}') : input;
  const call = { adapter, operation, payload, tenant: 'public', requestId: randomUUID(), ...form };
  return { reply: await host.invoke(call), isJson: typed !== undefined && !form.isRawOutput };
}

/** Throws CONFIG_INVALID — flags that this operation cannot follow. */
function formOf(
  { args, raw }: InvokeRequest,
  typed: TypedOperation | undefined,
): Pick<Call, 'isRawInput' | 'isRawOutput'> {
  if (typed === undefined) {
    if (args !== undefined || raw)
      throw new HostError(
        'CONFIG_INVALID',
        '--args and --raw are for typed operations: this one takes bytes',
      );
    return {};
  }
  if (!raw) return {};
  const isRawInput = typed.isRawArgument && args === undefined;
  const isRawOutput = typed.rawResult !== undefined;
  if (isRawInput || isRawOutput) return { isRawInput, isRawOutput };
  throw new HostError('CONFIG_INVALID', '--raw: neither the only argument nor the result is bytes or text');
}

async function readInput(world: World, path: string, limitBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  let toldBytes = 0;
  const source: AsyncIterable<Uint8Array> =
    path === '-' ? world.stdin : createReadStream(resolve(world.cwd, path));
  try {
    for await (const chunk of source) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > limitBytes) {
        throw new HostError(
          'POOL_NEVER_FITS',
          `the input is larger than the ${limitBytes} bytes of this operation`,
        );
      }
      chunks.push(chunk);
      if (sizeBytes - toldBytes < PROGRESS_STEP_BYTES) continue;
      toldBytes = sizeBytes;
      world.stderr.write(`read ${Math.floor(sizeBytes / MiB)} MiB …\n`);
    }
  } catch (error) {
    throw fileError(error, path, 'read');
  }
  return Buffer.concat(chunks);
}

async function writeOutput(world: World, path: string, bytes: Uint8Array): Promise<void> {
  if (path === '-') {
    await new Promise<void>((done, fail) => {
      world.stdout.write(bytes, (error) => (error ? fail(error) : done()));
    });
    return;
  }
  try {
    await writeFile(resolve(world.cwd, path), bytes);
  } catch (error) {
    throw fileError(error, path, 'written');
  }
}

/** A file that cannot be used is a mistake on the command line, not in the host. */
export function fileError(error: unknown, path: string, verb: 'read' | 'written'): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof HostError || typeof code !== 'string') return error;
  return new HostError(
    'CONFIG_INVALID',
    `${path === '-' ? 'standard input' : path} cannot be ${verb} (${code})`,
    {
      cause: error,
    },
  );
}

interface JsonResult {
  readonly success: boolean;
  readonly [field: string]: unknown;
}

function errorAsJson({ code, detail, problems, failure }: HostError): object {
  return { code, detail, ...(problems ? { problems } : {}), ...(failure === undefined ? {} : { failure }) };
}

/** What kept the call from being made, in the form of its result. Throws what is no error for an operator. */
function refusalAsJson(error: unknown, { adapter, operation }: InvokeRequest): JsonResult {
  if (!(error instanceof HostError)) throw error;
  return { success: false, error: errorAsJson(error), adapter, operation };
}

/** The result as text where it is UTF-8, else as base64; `encoding` says which. One that is JSON as it is. */
function asJson({ reply: { outcome, receipt }, isJson }: Called): JsonResult {
  const { requestId, adapter, version, operation, usage } = receipt;
  const about = { requestId, adapter, version, operation, usage };
  if (outcome.kind === 'error') {
    return { success: false, error: errorAsJson(outcome.error), ...about };
  }
  const bytes = Buffer.from(outcome.bytes.buffer, outcome.bytes.byteOffset, outcome.bytes.byteLength);
  const text = bytes.toString('utf8');
  if (isJson) return { success: true, result: JSON.parse(text) as unknown, encoding: 'json', ...about };
  const encoding = Buffer.from(text).equals(bytes) ? 'utf8' : 'base64';
  return { success: true, result: encoding === 'utf8' ? text : bytes.toString('base64'), encoding, ...about };
}
