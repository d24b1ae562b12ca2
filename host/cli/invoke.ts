/**
 * `hotcell invoke`: one call in this process, without HTTP. The payload comes from a file or standard input and the
 * result goes to a file or standard output; everything said to people goes to standard error.
 *
 * The input is cut off at the operation's own limit while it is read, so that an endless pipe ends in an error and
 * not in an exhausted machine. An output file is written only when the call succeeded.
 */

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { HostConfig } from '../config.ts';
import { HostError } from '../errors.ts';
import type { Host, Reply } from '../types.ts';
import { startHost, type World } from './world.ts';

export interface InvokeFlags {
  readonly in: string;
  readonly out: string;
  readonly json?: true;
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
    const { outcome } = await callHost(world, host, request);
    if (outcome.kind === 'error') throw outcome.error;
    await writeOutput(world, request.out, outcome.bytes);
    return 0;
  } finally {
    await host.close();
  }
}

async function callHost(world: World, host: Host, request: InvokeRequest): Promise<Reply> {
  const { adapter, operation } = request;
  const { operations } = host.adapter(adapter).manifest;
  const limitBytes = operations[operation]?.inputMaxBytes;
  if (limitBytes === undefined) {
    const existing = Object.keys(operations).join(', ');
    throw new HostError('REGISTRY_OPERATION_NOT_FOUND', `the operations of ${adapter} are ${existing}`);
  }
  const payload = await readInput(world, request.in, limitBytes);
  return host.invoke({ adapter, operation, payload, tenant: 'public', requestId: randomUUID() });
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

function errorAsJson({ code, detail, problems }: HostError): object {
  return { code, detail, ...(problems ? { problems } : {}) };
}

/** What kept the call from being made, in the form of its result. Throws what is no error for an operator. */
function refusalAsJson(error: unknown, { adapter, operation }: InvokeRequest): JsonResult {
  if (!(error instanceof HostError)) throw error;
  return { success: false, error: errorAsJson(error), adapter, operation };
}

/** The result as text where it is UTF-8, else as base64; `encoding` says which. */
function asJson({ outcome, receipt }: Reply): JsonResult {
  const { requestId, adapter, version, operation, usage } = receipt;
  const about = { requestId, adapter, version, operation, usage };
  if (outcome.kind === 'error') {
    return { success: false, error: errorAsJson(outcome.error), ...about };
  }
  const bytes = Buffer.from(outcome.bytes.buffer, outcome.bytes.byteOffset, outcome.bytes.byteLength);
  const text = bytes.toString('utf8');
  const encoding = Buffer.from(text).equals(bytes) ? 'utf8' : 'base64';
  return { success: true, result: encoding === 'utf8' ? text : bytes.toString('base64'), encoding, ...about };
}
