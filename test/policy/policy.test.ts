import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../host/clock.ts';
import { HostError } from '../../host/errors.ts';
import { createPolicy } from '../../host/policy/policy.ts';
import type { TokenEntry } from '../../host/policy/tokens.ts';
import type { Call, Credentials, OperationSpec } from '../../host/types.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const caller: TokenEntry = { name: 'ci', sha256: sha256('token-of-ci'), tenant: 'acme', role: 'caller' };
const admin: TokenEntry = { name: 'ops', sha256: sha256('token-of-ops'), tenant: 'ops', role: 'admin' };
const clock = createFakeClock(5_000);
const spec: OperationSpec = {
  idempotent: false,
  readOnly: false,
  examples: [],
  description: undefined,
  produces: 'application/octet-stream',
  timeoutMs: 1_000,
  inputMaxBytes: 16,
  outputMaxBytes: 32,
  fuelMax: 1e12,
};

/** A caller that sends no header at all. */
const nothing: Credentials = {
  authorization: undefined,
  tenantHeader: undefined,
  host: undefined,
  origin: undefined,
};

const local = (): ReturnType<typeof createPolicy> => createPolicy({ loopback: true, tokens: [], clock });
const guarded = (...tokens: TokenEntry[]): ReturnType<typeof createPolicy> =>
  createPolicy({ loopback: false, tokens, clock });

function codeOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof HostError) return error.code;
    throw error;
  }
  return 'ok';
}

describe('on loopback without tokens', () => {
  it('the tenant is public when nobody says otherwise', () => {
    expect(local().identify(nothing)).toEqual({
      tenant: 'public',
      role: 'caller',
      name: 'loopback',
      hasToken: false,
    });
  });

  it('the header names the tenant', () => {
    for (const tenantHeader of ['a', '0', 'Acme-Corp.eu_1', 'a'.repeat(64)]) {
      expect(local().identify({ ...nothing, tenantHeader }).tenant).toBe(tenantHeader);
    }
  });

  it.each([
    ['nothing', ''],
    ['a path that climbs', '../../etc/passwd'],
    ['a dot', '.'],
    ['two dots', '..'],
    ['a hidden file', '.bashrc'],
    ['an encoded path', '%2e%2e%2f'],
    ['a backslash', 'a\\b'],
    ['a line break', 'acme\nadmin: true'],
    ['a trailing line break', 'acme\n'],
    ['a carriage return', 'acme\r'],
    ['a NUL', 'acme\0'],
    ['a bell', '\u0007'],
    ['a prototype', '__proto__'],
    ['a space', 'acme corp'],
    ['a Cyrillic look-alike', '\u0430cme'],
    ['a full-width look-alike', '\uff41cme'],
    ['a combining mark', 'acme\u0301'],
    ['a right-to-left override', '\u202eemca'],
    ['a lone surrogate', '\ud800'],
    ['65 characters', 'a'.repeat(65)],
    ['ten thousand characters', 'a'.repeat(10_000)],
    ['two tenants', 'acme, other'],
    ['a template', '$' + '{jndi:ldap://x}'],
    ['a tag', '<script>'],
    ['a quote', "a'--"],
  ])('a tenant of %s is refused', (_what, tenantHeader) => {
    expect(codeOf(() => local().identify({ ...nothing, tenantHeader }))).toBe('POLICY_TENANT_INVALID');
  });

  it('any accepted tenant is plain ASCII, at most 64 characters, and no path', () => {
    const policy = local();
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 80 })),
        (tenantHeader) => {
          try {
            const { tenant } = policy.identify({ ...nothing, tenantHeader });
            expect(tenant).toBe(tenantHeader);
            expect(tenant.length).toBeLessThanOrEqual(64);
            for (const character of tenant) expect('/\\\0\n%'.includes(character)).toBe(false);
            expect(tenant.startsWith('.')).toBe(false);
          } catch (error) {
            expect(error).toMatchObject({ code: 'POLICY_TENANT_INVALID' });
          }
        },
      ),
    );
  });

  it('the refused name is not repeated in the answer', () => {
    try {
      local().identify({ ...nothing, tenantHeader: '<script>canary' });
      expect.unreachable();
    } catch (error) {
      expect((error as HostError).detail).not.toContain('canary');
    }
  });

  it('nobody may install: it is off', () => {
    const policy = local();
    const identity = policy.identify({ ...nothing, authorization: 'Bearer token-of-ops' });
    expect(codeOf(() => policy.requireAdmin(identity))).toBe('POLICY_ADMIN_OFF');
  });
});

