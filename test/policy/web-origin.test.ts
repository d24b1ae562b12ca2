import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createPolicy } from '../../host/policy/policy.ts';
import { requireLocalOrigin } from '../../host/policy/web-origin.ts';

const LOCAL = [
  'localhost',
  'LOCALHOST',
  'hotcell.localhost',
  'a.b.localhost',
  '127.0.0.1',
  '127.255.0.255',
  '[::1]',
];
const FOREIGN = [
  '',
  'evil.example',
  'localhost.evil.example',
  'evil-localhost',
  'notlocalhost',
  '127.0.0.1.evil.example',
  '127.0.0.1@evil.example',
  '127.0.0',
  '127.0.0.256',
  '128.0.0.1',
  '1127.0.0.1',
  '0.0.0.0',
  '10.0.0.1',
  '[::]',
  '[::2]',
  '::1',
  '[::1].evil.example',
  '.localhost',
  'localhost.',
  'localhost evil.example',
  'localhost, evil.example',
  'evil.example/localhost',
  'evil.example#.localhost',
  'localhost:',
  'localhost:80:80',
  'localhost\n',
  'ⓛocalhost',
];

function codeOf(host: string | undefined, origin: string | undefined): string {
  try {
    requireLocalOrigin(host, origin);
  } catch (error) {
    if (error instanceof HostError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('without tokens', () => {
  it('a program is let in by any name of this machine, on any port', () => {
    for (const name of LOCAL) {
      for (const port of ['', ':8080', ':1', ':65535'])
        expect(codeOf(`${name}${port}`, undefined)).toBe('ok');
    }
    expect(codeOf(undefined, undefined)).toBe('ok');
  });

  it('a page of this machine is let in', () => {
    for (const name of LOCAL) expect(codeOf('127.0.0.1:8080', `http://${name}:3000`)).toBe('ok');
    expect(codeOf('127.0.0.1', 'https://localhost')).toBe('ok');
  });

  it.each(FOREIGN)('a request by the name %j is refused: the name may be a rebound one', (name) => {
    expect(codeOf(name, undefined)).toBe('POLICY_ORIGIN_FORBIDDEN');
    expect(codeOf(`${name}:8080`, undefined)).toBe('POLICY_ORIGIN_FORBIDDEN');
  });

  it.each(FOREIGN)('a page of %j is refused, whatever name it calls', (name) => {
    expect(codeOf('127.0.0.1:8080', `http://${name}`)).toBe('POLICY_ORIGIN_FORBIDDEN');
    expect(codeOf(undefined, `https://${name}:443`)).toBe('POLICY_ORIGIN_FORBIDDEN');
  });

  it.each([
    'null',
    '',
    'localhost',
    '//localhost',
    'http:localhost',
    'http://localhost/',
    'http://a, http://localhost',
    'file://',
  ])('an origin of %j is refused', (origin) =>
    expect(codeOf('localhost', origin)).toBe('POLICY_ORIGIN_FORBIDDEN'),
  );

  it('no other name is let in than a URL parser takes for one of this machine', () => {
    const part = fc.constantFrom(
      'localhost',
      '127.0.0.1',
      '[::1]',
      'evil',
      '.',
      ':',
      '80',
      '@',
      '-',
      '1',
      '%',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part, { maxLength: 5 }).map((parts) => parts.join('')),
          fc.string(),
        ),
        (host) => {
          if (codeOf(host, undefined) !== 'ok') return;
          // A port above 65535 is no URL; such a header leads nowhere else either.
          const { hostname } = new URL(`http://${host.replace(/:\d+$/, '')}`);
          expect(hostname).toMatch(/^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/);
        },
      ),
    );
  });

  it('the refusal says what to do and does not repeat what was sent', () => {
    const sent: [string | undefined, string | undefined][] = [
      ['<canary>', undefined],
      [undefined, 'http://<canary>'],
    ];
    for (const [host, origin] of sent) {
      const error = (() => {
        try {
          requireLocalOrigin(host, origin);
        } catch (thrown) {
          return thrown as HostError;
        }
        return expect.unreachable();
      })();
      expect(error.detail).toContain('127.0.0.1');
      expect(error.detail).toContain('configure API tokens');
      expect(error.detail).not.toContain('canary');
    }
  });
});

describe('with tokens', () => {
  it('neither name nor origin matters: a page does not know a token', () => {
    const sha256 = '3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0';
    const tokens = [{ name: 'ci', sha256, tenant: 'acme', role: 'caller' }] as const;
    const policy = createPolicy({ loopback: true, tokens, clock: createFakeClock() });
    const sent = { tenantHeader: undefined, host: 'tools.example', origin: 'https://app.example' };
    expect(policy.identify({ ...sent, authorization: 'Bearer token' }).tenant).toBe('acme');
    expect(() => policy.identify({ ...sent, authorization: undefined })).toThrow('POLICY_UNAUTHENTICATED');
  });
});
