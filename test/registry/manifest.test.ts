import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/errors.ts';
import { LIMIT_BOUNDS, type NumberRow, POOL_BOUNDS } from '../../host/options.ts';
import { parseManifest } from '../../host/registry/manifest.ts';
import { defaults, manifestJson } from './fixtures.ts';

function refusal(json: unknown): HostError {
  try {
    parseManifest(json, defaults);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

const problemsAt = (json: unknown): string[] => (refusal(json).problems ?? []).map((problem) => problem.at);

describe('a manifest', () => {
  it('with only the required fields gets every default', () => {
    const manifest = parseManifest(manifestJson(), defaults);
    expect(manifest.limits).toEqual(defaults.limits);
    expect(manifest.pool).toEqual(defaults.pool);
    expect(manifest.isolation).toBe('tenant');
    expect(manifest.capabilities).toEqual({});
    expect({ ...manifest.operations.echo }).toEqual({
      idempotent: false,
      readOnly: false,
      examples: [],
      description: undefined,
      produces: 'application/octet-stream',
      timeoutMs: defaults.limits.timeoutMs,
      inputMaxBytes: defaults.limits.inputMaxBytes,
      outputMaxBytes: defaults.limits.outputMaxBytes,
      fuelMax: defaults.limits.fuelMax,
    });
  });

  it('gives its operations the limits of the adapter where they name none', () => {
    const manifest = parseManifest(
      manifestJson({
        limits: { timeoutMs: 50 },
        operations: { a: { timeoutMs: 7, idempotent: true }, b: {} },
      }),
      defaults,
    );
    expect(manifest.operations.a).toMatchObject({ timeoutMs: 7, idempotent: true });
    expect(manifest.operations.b).toMatchObject({ timeoutMs: 50, idempotent: false });
  });

  it('with every field wrong is answered once, with all problems', () => {
    const wrong = {
      name: 'Echo/..',
      version: '1.0',
      description: 7,
      component: '../../etc/passwd',
      sha256: 'ABC',
      world: '',
      operations: {
        'Bad Name': {},
        slow: {
          timeoutMs: 5_000,
          inputMaxBytes: -1,
          outputMaxBytes: 1.5,
          idempotent: 'yes',
          produces: 'x\r\ny',
          extra: 1,
        },
      },
      limits: { memoryMaxMiB: 0, timeoutMs: '1', inputMaxBytes: null, outputMaxBytes: 2 ** 40, fuel: 1 },
      pool: {
        min: 9,
        max: 3,
        permits: 2,
        tenantShare: 0,
        acquireTimeoutMs: 0,
        healthIntervalMs: 0,
        idleMs: -1,
        recycleCalls: 0,
        recycleAgeMs: 'x',
        recycleMemoryRatio: 1.1,
        maxCrashes: 0,
        replayMax: 99,
      },
      isolation: 'none',
      capabilities: { filesystem: {}, kv: { maxBytes: 0 } },
      surprise: true,
    };
    const error = refusal(wrong);
    expect(error.code).toBe('REGISTRY_MANIFEST_INVALID');
    const at = new Set((error.problems ?? []).map((problem) => problem.at));
    for (const pointer of [
      '/name',
      '/version',
      '/description',
      '/component',
      '/sha256',
      '/world',
      '/operations/Bad Name',
      '/operations/slow/timeoutMs',
      '/operations/slow/inputMaxBytes',
      '/operations/slow/outputMaxBytes',
      '/operations/slow/idempotent',
      '/operations/slow/produces',
      '/operations/slow/extra',
      '/limits/memoryMaxMiB',
      '/limits/timeoutMs',
      '/limits/inputMaxBytes',
      '/limits/outputMaxBytes',
      '/limits/fuel',
      '/pool/min',
      '/pool/permits',
      '/pool/tenantShare',
      '/pool/acquireTimeoutMs',
      '/pool/healthIntervalMs',
      '/pool/idleMs',
      '/pool/recycleCalls',
      '/pool/recycleAgeMs',
      '/pool/recycleMemoryRatio',
      '/pool/maxCrashes',
      '/pool/replayMax',
      '/isolation',
      '/capabilities/filesystem',
      '/capabilities/kv/maxBytes',
      '/surprise',
    ]) {
      expect(at, pointer).toContain(pointer);
    }
  });

  it('without its required fields is told each of them', () => {
    expect(problemsAt({}).sort()).toEqual(
      ['/component', '/name', '/operations', '/sha256', '/version', '/world'].sort(),
    );
  });

  it('must have an operation', () => {
    expect(problemsAt(manifestJson({ operations: {} }))).toContain('/operations');
  });

  it('that is no object at all is refused', () => {
    for (const json of [null, undefined, 3, 'x', [], [manifestJson()]]) {
      expect(refusal(json).code).toBe('REGISTRY_MANIFEST_INVALID');
    }
  });

  it.each([
    ...Object.entries<NumberRow>(POOL_BOUNDS).map(([name, row]) => ['pool', name, row] as const),
    ...Object.entries<NumberRow>(LIMIT_BOUNDS).map(([name, row]) => ['limits', name, row] as const),
  ])('may set %s.%s within the bounds that an operator has, and not beyond', (group, name, row) => {
    const at = `/${group}/${name}`;
    const json = (value: number) => {
      // Rules between fields of the pool are not the question here.
      const rest = group === 'pool' ? { min: 0, max: name === 'permits' ? 1 : POOL_BOUNDS.max.max } : {};
      return manifestJson({ [group]: { ...rest, [name]: value } });
    };
    const step = row.integer ? 1 : 0.001;
    for (const value of [row.min, row.max]) expect(() => parseManifest(json(value), defaults)).not.toThrow();
    for (const value of [row.min - step, row.max + step]) expect(problemsAt(json(value))).toContain(at);
  });

  it('may not let min exceed max, nor permits fall short of max', () => {
    expect(problemsAt(manifestJson({ pool: { min: 5, max: 4 } }))).toEqual(['/pool/min']);
    expect(problemsAt(manifestJson({ pool: { max: 4, permits: 3 } }))).toEqual(['/pool/permits']);
    expect(parseManifest(manifestJson({ pool: { max: 4, permits: 4 } }), defaults).pool.permits).toBe(4);
    expect(parseManifest(manifestJson({ pool: { permits: 0 } }), defaults).pool.permits).toBe(0);
  });

  it('that lowers only max also lowers the default min', () => {
    expect(parseManifest(manifestJson({ pool: { max: 2 } }), defaults).pool).toMatchObject({
      min: 2,
      max: 2,
    });
  });

  it('may not give an operation more than the adapter has', () => {
    const json = manifestJson({
      limits: { timeoutMs: 10 },
      operations: { a: { timeoutMs: 11 }, b: { timeoutMs: 10 } },
    });
    expect(problemsAt(json)).toEqual(['/operations/a/timeoutMs']);
  });

  it('may not name itself as the component', () => {
    expect(problemsAt(manifestJson({ component: 'Adapter.JSON' }))).toEqual(['/component']);
  });

  it('of another world may leave its operations out, or say something about some, with JSON for a result', () => {
    const { operations: _none, ...open } = manifestJson({ world: 'acme:tools/calculator@1.0.0' });
    expect(parseManifest(open, defaults)).toMatchObject({
      world: 'acme:tools/calculator@1.0.0',
      operations: {},
    });
    const { operations } = parseManifest({ ...open, operations: { add: { readOnly: true } } }, defaults);
    expect(operations.add).toMatchObject({ readOnly: true, idempotent: false, produces: 'application/json' });
  });

  it('of the bytes world must have operations, and no WIT text', () => {
    const { operations: _none, ...open } = manifestJson({ wit: 'world w {}' });
    expect(problemsAt(open).sort()).toEqual(['/operations', '/wit']);
  });

  it('has the capabilities it asks for, as it asks for them', () => {
    const capabilities = { log: {}, kv: { maxBytes: 5 }, http: { hosts: ['a.org'] }, secrets: ['A'] };
    expect(parseManifest(manifestJson({ capabilities }), defaults).capabilities).toEqual(capabilities);
  });

  it('with a list of capabilities is told to write an object', () => {
    const error = refusal(manifestJson({ capabilities: ['http', 'kv'] }));
    expect(error.code).toBe('REGISTRY_MANIFEST_INVALID');
    expect(error.problems).toEqual([
      {
        at: '/capabilities',
        message: 'is an object by the names of capabilities, not a list: { "http": {}, "kv": {} }',
      },
    ]);
  });

  it('has no operation that it does not name, not even one that every object has', () => {
    const { operations } = parseManifest(manifestJson(), defaults);
    for (const name of ['constructor', '__proto__', 'hasOwnProperty'])
      expect(operations[name]).toBeUndefined();
  });

  it('cannot smuggle a prototype in', () => {
    const json = JSON.parse(JSON.stringify(manifestJson()).replace('{', '{"__proto__":{"x":1},')) as unknown;
    expect(refusal(json).code).toBe('REGISTRY_MANIFEST_INVALID');
    const inside = JSON.parse('{"__proto__": {}}') as Record<string, unknown>;
    expect(refusal(manifestJson({ operations: inside })).code).toBe('REGISTRY_MANIFEST_INVALID');
  });

  it('reports at most a hundred problems, each of bounded length', () => {
    const operations = Object.fromEntries(
      Array.from({ length: 250 }, (_, i) => [`${'X'.repeat(5_000)}${i}`, 1]),
    );
    const error = refusal(manifestJson({ operations }));
    expect(error.problems).toHaveLength(100);
    expect(error.detail.length).toBeLessThan(1_000);
    for (const problem of error.problems ?? []) expect(problem.at.length).toBeLessThan(400);
  });

  it('is either accepted or refused with a code, whatever JSON it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(manifestJson())), (value, field) => {
        try {
          parseManifest(manifestJson({ [field]: value }), defaults);
        } catch (error) {
          expect(error).toBeInstanceOf(HostError);
        }
      }),
    );
  });

  it('cannot be changed after it was accepted', () => {
    const manifest = parseManifest(manifestJson(), defaults);
    for (const part of [
      manifest,
      manifest.limits,
      manifest.pool,
      manifest.operations,
      manifest.operations.echo,
    ]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});
