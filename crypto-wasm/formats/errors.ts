/**
 * What can be wrong with sealed bytes, as stable codes: compare `error.code`, never the class.
 *
 * One code stands for every authentication failure, whatever part was changed and whichever key, context or data was
 * not the right one: the difference would help nobody but a forger. The others can be read off the bytes in the open.
 */

export type FormatErrorCode =
  /** The first bytes are not those of the format. */
  | 'FORMAT_UNKNOWN'
  /** A version this code does not read. */
  | 'FORMAT_VERSION'
  /** A suite this code does not know. */
  | 'FORMAT_SUITE'
  /** Shorter than its own header says, or a stream without its last chunk. */
  | 'FORMAT_TRUNCATED'
  /** A field holds what no writer writes. */
  | 'FORMAT_MALFORMED'
  /** The record names another version of the key than the one given. */
  | 'FORMAT_KEY_VERSION'
  /** Wrong key, context or associated data, or changed bytes. */
  | 'FORMAT_AUTHENTICATION'
  /** Longer than the format allows. */
  | 'FORMAT_LIMIT'
  /** Used after its end, or after `close`. */
  | 'FORMAT_ENDED';

export class FormatError extends Error {
  readonly code: FormatErrorCode;

  constructor(code: FormatErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.name = 'FormatError';
    this.code = code;
  }
}

/** The one text for all that is not authentic. */
export function notAuthentic(): FormatError {
  return new FormatError(
    'FORMAT_AUTHENTICATION',
    'the bytes are not what was sealed with this key and context',
  );
}
