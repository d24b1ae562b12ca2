import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldName, multipartEnd, parseMultipart, partHead } from '../../host/http/multipart.ts';

const BOUNDARY = 'boundary-that-no-part-has';

describe('a multipart body', () => {
  it('gives back any parts that were put in, in order', async () => {
    const part = fc.record({ type: fc.stringMatching(/^[a-z]{1,8}\/[a-z]{1,8}$/), bytes: fc.uint8Array() });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 8 }), async (parts) => {
        const pieces = parts.flatMap(({ type, bytes }) => [
          Buffer.from(partHead(BOUNDARY, { 'Content-Type': type })),
          Buffer.from(bytes),
          Buffer.from('\r\n'),
        ]);
        const body = Buffer.concat([...pieces, Buffer.from(multipartEnd(BOUNDARY))]);
        const read = await parseMultipart(body, BOUNDARY, 8);
        expect(
          read.map(({ headers, bytes }) => [headers['content-type'], Buffer.from(bytes).toString('hex')]),
        ).toEqual(parts.map(({ type, bytes }) => [type, Buffer.from(bytes).toString('hex')]));
      }),
    );
  });

  it('of random bytes ends in an error with a code, never in silence', async () => {
    // Made of the pieces that mean something to a parser, so that most bodies are nearly right.
    const piece = fc.oneof(
      fc.constantFrom('--b', '--b--', '\r\n', '\r\n\r\n', '\r', '\n', '-', 'X: 1', ':', 'x'.repeat(9_000)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 20 }), async (pieces) => {
        try {
          const parts = await parseMultipart(Buffer.from(pieces.join('')), 'b', 4);
          expect(parts.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^HTTP_(MALFORMED|BODY_TOO_LARGE|UNSUPPORTED_TYPE)$/),
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('names its form fields as RFC 7578 writes them', () => {
    const name = (disposition: string) =>
      fieldName({ headers: { 'content-disposition': disposition }, bytes: new Uint8Array(0) });
    expect(name('form-data; name="a"')).toBe('a');
    expect(name('form-data; filename="x.wasm"; name="a"')).toBe('a');
    expect(name('Form-Data;name="a"; filename="x"')).toBe('a');
    expect(name('form-data; filename="a"')).toBeUndefined();
    expect(name('attachment; name="a"')).toBeUndefined();
    expect(name('')).toBeUndefined();
  });
});
