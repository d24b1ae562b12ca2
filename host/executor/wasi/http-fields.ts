/**
 * `wasi:http/types.fields`: the headers or trailers of a message.
 *
 * Always: what a guest puts in is a token and a value without control characters, so that no header smuggles another; what
 * a message already has is immutable; the bytes of each object are held for (`held.ts`) and bounded. Names are compared without
 * regard to case and kept as they were written.
 * Source: wasi:http 0.2, types.wit, "fields"; RFC 9110, section 5.
 */

import { isOfConnection } from '../../service-headers.ts';
import type { HttpHeader } from '../../service-methods.ts';
import { type CellContext, err, GuestTrap, OK, ok, type Result } from '../imports-contract.ts';
import { hold, OBJECT_BYTES, release } from './held.ts';

/** Names and values in one object: several times what servers commonly take. */
export const FIELDS_MAX_BYTES = 65_536;

/** Entries in one object: ten times what servers commonly take, and few enough to be searched one by one. */
export const FIELDS_MAX_COUNT = 1024;

/** What an entry costs beside its name and value: an estimate of the objects behind it. */
const ENTRY_BYTES = 256;

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** RFC 9110, section 5.5: visible characters, spaces, tabs and bytes above ASCII. */
function isValue(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte !== 0x7f) || byte === 0x09);
}

type HeaderError = { readonly tag: 'invalid-syntax' | 'forbidden' | 'immutable' };
type HeaderResult = Result<never, HeaderError>;

const INVALID = err({ tag: 'invalid-syntax' as const });
const IMMUTABLE = err({ tag: 'immutable' as const });

function costOf({ name, value }: HttpHeader): number {
  return ENTRY_BYTES + name.length + value.length;
}

export class Fields {
  readonly #cell: CellContext;
  readonly #isMutable: boolean;
  #entries: HttpHeader[];
  #bytes = 0;

  /** Holds for `entries`, which are its own or never changed. */
  constructor(cell: CellContext, entries: HttpHeader[], isMutable: boolean) {
    this.#cell = cell;
    this.#isMutable = isMutable;
    this.#entries = entries;
    for (const entry of entries) this.#bytes += costOf(entry);
    hold(cell, OBJECT_BYTES + this.#bytes);
  }

  get entries(): readonly HttpHeader[] {
    return this.#entries;
  }

  get(name: string): Uint8Array[] {
    const lower = name.toLowerCase();
    return this.#entries.filter((entry) => entry.name.toLowerCase() === lower).map(({ value }) => value);
  }

  set(name: string, values: readonly Uint8Array[]): HeaderResult {
    const refusal = this.#check(name, values);
    if (refusal) return refusal;
    this.#remove(name);
    for (const value of values) this.#add(name, value);
    return OK;
  }

  append(name: string, value: Uint8Array): HeaderResult {
    const refusal = this.#check(name, [value]);
    if (refusal) return refusal;
    this.#add(name, value);
    return OK;
  }

  delete(name: string): HeaderResult {
    const refusal = this.#check(name, []);
    if (refusal) return refusal;
    this.#remove(name);
    return OK;
  }

  /** A copy that can be changed, or one that cannot. */
  copy(isMutable: boolean): Fields {
    return new Fields(this.#cell, isMutable ? [...this.#entries] : this.#entries, isMutable);
  }

  drop(): void {
    release(this.#cell, OBJECT_BYTES + this.#bytes);
  }

  #check(name: string, values: readonly Uint8Array[]): HeaderResult | undefined {
    if (!this.#isMutable) return IMMUTABLE;
    if (!isToken(name) || !values.every(isValue)) return INVALID;
    return isOfConnection(name.toLowerCase()) ? err({ tag: 'forbidden' }) : undefined;
  }

  #add(name: string, value: Uint8Array): void {
    const entry = { name, value };
    const costBytes = costOf(entry);
    const count = this.#entries.length + 1;
    if (count > FIELDS_MAX_COUNT || this.#bytes + costBytes - count * ENTRY_BYTES > FIELDS_MAX_BYTES) {
      throw new GuestTrap(
        `a message has more than ${FIELDS_MAX_COUNT} headers or ${FIELDS_MAX_BYTES} bytes of them`,
      );
    }
    hold(this.#cell, costBytes);
    this.#bytes += costBytes;
    this.#entries.push(entry);
  }

  #remove(name: string): void {
    const lower = name.toLowerCase();
    let freedBytes = 0;
    this.#entries = this.#entries.filter((entry) => {
      if (entry.name.toLowerCase() !== lower) return true;
      freedBytes += costOf(entry);
      return false;
    });
    this.#bytes -= freedBytes;
    release(this.#cell, freedBytes);
  }
}

/** The guest's own headers, entry by entry as it gives them. */
export function fieldsFromList(
  cell: CellContext,
  entries: readonly (readonly [string, Uint8Array])[],
): Result<Fields, HeaderError> {
  const fields = new Fields(cell, [], true);
  for (const [name, value] of entries) {
    const result = fields.append(name, value);
    if (result.tag === 'err') {
      fields.drop();
      return result;
    }
  }
  return ok(fields);
}

/**
 * What of `fields` goes out with a message, and the length of its body if they tell it. Headers of a connection, which a copy of
 * received ones may have, are left out: they are not to be forwarded (RFC 9110, section 7.6.1).
 */
export function outgoingHeaders(fields: Fields): { headers: HttpHeader[]; bodyBytes: number | undefined } {
  const headers: HttpHeader[] = [];
  let bodyBytes: number | undefined;
  for (const header of fields.entries) {
    const lower = header.name.toLowerCase();
    if (lower === 'content-length') bodyBytes = toLength(header.value);
    else if (!isOfConnection(lower)) headers.push(header);
  }
  return { headers, bodyBytes };
}

/** Undefined where it is no length: then the host counts for itself. */
function toLength(value: Uint8Array): number | undefined {
  const text = new TextDecoder('latin1').decode(value).trim();
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
