/**
 * An entry while the copybook is being parsed: the item, and what its clauses said that has to be looked up or weighed
 * once all entries are there. Gone when the item is finished.
 */

import { Item } from './item';
import { Token } from './token';

export class Draft {
  readonly item: Item = new Item();
  /** Clauses that it has, a bit of `Clause` each. */
  clauses: i32 = 0;
  picture: Token | null = null;
  /** Normalised; empty without USAGE. */
  usage: string = '';
  usageToken: Token | null = null;
  sign: Token | null = null;
  /** What SIGN says, for the items below a group too. */
  signLeading: bool = false;
  signSeparate: bool = false;
  justified: Token | null = null;
  blank: Token | null = null;
  occurs: Token | null = null;
  /** Name and qualifiers, innermost first. */
  dependsOn: Token[] = [];
  redefines: Token | null = null;
  renamesFrom: Token[] = [];
  renamesThru: Token[] = [];

  constructor(
    /** Its level number. */
    readonly at: Token,
  ) {}
}

export namespace Clause {
  export const PICTURE: i32 = 1;
  export const USAGE: i32 = 2;
  export const SIGN: i32 = 4;
  export const OCCURS: i32 = 8;
  export const SYNCHRONIZED: i32 = 16;
  export const JUSTIFIED: i32 = 32;
  export const BLANK: i32 = 64;
  export const VALUE: i32 = 128;
  export const REDEFINES: i32 = 256;
  export const RENAMES: i32 = 512;
  export const GLOBAL: i32 = 1024;
  export const EXTERNAL: i32 = 2048;
}
