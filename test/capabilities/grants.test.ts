/** What is granted, of what is asked for and what is permitted; and that no secret shows anywhere. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grantsOf } from '../../host/capabilities/grants.ts';
import { type SecretSources, systemSecretSources } from '../../host/capabilities/secrets.ts';
import { intersectHosts, matchesHost, parseHost } from '../../host/capability-patterns.ts';
import { readManifestCapabilities, readPolicy } from '../../host/capability-policy.ts';
import type { CapabilityPolicy, ManifestCapabilities } from '../../host/capability-types.ts';
import { describeConfig, resolveConfig } from '../../host/config.ts';
import { HostError } from '../../host/errors.ts';
import { redact } from '../../host/telemetry/redact.ts';

const noSources: SecretSources = { env: {}, readFile: async () => Promise.reject(new Error('none')) };

const granted = (capabilities: ManifestCapabilities, policy: CapabilityPolicy = {}, sources = noSources) =>
  grantsOf({ name: 'tool', capabilities }, policy, sources);

async function refusal(granting: Promise<unknown>): Promise<HostError> {
  const error = await granting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HostError) return error;
  throw new Error('it was granted', { cause: error });
}

describe('without a word of the operator', () => {
  it('what reaches nothing outside is granted, up to its bounds', async () => {
    const asked = { log: {}, clock: {}, random: {}, config: { A: '1' }, kv: {}, files: {} };
    expect(await granted(asked)).toEqual({
      log: { level: 'info', callMaxBytes: 16_384 },
      clock: { resolutionMs: 1 },
      random: {},
      config: { A: '1' },
      kv: { maxBytes: 1_048_576 },
      files: { maxBytes: 1_048_576 },
    });
    const much = { clock: { resolutionMs: 0.001 }, kv: { maxBytes: 2 ** 30 }, files: { maxBytes: 2 ** 28 } };
    expect(await granted(much)).toEqual({
      clock: { resolutionMs: 1 },
      kv: { maxBytes: 1_048_576 },
      files: { maxBytes: 16_777_216 },
    });
    expect(await granted({})).toEqual({});
  });

  it('http and secrets are denied, all at once, and the refusal says what would permit them', async () => {
    const error = await refusal(granted({ http: { hosts: ['api.example.org'] }, secrets: ['KEY'] }));
    expect([error.code, error.status]).toEqual(['REGISTRY_CAPABILITY_DENIED', 403]);
    expect(error.problems?.map(({ at }) => at)).toEqual(['/capabilities/http', '/capabilities/secrets']);
    const written = error.problems?.map(
      ({ message }) => JSON.parse(message.slice(message.indexOf('{'))) as unknown,
    );
    expect(written).toEqual([
      { tool: { http: { hosts: ['api.example.org'] } } },
      { tool: { secrets: { KEY: { env: '…' } } } },
    ]);
  });
});

describe('of the manifest and the operator', () => {
  it('the narrower of every field is granted', async () => {
    const grants = await granted(
      {
        log: { level: 'debug', callMaxBytes: 100 },
        http: {
          hosts: ['*.example.org', 'other.net'],
          methods: ['GET', 'POST'],
          plain: true,
          privateRanges: ['10.0.0.0/8'],
          requestMaxBytes: 10,
          timeoutMs: 50,
        },
        config: { A: '1', B: '2' },
      },
      {
        '*': { log: { level: 'warn' }, http: false },
        tool: {
          http: {
            hosts: ['api.example.org', 'x.net'],
            methods: ['POST', 'PUT'],
            privateRanges: ['10.2.0.0/16'],
            timeoutMs: 40,
          },
          config: { A: '9', C: '3' },
        },
      },
    );
    expect(grants.log).toEqual({ level: 'warn', callMaxBytes: 100 });
    expect(grants.http).toEqual({
      hosts: ['api.example.org'],
      methods: ['POST'],
      plain: false,
      privateRanges: ['10.2.0.0/16'],
      requestMaxBytes: 10,
      responseMaxBytes: 8_388_608,
      callMaxRequests: 8,
      timeoutMs: 40,
    });
    expect(grants.config).toEqual({ A: '9', B: '2' });
    expect(Object.isFrozen(grants.http?.hosts)).toBe(true);
  });

  it('what is asked for and denied by either word of the operator, or shares no host or method, is refused', async () => {
    for (const policy of [
      { '*': { kv: false } },
      { tool: { kv: false } },
      { '*': { kv: {} }, tool: { kv: false } },
    ] as const) {
      expect((await refusal(granted({ kv: {} }, policy))).code).toBe('REGISTRY_CAPABILITY_DENIED');
    }
    expect(await granted({ kv: {} }, { '*': { kv: false }, tool: { kv: {} } })).toEqual({
      kv: { maxBytes: 1_048_576 },
    });
    const error = await refusal(
      granted(
        { http: { hosts: ['a.org'], methods: ['PUT'] } },
        { '*': { http: { hosts: ['b.org'], methods: ['GET'] } } },
      ),
    );
    expect(error.problems?.map(({ at }) => at)).toEqual([
      '/capabilities/http/hosts',
      '/capabilities/http/methods',
    ]);
  });

  it('two lists of hosts have in common exactly what both match', () => {
    const host = fc.constantFrom(
      '*',
      '*.a.org',
      '*.b.a.org',
      'b.a.org',
      'c.b.a.org',
      'a.org',
      'xa.org',
      'localhost',
      '10.0.0.1',
      '[::1]',
    );
    const pattern = fc
      .tuple(host, fc.constantFrom('', ':443', ':80', ':8443'))
      .map((parts) => parts.join(''));
    const list = fc.array(pattern, { maxLength: 4 });
    const matches = (patterns: readonly string[], name: string, port: number) =>
      patterns.some((text) => {
        const parsed = parseHost(text);
        if (typeof parsed === 'string') throw new Error(`${text} ${parsed}`);
        return matchesHost(parsed, name, port);
      });
    const names = [
      'a.org',
      'b.a.org',
      'c.b.a.org',
      'd.c.b.a.org',
      'xa.org',
      'z.xa.org',
      'localhost',
      '10.0.0.1',
      '[::1]',
    ];
    fc.assert(
      fc.property(list, list, (one, other) => {
        const common = intersectHosts(one, other);
        for (const name of names) {
          for (const port of [443, 80, 8443]) {
            const both = matches(one, name, port) && matches(other, name, port);
            expect(matches(common, name, port), `${name}:${port} ${common}`).toBe(both);
          }
        }
      }),
    );
  });
});

describe('a secret', () => {
  const value = 'hunter2-very-secret';

  it('is read from a variable or a file, and shows in nothing that is printed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hotcell-secrets-'));
    try {
      await writeFile(join(folder, 'b'), `${value}\n`);
      const text = JSON.stringify({
        capabilities: {
          tool: { secrets: { A: { env: 'X_A' }, B: { file: join(folder, 'b') } }, config: { C: value } },
        },
      });
      const resolved = resolveConfig({ file: { path: join(folder, 'c.json'), text } });
      const sources = systemSecretSources({ X_A: value });
      const grants = await granted({ secrets: ['A', 'B'] }, resolved.config.capabilities, sources);
      expect(grants.secrets).toEqual({ A: value, B: value });
      expect(JSON.stringify(describeConfig(resolved))).not.toContain(value);
      expect(JSON.stringify(redact({ grants }))).not.toContain(value);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('that cannot be had is named with its source, all of them at once, and none is quoted', async () => {
    const policy: CapabilityPolicy = {
      '*': {
        secrets: {
          A: { env: 'X_MISSING' },
          B: { file: '/nowhere/b' },
          C: { env: 'X_EMPTY' },
          D: { env: 'X_LONG' },
          E: { file: '/e' },
          F: { env: 'X_F' },
          G: { env: '__proto__' },
        },
      },
    };
    const long = value.repeat(10_000);
    const sources: SecretSources = {
      env: { X_EMPTY: '', X_LONG: long, X_F: value },
      async readFile(path, maxBytes) {
        if (path === '/e') return new Uint8Array(maxBytes).fill(0xff, 0, 10).subarray(0, 10);
        throw Object.assign(new Error(`ENOENT ${value}`), { code: 'ENOENT' });
      },
    };
    const error = await refusal(granted({ secrets: ['A', 'B', 'C', 'D', 'E', 'F', 'G'] }, policy, sources));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.problems?.map(({ at }) => at.split('.').at(-1))).toEqual(['A', 'B', 'C', 'D', 'E', 'G']);
    expect(error.problems?.[1]?.message).toContain('/nowhere/b, which cannot be read: ENOENT');
    expect(inspect(error, { depth: 9 })).not.toContain(value);
    const mixed = await refusal(granted({ secrets: ['A', 'Z'] }, policy, sources));
    expect([mixed.code, mixed.problems?.length]).toEqual(['REGISTRY_CAPABILITY_DENIED', 2]);
  });

  it('belongs to the adapter it is said of', async () => {
    const policy: CapabilityPolicy = { other: { secrets: { A: { env: 'X' } } } };
    const error = await refusal(granted({ secrets: ['A'] }, policy, { ...noSources, env: { X: value } }));
    expect(error.code).toBe('REGISTRY_CAPABILITY_DENIED');
  });
});

describe('what is written', () => {
  const problemsOf = (
    read: (refuse: (path: readonly (string | number)[], message: string) => void) => unknown,
  ) => {
    const problems: string[] = [];
    const result = read((path, message) => problems.push(`${path.join('.')}: ${message}`));
    expect(result === undefined).toBe(problems.length > 0);
    return problems;
  };

  it('wrong in a manifest is told in full', () => {
    const wrong = {
      log: { level: 'loud', callMaxBytes: -1 },
      clock: { resolutionMs: 0 },
      random: { seed: 1 },
      config: { '1': 'x', A: 5, B: 'a\0b', C: 'x'.repeat(16_385) },
      secrets: ['ok', 'not ok', 'ok'],
      kv: { maxBytes: 1.5 },
      http: {
        hosts: ['EXAMPLE.org', 'http://a', '*.10.0.0.1', 'a b', '0x7f.1', '*.localhost', 'a:99999', 5],
        methods: ['get', 'TRACE', 'CONNECT'],
        privateRanges: ['10.0.0.0/33', '10.0.0.1', 'x/8', '::/129'],
        plain: 'yes',
        callMaxRequests: 0,
      },
      files: [],
      sockets: {},
      constructor: {},
    };
    const at = problemsOf((refuse) => readManifestCapabilities(wrong, refuse)).map(
      (text) => text.split(':')[0],
    );
    for (const place of [
      ...[
        'log.level',
        'log.callMaxBytes',
        'clock.resolutionMs',
        'random.seed',
        'config.1',
        'config.A',
        'config.B',
      ],
      ...[
        'secrets.1',
        'secrets',
        'kv.maxBytes',
        'http.plain',
        'http.callMaxRequests',
        'files',
        'sockets',
        'constructor',
      ],
      ...Array.from({ length: 8 }, (_, index) => `http.hosts.${index}`),
      ...['http.methods.0', 'http.methods.1', 'http.methods.2'],
      ...Array.from({ length: 4 }, (_, index) => `http.privateRanges.${index}`),
    ]) {
      expect(at, place).toContain(place);
    }
    expect(
      problemsOf((refuse) => readManifestCapabilities({ config: { C: 'x'.repeat(16_384) } }, refuse)),
    ).toHaveLength(1);
    const hosts = Array.from({ length: 65 }, (_, index) => `h${index}.org`);
    expect(problemsOf((refuse) => readManifestCapabilities({ http: { hosts } }, refuse))).toHaveLength(1);
    expect(problemsOf((refuse) => readManifestCapabilities({ http: {} }, refuse))[0]).toContain(
      'http.hosts: is required',
    );
  });

  it('as a list of names is answered with the object that was meant', () => {
    const [problem] = problemsOf((refuse) => readManifestCapabilities(['log', 'secrets'], refuse));
    expect(problem).toContain('{ "log": {}, "secrets": […] }');
  });

  it('wrong in the configuration is told in full, and never quoted where a value may stand', () => {
    const secret = 'abc-secret-value';
    const problems = problemsOf((refuse) =>
      readPolicy(
        {
          Tool: {},
          tool: {
            secrets: { A: secret, B: { env: secret }, C: { value: secret }, D: { env: 'A', file: '/b' } },
            kv: true,
          },
          '*': { secrets: secret, http: { hosts: ['*'] }, log: false },
        },
        refuse,
      ),
    );
    const at = problems.map((text) => text.split(':')[0]);
    expect(at).toEqual([
      'Tool',
      'tool.secrets.A',
      'tool.secrets.B',
      'tool.secrets.C',
      'tool.secrets.D',
      'tool.kv',
      '*.secrets',
    ]);
    expect(problems.join()).not.toContain(secret);
    const config = (text: string) => resolveConfig({ file: { path: 'c.json', text } });
    expect(() => config('{"capabilities": {"a": {"sockets": {}}}}')).toThrow(/one problem/);
    expect(() => resolveConfig({ env: { HOTCELL_CAPABILITIES: '{}' } })).toThrow(/one problem/);
    for (const url of [`http://u:${secret}@h`, `redis://u:${secret}%zz@h`, `redis://${secret}%@h`]) {
      expect(() => resolveConfig({ env: { HOTCELL_KV_URL: url } })).toThrow(/^(?!.*secret).*one problem/);
    }
    const shown = describeConfig(
      resolveConfig({ env: { HOTCELL_KV_URL: `rediss://u:${secret}@redis.example.org/2` } }),
    );
    expect(shown.find(({ name }) => name === 'kvUrl')?.value).toBe('rediss://redis.example.org/2');
  });
});
