/** The configuration: which source wins, that every problem is told at once, and that no digest is ever shown. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ConfigInputs,
  describeConfig,
  environmentName,
  isLoopback,
  POOL_DEFAULTS,
  resolveConfig,
} from '../host/config.ts';
import { HostError, type Problem } from '../host/errors.ts';
import { LIMIT_BOUNDS, OPTION_NAMES, OPTIONS, optionRow } from '../host/options.ts';

const digest = 'ab'.repeat(32);
const token = { name: 'broker', sha256: digest, tenant: 'acme', role: 'caller' };
const file = (content: unknown) => ({ path: 'hotcell.config.json', text: JSON.stringify(content) });

function problemsOf(inputs: ConfigInputs): readonly Problem[] {
  try {
    resolveConfig({ cwd: '/srv', ...inputs });
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.problems ?? [];
  }
  return [];
}

describe('sources', () => {
  test('without any input every option has its default and says so', () => {
    const { config, sources } = resolveConfig({ cwd: '/srv', coreCount: 3 });
    expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, data: '/srv/hotcell-data', bundled: true });
    expect(config.executors).toBe(3);
    expect(config.adapters).toBeUndefined();
    expect(config.pool).toEqual(POOL_DEFAULTS);
    expect(new Set(Object.values(sources))).toEqual(new Set(['default']));
    expect(Object.keys(sources)).toEqual(OPTION_NAMES);
  });

  test('a flag beats the environment, which beats the file, which beats the default', () => {
    const inputs = { file: file({ port: 3, killGraceMs: 30, pool: { max: 30 } }), cwd: '/srv' };
    const env = { HOTCELL_PORT: '2', HOTCELL_KILL_GRACE_MS: '20' };
    const { config, sources } = resolveConfig({ ...inputs, env, flags: { port: '1' } });
    expect([config.port, config.killGraceMs, config.pool.max, config.pool.min]).toEqual([1, 20, 30, 4]);
    expect([sources.port, sources.killGraceMs, sources['pool.max'], sources['pool.min']]).toEqual([
      'flag',
      'environment',
      'file',
      'default',
    ]);
  });

  test('a program may pass typed and nested options instead of text', () => {
    const { config } = resolveConfig({
      flags: { port: 0, pool: { max: 5 }, tokens: [token], 'pool.min': 1 },
    });
    expect([config.port, config.pool.max, config.pool.min, config.tokens.length]).toEqual([0, 5, 1, 1]);
  });

  test('undefined means not given', () => {
    expect(resolveConfig({ flags: { port: undefined }, env: { HOTCELL_PORT: undefined } }).config.port).toBe(
      8080,
    );
  });

  test('a path of the file is relative to the file, any other to the working directory', () => {
    const from = { path: '/etc/hotcell/hotcell.config.json', text: '{"data":"d"}' };
    const { config } = resolveConfig({ cwd: '/srv', file: from, env: { HOTCELL_ADAPTERS: 'tools' } });
    expect([config.data, config.adapters]).toEqual(['/etc/hotcell/d', '/srv/tools']);
  });

  test('every option has its own variable', () => {
    expect(environmentName('pool.acquireTimeoutMs')).toBe('HOTCELL_POOL_ACQUIRE_TIMEOUT_MS');
    expect(environmentName('prepareHeapMiB')).toBe('HOTCELL_PREPARE_HEAP_MIB');
    expect(new Set(OPTION_NAMES.map(environmentName)).size).toBe(OPTION_NAMES.length);
  });

  test('variables of other programs are none of our business', () => {
    expect(problemsOf({ env: { PORT: 'x', HOTCELLAR: '1', PATH: '/bin' } })).toEqual([]);
  });

  test('what the tests read is no mistake in the environment of a host, but a misspelt one is', () => {
    const env = { HOTCELL_VECTORS: 'some/folder', HOTCELL_FUZZ: '1' };
    expect(resolveConfig({ env })).toEqual(resolveConfig({}));
    expect(problemsOf({ env: { HOTCELL_FUZZY: '1' } }).map(({ at }) => at)).toEqual(['HOTCELL_FUZZY']);
  });
});

describe('problems', () => {
  test('all of them come at once, from every source', () => {
    const problems = problemsOf({
      flags: { port: '65536', bundled: 'yes' },
      env: { HOTCELL_LOG_LEVEL: 'inf', HOTCELL_PROT: '1' },
      file: file({ prot: 1, executors: 257, pool: { mim: 1, tenantShare: 0 }, data: '' }),
    });
    expect(problems.map(({ at }) => at).toSorted()).toEqual([
      'HOTCELL_LOG_LEVEL',
      'HOTCELL_PROT',
      'bundled',
      'hotcell.config.json: data',
      'hotcell.config.json: executors',
      'hotcell.config.json: pool.mim',
      'hotcell.config.json: pool.tenantShare',
      'hotcell.config.json: prot',
      'port',
    ]);
  });

  test('a slip gets a suggestion, another word does not', () => {
    const said = (name: string) => problemsOf({ file: file({ [name]: 1 }) })[0]?.message;
    expect(said('prot')).toContain('did you mean port?');
    expect(said('bodyMaxByte')).toContain('did you mean bodyMaxBytes?');
    expect(said('elephant')).not.toContain('did you mean');
    expect(problemsOf({ env: { HOTCELL_PROT: '1' } })[0]?.message).toContain('did you mean HOTCELL_PORT?');
    expect(problemsOf({ env: { HOTCELL_LOG_LEVEL: 'inof' } })[0]?.message).toContain('did you mean info?');
  });

  test('an overruled mistake is reported too', () => {
    expect(problemsOf({ flags: { port: '1' }, env: { HOTCELL_PORT: 'x' } })).toHaveLength(1);
  });

  test.each(['', ' 1', '1 ', '0x10', '1e3', '-1', '1.5', 'NaN', 'Infinity', '9'.repeat(20)])(
    'text %j is no port',
    (text) => {
      expect(problemsOf({ env: { HOTCELL_PORT: text } })).toHaveLength(1);
    },
  );

  test.each(['8080', true, null, [], {}, 1.5, -1])('%j in the file is no port', (value) => {
    expect(problemsOf({ file: file({ port: value }) })).toHaveLength(1);
  });

  test('a file that is no JSON object is one problem', () => {
    expect(problemsOf({ file: { path: 'c.json', text: '{\n "port": }' } })).toEqual([
      { at: 'c.json', message: 'is not valid JSON' },
    ]);
    expect(problemsOf({ file: { path: 'c.json', text: '{\n "port": 1,}' } })).toEqual([
      { at: 'c.json', message: 'is not valid JSON (line 2 column 12)' },
    ]);
    expect(problemsOf({ file: file([]) })).toEqual([
      { at: 'hotcell.config.json', message: 'must be a JSON object' },
    ]);
    expect(problemsOf({ file: file({ pool: 3 }) })).toHaveLength(1);
  });

  test('a pool whose minimum is above its maximum is refused', () => {
    expect(problemsOf({ flags: { 'pool.min': '9', 'pool.max': '8' } })[0]?.at).toBe('pool.min');
  });

  test('numbers outside the bounds of their row are refused, those inside are taken', () => {
    const numbers = OPTION_NAMES.flatMap((name) => {
      const row = optionRow(name);
      return row.kind === 'number' ? [{ name, row }] : [];
    });
    fc.assert(
      fc.property(fc.constantFrom(...numbers), fc.double({ noNaN: true }), ({ name, row }, value) => {
        const fits = value >= row.min && value <= row.max && (!row.integer || Number.isInteger(value));
        const problems = problemsOf({
          flags: { [name]: value, ...(name === 'pool.min' ? { 'pool.max': 1024 } : {}) },
        });
        expect(problems.filter(({ message }) => !message.includes('must not be above'))).toHaveLength(
          fits ? 0 : 1,
        );
      }),
    );
  });

  test('whatever a file holds, the answer is a configuration or a list of problems', () => {
    fc.assert(
      fc.property(
        fc.object({ key: fc.constantFrom('pool', 'tokens', 'port', 'x', '__proto__') }),
        (content) => {
          const problems = problemsOf({ file: file(content) });
          expect(problems.every(({ at, message }) => at !== '' && message !== '')).toBe(true);
        },
      ),
    );
  });
});

describe('tokens', () => {
  test.each(['127.0.0.1', '127.8.9.1', 'localhost', '::1', '::ffff:127.0.0.1'])('%s is loopback', (host) => {
    expect(isLoopback(host)).toBe(true);
    expect(problemsOf({ flags: { host } })).toEqual([]);
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', 'localhost.example.org', '127.0.0.1.example.org'])(
    'beyond loopback (%s) the host refuses to start without tokens',
    (host) => {
      expect(problemsOf({ flags: { host } })[0]?.message).toContain('hotcell token');
      expect(problemsOf({ flags: { host }, env: { HOTCELL_TOKENS: JSON.stringify([token]) } })).toEqual([]);
    },
  );

  test('every field of an entry is checked', () => {
    const wrong = [{ name: '', sha256: 'AB', tenant: '../x', role: 'root', token: 'hunter2' }, 7];
    const at = problemsOf({ file: file({ tokens: wrong }) }).map((problem) => problem.at.split('tokens')[1]);
    const fields = ['name', 'sha256', 'tenant', 'role'];
    expect(at.toSorted()).toEqual(
      ['[0]', ...fields.map((field) => `[0].${field}`), ...fields.map((field) => `[1].${field}`)].toSorted(),
    );
  });

  test('two tokens share neither name nor digest', () => {
    expect(problemsOf({ flags: { tokens: [token, token] } }).map(({ at }) => at)).toEqual([
      'tokens[1].name',
      'tokens[1].sha256',
    ]);
  });

  test('neither a description nor a problem shows what a token entry held', () => {
    const shown = JSON.stringify(describeConfig(resolveConfig({ flags: { tokens: [token] } })));
    expect(shown).not.toContain(digest);
    expect(shown).toContain('"name":"broker","tenant":"acme","role":"caller"');
    const secret = 'hunter2-hunter2';
    for (const tokens of [
      secret,
      [secret],
      [{ token: secret }],
      [{ sha256: secret, role: secret, tenant: secret }],
    ]) {
      expect(JSON.stringify(problemsOf({ flags: { tokens } }))).not.toContain(secret);
    }
    expect(JSON.stringify(problemsOf({ env: { HOTCELL_TOKENS: `[{"token":"${secret}"` } }))).not.toContain(
      secret,
    );
    const broken = { path: 'c.json', text: `{"tokens":[{"sha256":"${secret}" oops` };
    expect(JSON.stringify(problemsOf({ file: broken }))).not.toContain(secret);
  });
});

test('variables of single commands are no options and no mistakes, but a list of tokens in one of them is', () => {
  const env = {
    HOTCELL_TOKEN: 'hc_x',
    HOTCELL_OCI_USERNAME: 'ada',
    HOTCELL_OCI_PASSWORD: 'x',
    HOTCELL_CLANG: 'cc',
  };
  expect(problemsOf({ env })).toEqual([]);
  expect(problemsOf({ env: { HOTCELL_TOKEN: `[${JSON.stringify(token)}]` } })).toEqual([
    { at: 'HOTCELL_TOKEN', message: 'is not an option; did you mean HOTCELL_TOKENS?' },
  ]);
});

describe('trusted keys', () => {
  const pem = '-----BEGIN PUBLIC KEY-----\nc4n4ry\n-----END PUBLIC KEY-----\n';
  const keysOf = (inputs: Parameters<typeof resolveConfig>[0]) =>
    resolveConfig({ cwd: '/srv', ...inputs }).config.trustedKeys;

  test('are texts as they are and paths made absolute, from the folder that named them', () => {
    expect(keysOf({ file: file({ trustedKeys: [pem, 'ada.pem'] }) })).toEqual([pem, '/srv/ada.pem']);
    expect(keysOf({ flags: { trustedKeys: ['ada.pem', '/keys/eve.pem'] } })).toEqual([
      '/srv/ada.pem',
      '/keys/eve.pem',
    ]);
    expect(keysOf({ env: { HOTCELL_TRUSTED_KEYS: '["ada.pem"]' } })).toEqual(['/srv/ada.pem']);
    expect(keysOf({ env: { HOTCELL_TRUSTED_KEYS: 'ada.pem' } })).toEqual(['/srv/ada.pem']);
    expect(keysOf({ env: { HOTCELL_TRUSTED_KEYS: pem } })).toEqual([pem]);
    expect(keysOf({})).toBeUndefined();
  });

  test('are at least one: an empty list would take everything, or nothing', () => {
    for (const wrong of [
      [],
      {},
      'ada.pem',
      3,
      [''],
      ['a\0b'],
      [7],
      ['x'.repeat(5000)],
      Array(101).fill('a'),
    ]) {
      const problems = problemsOf({ file: file({ trustedKeys: wrong }) });
      expect(problems.map(({ at }) => at)[0]).toMatch(/trustedKeys(\[0\])?$/);
    }
  });

  test('are shown as files, and never themselves', () => {
    const lines = describeConfig(resolveConfig({ cwd: '/srv', flags: { trustedKeys: [pem, 'ada.pem'] } }));
    const value = lines.find(({ name }) => name === 'trustedKeys')?.value;
    expect(value).toEqual(['a key in PEM', '/srv/ada.pem']);
    expect(JSON.stringify(lines)).not.toContain('c4n4ry');
    const broken = problemsOf({ file: file({ trustedKeys: [`${pem}\0`] }) });
    expect(JSON.stringify(broken)).not.toContain('c4n4ry');
  });
});

describe('table', () => {
  test('every default lies within its own bounds', () => {
    for (const row of [...Object.values(OPTIONS), ...Object.values(LIMIT_BOUNDS)]) {
      if (row.kind !== 'number') continue;
      expect(row.default >= row.min && row.default <= row.max, row.reason).toBe(true);
    }
  });

  test('every option says why it is so, and a number says its unit', () => {
    for (const name of OPTION_NAMES) {
      const row = optionRow(name);
      expect(row.reason, name).toMatch(/^[A-Z].{20,}\.$/);
      if (row.kind === 'number' && name !== 'port') expect(row.unit, name).not.toBe('');
    }
  });
});
