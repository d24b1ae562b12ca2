/** Skeleton. */
import { Copybook, Item } from './item';
import { Options } from './options';

export namespace ColumnType {
  export const INT32: i32 = 0;
  export const INT64: i32 = 1;
  export const DECIMAL: i32 = 2;
  export const FLOAT64: i32 = 3;
  export const UTF8: i32 = 4;
  export const BINARY: i32 = 5;
}

export class FlatColumn {
  constructor(
    readonly name: string,
    readonly item: Item,
    readonly type: i32,
    readonly precision: i32,
    readonly scale: i32,
    /** Of this occurrence, every table at its maximum. */
    readonly offsetBytes: i32,
  ) {}
}

/** The shown leaves, one for each occurrence. */
export function flatColumns(_copybook: Copybook, _options: Options): FlatColumn[] {
  return [];
}
