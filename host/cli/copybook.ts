/**
 * `hotcell copybook layout|decode|encode|detect`: records of files and pipes, in cells of this process.
 *
 * Files may be of any length: they are read, worked on and written piece by piece. An output file appears whole or not at
 * all; standard output cannot take rows back, and there the exit code says that they were not all.
 */

import type { HostConfig } from '../config.ts';
import type { Copybook, OutputFormat, Specification } from '../copybook/face.ts';
import { HostError } from '../errors.ts';
import type { Host } from '../types.ts';
import { detectedOptions, detectionText, layoutText, withExcerpt } from './copybook-print.ts';
import { readSpecification, type SourceFlags } from './copybook-source.ts';
import { counted, inputBytes, readInput } from './input.ts';
import { createOutput, pour } from './output.ts';
import { createProgress } from './progress.ts';
import { listenForStop } from './stop.ts';
import { startHost, type World } from './world.ts';

export interface LayoutFlags extends SourceFlags {
  readonly json?: true;
  readonly schema?: true;
}

export interface FileFlags extends SourceFlags {
  readonly headerBytes?: number;
  readonly footerBytes?: number;
}

export interface ConvertFlags extends FileFlags {
  readonly out: string;
  readonly force?: true;
  readonly format?: OutputFormat;
  readonly rows?: number;
  readonly detect?: true;
}

export interface DetectFlags extends FileFlags {
  readonly json?: true;
}

/** All commands resolve to the exit code. They throw CONFIG_INVALID — a file or flag cannot be used; COPYBOOK_*; what calls throw. */
export async function runLayout(
  world: World,
  config: HostConfig,
  copybookFile: string,
  flags: LayoutFlags,
): Promise<number> {
  const specification = await readSpecification(world, copybookFile, flags);
  return withHost(world, config, async (host) => {
    const layout = await withCodec(host, copybookFile, specification, flags, (codec) => codec.layout());
    const json = flags.schema ? layout.schema : layout;
    const text = flags.schema || flags.json ? `${JSON.stringify(json, null, 2)}\n` : layoutText(layout);
    world.stdout.write(text);
    return 0;
  });
}

export async function runDetect(
  world: World,
  config: HostConfig,
  copybookFile: string,
  file: string,
  flags: DetectFlags,
): Promise<number> {
  const specification = await readSpecification(world, copybookFile, flags);
  await inputBytes(world, file);
  return withHost(world, config, async (host) => {
    const found = await withCodec(host, copybookFile, specification, flags, (codec) =>
      codec.detect(readInput(world, file)),
    );
    world.stdout.write(flags.json ? `${JSON.stringify(found, null, 2)}\n` : detectionText(found));
    return 0;
  });
}

/** Records to rows, or rows to records. */
export async function runConvert(
  world: World,
  config: HostConfig,
  direction: 'decode' | 'encode',
  copybookFile: string,
  file: string,
  flags: ConvertFlags,
): Promise<number> {
  const specification = await readSpecification(world, copybookFile, flags);
  const totalBytes = await inputBytes(world, file);
  const output = await createOutput(world, flags.out, {
    replace: flags.force === true,
    isSecret: false,
    ...notForTerminals(direction, flags.format),
  });
  const stop = listenForStop(world, 'COPYBOOK_CLOSED');
  // Rows and a bar on one terminal would write over each other.
  const isShown = flags.out !== '-' || world.stdout.isTTY !== true;
  const progress = createProgress(isShown ? world.stderr : { write: () => {} }, world.clock, totalBytes);
  try {
    return await withHost(world, config, async (host) => {
      const given = counted(readInput(world, file), progress);
      let [source, options] = [given as AsyncIterable<Uint8Array>, specification.options];
      if (flags.detect === true) {
        const head = await takeHead(given, HEAD_BYTES + (flags.headerBytes ?? 0));
        const found = await withCodec(host, copybookFile, specification, flags, (codec) =>
          codec.detect(head.pieces),
        );
        if (found.confidence === 0 && head.pieces.length > 0 && options?.recordFormat === undefined) {
          const detail = `no record format fits ${file}: name one with --record-format`;
          throw new HostError('CONFIG_INVALID', detail);
        }
        source = head.whole;
        options = { ...detectedOptions(found), ...options };
      }
      const whole = { ...specification, ...(options === undefined ? {} : { options }) };
      await withCodec(host, copybookFile, whole, flags, async (codec) => {
        const stream =
          direction === 'encode'
            ? codec.encode(source)
            : codec.decode(source, {
                ...(flags.format === undefined ? {} : { format: flags.format }),
                ...(flags.rows === undefined ? {} : { rows: flags.rows }),
              });
        await pour(stream, output, stop);
      });
      await output.commit();
      return 0;
    });
  } finally {
    progress.finish();
    await output.discard();
    stop.close();
    // A pipe that nobody ends would keep the process.
    if (stop.isAsked) world.exit(1);
  }
}

/** Enough for detection when half of it is what packs the rest. */
const HEAD_BYTES = 512 * 1024;

/** The beginning of a source, and all of it: the beginning is not read twice. */
async function takeHead(
  source: AsyncGenerator<Uint8Array>,
  wantedBytes: number,
): Promise<{ readonly pieces: Uint8Array[]; readonly whole: AsyncGenerator<Uint8Array> }> {
  const pieces: Uint8Array[] = [];
  let takenBytes = 0;
  while (takenBytes < wantedBytes) {
    const next = await source.next();
    if (next.done === true) break;
    pieces.push(next.value);
    takenBytes += next.value.byteLength;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield* pieces;
    yield* source;
  }
  return { pieces, whole: whole() };
}

function notForTerminals(direction: 'decode' | 'encode', format: string | undefined) {
  if (direction === 'encode') return { notForTerminals: 'records' };
  return format === 'arrow' ? { notForTerminals: 'Arrow columns' } : {};
}

async function withHost(
  world: World,
  config: HostConfig,
  use: (host: Host) => Promise<number>,
): Promise<number> {
  const host = await startHost(world, config, ['warn', 'error'], ['copybook']);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

/** A mistake in the copybook is shown with its line. */
async function withCodec<T>(
  host: Host,
  copybookFile: string,
  specification: Specification,
  flags: FileFlags,
  use: (codec: Copybook) => Promise<T>,
): Promise<T> {
  const { createCopybook } = await import('../copybook/copybook.ts');
  const codec = createCopybook({
    host,
    ...specification,
    fileHeaderBytes: flags.headerBytes ?? 0,
    fileFooterBytes: flags.footerBytes ?? 0,
  });
  try {
    return await use(codec);
  } catch (error) {
    throw withExcerpt(error, copybookFile, specification);
  } finally {
    await codec.close();
  }
}
