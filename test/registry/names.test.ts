import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { readComponent } from '../../host/registry/component.ts';
import { escapeName, isSafeName, NAME_MAX_BYTES } from '../../host/registry/names.ts';

function refusal(bytes: Uint8Array): HostError {
  try {
    readComponent(bytes);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the component was accepted');
}

/** Placeholder that text formats accept everywhere; the bytes of the hostile name take its place afterwards. */
async function withName(text: string, name: string): Promise<Uint8Array> {
  const hostile = new TextEncoder().encode(name);
  const placeholder = 'n'.repeat(hostile.length);
  const bytes = (await parse(text.replaceAll('NAME', placeholder))).slice();
  const held = new TextEncoder().encode(placeholder);
  let replaced = 0;
  for (let at = 0; at + held.length <= bytes.length; at++) {
    if (!held.every((byte, i) => bytes[at + i] === byte)) continue;
    bytes.set(hostile, at);
    replaced++;
  }
  expect(replaced).toBeGreaterThan(0);
  return bytes;
}

const PLACES: [string, string][] = [
  ['a core export', '(component (core module (func (export "NAME"))))'],
  ['the module of a core import', '(component (core module (import "NAME" "x" (func))))'],
  ['a core import', '(component (core module (import "x" "NAME" (func))))'],
  ['a core export in a nested component', '(component (component (core module (func (export "NAME")))))'],
  ['a custom section of a core module', '(component (core module (@custom "NAME" "")))'],
  ['a custom section of a component', '(component (@custom "NAME" ""))'],
  [
    'the argument of a core instance',
    '(component (core module $m) (core instance $i) (core instance (instantiate $m (with "NAME" (instance $i)))))',
  ],
  [
    'the export of a core instance',
    '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (core instance (export "NAME" (func $i "f"))))',
  ],
  ['a core alias', '(component (core instance $i) (alias core export $i "NAME" (core func)))'],
  ['an import', '(component (import "NAME" (func)))'],
  ['an export', '(component (instance $i) (export "NAME" (instance $i)))'],
  [
    'the argument of an instance',
    '(component (component $c) (instance $i) (instance (instantiate $c (with "NAME" (instance $i)))))',
  ],
  ['the export of an instance', '(component (instance $i) (instance (export "NAME" (instance $i))))'],
  ['an alias', '(component (instance $i) (alias export $i "NAME" (func)))'],
  ['an export within an instance type', '(component (type (instance (export "NAME" (func)))))'],
  ['an import within a component type', '(component (type (component (import "NAME" (func)))))'],
  ['a core import within a module type', '(component (core type (module (import "NAME" "x" (func)))))'],
  ['a core export within a module type', '(component (core type (module (export "NAME" (func)))))'],
  ['a parameter', '(component (type (func (param "NAME" u8))))'],
  ['a field', '(component (type (record (field "NAME" u8))))'],
  ['a case', '(component (type (variant (case "NAME"))))'],
  ['a flag', '(component (type (flags "NAME")))'],
  ['a case of an enum', '(component (type (enum "NAME")))'],
];

describe('a name that is not safe', () => {
  it.each(PLACES)('is refused as %s', async (_, text) => {
    for (const name of ["x'];process.exit();//", 'a"b', 'a\nb', 'a\\b', 'a`b', 'a*/b', 'ü', '\u2028']) {
      const error = refusal(await withName(text, name));
      expect(error.code).toBe('REGISTRY_REJECTED');
      expect(error.detail).toMatch(/^byte \d+: the /);
      expect(isSafeName(error.detail.replace(/["\\{};,()']/g, ''))).toBe(true);
    }
  });

  it.each(PLACES)('would have been accepted with safe characters as %s', async (_, text) => {
    // A plain name: whatever is refused now is refused for another reason than its name.
    let detail = '';
    try {
      readComponent(await withName(text, 'plain-name'));
    } catch (error) {
      detail = error instanceof HostError ? error.detail : String(error);
    }
    expect(detail).toBe('');
  });

  it('is shown escaped, and cut', () => {
    expect(escapeName("'];\n\u2028")).toBe('\\u{27}]\\u{3b}\\u{a}\\u{2028}');
    expect(escapeName('\\u{27}')).toBe('\\u{5c}u\\u{7b}27\\u{7d}');
    expect(escapeName('a*/b')).toBe('a*\\u{2f}b');
    expect(escapeName('x'.repeat(1000)).length).toBeLessThan(100);
  });

  it('is one that is too long', async () => {
    const text = '(component (import "NAME" (func)))';
    const detail = refusal(await withName(text, 'x'.repeat(NAME_MAX_BYTES + 1))).detail;
    expect(detail).toMatch(/has 513 bytes; the limit is 512/);
  });

  it('has a character with a meaning in JavaScript strings, comments or templates', () => {
    for (const character of '\'"`\\\n\r\t\0;(){},!&%?^~\u2028\u2029\u0085\u202eé') {
      expect(isSafeName(`a${character}b`)).toBe(false);
    }
  });
});

describe('a safe name', () => {
  it('can stand between quotes of any kind without changing', () => {
    const characters = [...'abcXYZ019_:/@.#$|<>*+=[] -'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...characters), { maxLength: 60 }), (parts) => {
        const name = parts.join('').replaceAll('*/', '');
        expect(isSafeName(name)).toBe(true);
        expect(escapeName(name)).toBe(name);
        expect(JSON.parse(`"${name}"`)).toBe(name);
      }),
    );
  });

  it.each([
    '',
    'cm32p2|_ex_wasi:io/error@0.2',
    '[method]output-stream.blocking-write-and-flush',
    '$imports',
    'cabi_post_hotcell:adapter/handler@1.0.0#invoke',
    '__proto__',
  ])('is what toolchains write: %j', (name) => {
    expect(isSafeName(name)).toBe(true);
  });
});
