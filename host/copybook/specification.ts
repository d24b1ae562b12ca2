/**
 * What every payload begins with: copybook, copies and options as JSON. What it means is the cell's to say; here it is
 * bounded, and named by a digest, so that calls find the cells that have compiled it.
 */

import { hash } from 'node:crypto';
import { HostError } from '../errors.ts';
import type { OutputFormat, Specification } from './face.ts';

/** It goes with every call beside a megabyte of input; real copybooks with all they copy have under one. */
export const SPECIFICATION_MAX_BYTES = 2 * 1024 * 1024;

const FORMATS: readonly string[] = ['jsonl', 'json', 'csv', 'arrow'] satisfies OutputFormat[];

export interface EncodedSpecification {
  readonly bytes: Uint8Array;
  readonly affinity: string;
}

/** Throws COPYBOOK_LIMIT — it is longer than 2 MiB as JSON. */
export function encodeSpecification(
  { copybook, copies, options }: Specification,
  format?: OutputFormat,
): EncodedSpecification {
  const output = format === 'arrow' ? 'columns' : format;
  const json = JSON.stringify({
    copybook,
    ...(copies === undefined ? {} : { copies }),
    options: { ...options, ...(output === undefined ? {} : { output }) },
  });
  const bytes = new TextEncoder().encode(json);
  if (bytes.length > SPECIFICATION_MAX_BYTES) {
    const detail = `the copybook with its copies has ${bytes.length} bytes as JSON, at most are ${SPECIFICATION_MAX_BYTES}`;
    throw new HostError('COPYBOOK_LIMIT', detail);
  }
  return { bytes, affinity: hash('sha256', bytes) };
}

/** The wanted format, or the option's. Throws COPYBOOK_OPTIONS — neither is one. */
export function outputFormat(specification: Specification, wanted: string | undefined): OutputFormat {
  const given = wanted ?? specification.options?.output ?? 'jsonl';
  const format = given === 'columns' ? 'arrow' : given;
  if (typeof format === 'string' && FORMATS.includes(format)) return format as OutputFormat;
  throw new HostError('COPYBOOK_OPTIONS', `the output is one of ${FORMATS.join(', ')}`);
}

/** True where records belong together, so that no arithmetic finds where a piece may begin. */
export function hasNesting({ options = {} }: Specification): boolean {
  const { segmentChildren, segmentIdLevels } = options;
  const isThere = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  return isThere(segmentChildren) || isThere(segmentIdLevels);
}
