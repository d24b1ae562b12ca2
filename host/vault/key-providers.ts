/**
 * Key providers: a file, an environment variable, functions of the program's own.
 *
 * Text form, one version a line (in a variable `;` stands for the line's end), `#` begins a comment:
 *
 *   <version> <active|readable> <64 hexadecimal digits>
 *   <version> retired
 *
 * Nothing is cached. A file's bytes are wiped after each reading; a variable stays in the process's environment, and what
 * JavaScript made of it in its heap: prefer a file, or a callback to a key service.
 */

import { readFile, stat } from 'node:fs/promises';
import { HostError } from '../errors.ts';
import { type KeyProvider, type KeyState, type KeyVersion, ROOT_KEY_BYTES } from './key-ring.ts';

/** More than any list of keys needs; a wrong path must not fill the memory. */
const FILE_MAX_BYTES = 64 * 1024;
const STATES: readonly string[] = ['active', 'readable', 'retired'] satisfies KeyState[];

/** Throws VAULT_KEYS_UNREADABLE when used — no such file, or others than its owner may read it. */
export function fileKeys(path: string): KeyProvider {
  const read = async (): Promise<Uint8Array> => {
    const { mode, size } = await stat(path);
    // Windows has no such bits and reports all of them.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new HostError('VAULT_KEYS_UNREADABLE', 'others than its owner may read the key file: chmod 600');
    }
    if (size > FILE_MAX_BYTES) throw new HostError('VAULT_KEYS_UNREADABLE', 'the key file is too long');
    return readFile(path);
  };
  return textKeys(read);
}

/** Throws VAULT_KEYS_UNREADABLE when used — the variable is not set. */
export function environmentKeys(name: string, environment: NodeJS.ProcessEnv = process.env): KeyProvider {
  return textKeys(async () => {
    const text = environment[name];
    if (text === undefined) {
      throw new HostError('VAULT_KEYS_UNREADABLE', `the environment variable ${name} is not set`);
    }
    return Buffer.from(text.replaceAll(';', '\n'), 'latin1');
  });
}

/** A key service, a keychain, a test: `load` gives 32 bytes in an array of their own, which is wiped after use. */
export function callbackKeys(callbacks: KeyProvider): KeyProvider {
  return { versions: () => callbacks.versions(), load: (version) => callbacks.load(version) };
}

function textKeys(read: () => Promise<Uint8Array>): KeyProvider {
  return {
    async versions() {
      const text = await read();
      try {
        return parse(text).map(({ version, state }): KeyVersion => ({ version, state }));
      } finally {
        text.fill(0);
      }
    },
    async load(wanted) {
      const text = await read();
      try {
        const line = parse(text).find(({ version }) => version === wanted);
        if (line?.hex === undefined) {
          throw new HostError('VAULT_KEYS_UNREADABLE', `version ${wanted} of the key is not there any more`);
        }
        return decodeHex(line.hex, wanted);
      } finally {
        text.fill(0);
      }
    },
  };
}

interface Line {
  readonly version: number;
  readonly state: KeyState;
  /** A view of the digits: no key ever becomes a string here. */
  readonly hex: Uint8Array | undefined;
}

function parse(text: Uint8Array): Line[] {
  const lines: Line[] = [];
  for (let at = 0, number = 1; at < text.length; number++) {
    const newline = text.indexOf(0x0a, at);
    const end = newline < 0 ? text.length : newline;
    const words = wordsOf(text.subarray(at, end));
    if (words.length > 0) lines.push(parseLine(words, number));
    at = end + 1;
  }
  return lines;
}

function parseLine(words: readonly Uint8Array[], number: number): Line {
  const [version = '', state = ''] = words.slice(0, 2).map((word) => Buffer.from(word).toString('latin1'));
  const hex = words[2];
  const isWhole =
    words.length === (state === 'retired' ? 2 : 3) || (state === 'retired' && words.length === 3);
  if (!/^\d{1,10}$/.test(version) || !STATES.includes(state) || !isWhole) {
    throw new HostError(
      'VAULT_KEY_INVALID',
      `line ${number} of the keys is not <version> <active|readable|retired> <64 hexadecimal digits>`,
    );
  }
  return { version: Number(version), state: state as KeyState, hex };
}

/** What stands between blanks, up to a `#`. */
function wordsOf(line: Uint8Array): Uint8Array[] {
  const words: Uint8Array[] = [];
  let start = -1;
  for (let i = 0; i <= line.length; i++) {
    const byte = line[i];
    const isBlank = byte === undefined || byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x23;
    if (!isBlank && start < 0) start = i;
    if (isBlank && start >= 0) {
      words.push(line.subarray(start, i));
      start = -1;
    }
    if (byte === 0x23) break;
  }
  return words;
}

function decodeHex(hex: Uint8Array, version: number): Uint8Array {
  const key = new Uint8Array(ROOT_KEY_BYTES);
  let isValid = hex.length === 2 * ROOT_KEY_BYTES;
  for (let i = 0; isValid && i < hex.length; i++) {
    const digit = digitOf(hex[i] ?? 0);
    if (digit < 0) isValid = false;
    else key[i >> 1] = ((key[i >> 1] ?? 0) << 4) | digit;
  }
  if (isValid) return key;
  key.fill(0);
  throw new HostError(
    'VAULT_KEY_INVALID',
    `version ${version} of the key is not ${2 * ROOT_KEY_BYTES} hexadecimal digits`,
  );
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