describe('with tokens', () => {
  it('tenant, role and name come from the token and the header is ignored', () => {
    const policy = guarded(caller, admin);
    expect(
      policy.identify({ ...nothing, authorization: 'Bearer token-of-ci', tenantHeader: '../evil' }),
    ).toEqual({
      tenant: 'acme',
      role: 'caller',
      name: 'ci',
      hasToken: true,
    });
    expect(policy.identify({ ...nothing, authorization: 'bearer  token-of-ops' }).role).toBe('admin');
  });

  it('loopback also needs one', () => {
    const policy = createPolicy({ loopback: true, tokens: [caller], clock });
    expect(codeOf(() => policy.identify({ ...nothing, tenantHeader: 'acme' }))).toBe(
      'POLICY_UNAUTHENTICATED',
    );
  });

  it.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['a scheme alone', 'Bearer'],
    ['a scheme and a space', 'Bearer '],
    ['another scheme', 'Basic dG9rZW4tb2YtY2k='],
    ['no scheme', 'token-of-ci'],
    ['another token', 'Bearer token-of-cj'],
    ['a prefix of a token', 'Bearer token-of-c'],
    ['a token and more', 'Bearer token-of-ci x'],
    ['two tokens', 'Bearer token-of-ci, Bearer token-of-ops'],
    ['the digest instead of the token', `Bearer ${caller.sha256}`],
    ['a line break', 'Bearer token-of-ci\n'],
    ['a tab', 'Bearer\ttoken-of-ci'],
    ['a megabyte', `Bearer ${'a'.repeat(1_000_000)}`],
  ])('%s is not enough', (_what, authorization) => {
    const policy = guarded(caller, admin);
    expect(codeOf(() => policy.identify({ ...nothing, authorization }))).toBe('POLICY_UNAUTHENTICATED');
  });

  it('a refused token is not repeated in the answer', () => {
    try {
      guarded(caller).identify({ ...nothing, authorization: 'Bearer canary-token' });
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify(error)).not.toContain('canary');
      expect(String(error)).not.toContain('canary');
    }
  });

  it('only an admin may install', () => {
    const policy = guarded(caller, admin);
    const as = (token: string) => policy.identify({ ...nothing, authorization: `Bearer ${token}` });
    expect(codeOf(() => policy.requireAdmin(as('token-of-ci')))).toBe('POLICY_FORBIDDEN');
    expect(codeOf(() => policy.requireAdmin(as('token-of-ops')))).toBe('ok');
  });

  it('installing stays off while no token is an admin', () => {
    const policy = guarded(caller);
    const identity = policy.identify({ ...nothing, authorization: 'Bearer token-of-ci' });
    expect(codeOf(() => policy.requireAdmin(identity))).toBe('POLICY_ADMIN_OFF');
  });
});

describe('the policy', () => {
  it('refuses to exist beyond loopback without tokens', () => {
    expect(codeOf(() => guarded())).toBe('CONFIG_INVALID');
  });

  it('names everything that is wrong with the configured tokens at once', () => {
    try {
      guarded({ name: '', sha256: 'x', tenant: '../', role: 'root' as 'admin' }, caller, {
        ...admin,
        name: caller.name,
        sha256: caller.sha256,
      });
      expect.unreachable();
    } catch (error) {
      expect((error as HostError).problems?.map((problem) => problem.at)).toEqual([
        'tokens[0].name',
        'tokens[0].sha256',
        'tokens[0].tenant',
        'tokens[0].role',
        'tokens[2].name',
        'tokens[2].sha256',
      ]);
    }
  });
});

describe('admission', () => {
  const call = (change: Partial<Call> = {}): Call => ({
    adapter: 'echo',
    operation: 'echo',
    payload: new Uint8Array(4),
    tenant: 'acme',
    requestId: 'r1',
    ...change,
  });

  it('grants the limits of the operation, with an absolute deadline', () => {
    expect(local().admit(call(), spec)).toEqual({
      tenant: 'acme',
      deadlineMs: 6_000,
      inputMaxBytes: 16,
      outputMaxBytes: 32,
      fuelMax: 1e12,
    });
  });

  it('narrows a wanted timeout and never widens it', () => {
    expect(local().admit(call({ timeoutMs: 1 }), spec).deadlineMs).toBe(5_001);
    expect(local().admit(call({ timeoutMs: 1_000_000_000 }), spec).deadlineMs).toBe(6_000);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '5', null])(
    'refuses a timeout of %s',
    (timeoutMs) => {
      expect(codeOf(() => local().admit(call({ timeoutMs: timeoutMs as number }), spec))).toBe(
        'POLICY_TIMEOUT_INVALID',
      );
    },
  );

  it('takes a payload of exactly the limit and refuses one byte more', () => {
    expect(codeOf(() => local().admit(call({ payload: new Uint8Array(16) }), spec))).toBe('ok');
    expect(codeOf(() => local().admit(call({ payload: new Uint8Array(17) }), spec))).toBe(
      'HTTP_BODY_TOO_LARGE',
    );
  });
});
