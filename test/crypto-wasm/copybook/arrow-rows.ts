/** A frame of columns → its values as the texts that JSON and CSV have, read back by Arrow's own reader. */

import { tableFromIPC } from 'apache-arrow';
import { createArrowStream } from '../../../host/copybook/arrow.ts';
import type { FlatColumnFacts } from './flat-probe.ts';

export interface ArrowRows {
  /** By row, then by column; null is null. Bytes are in hexadecimal. */
  readonly rows: (string | null)[][];
  /** By column. */
  readonly nullCounts: number[];
}

export function readArrow(columns: readonly FlatColumnFacts[], frame: Uint8Array): ArrowRows {
  const stream = createArrowStream(columns);
  const table = tableFromIPC(Buffer.concat([stream.schemaBytes, stream.write(frame), stream.end()]));
  const rows = Array.from({ length: table.numRows }, (_, row) =>
    columns.map((column, i) => textOf(table.getChildAt(i)?.get(row), column)),
  );
  return { rows, nullCounts: columns.map((_, i) => table.getChildAt(i)?.nullCount ?? 0) };
}

function textOf(value: unknown, { type, scale }: FlatColumnFacts): string | null {
  if (value === null || value === undefined) return null;
  if (type === 'decimal') return decimalText(value as Uint32Array, scale);
  if (type === 'binary') return Buffer.from(value as Uint8Array).toString('hex');
  return String(value);
}

/** Four words, the least significant first, two's complement. */
function decimalText(words: Uint32Array, scale: number): string {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const value = BigInt.asIntN(128, unsigned);
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return (value < 0n ? '-' : '') + whole;
}
