import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAddressRule, intersectRanges } from '../../host/capabilities/addresses.ts';

const nothing = createAddressRule([]);

describe('without a range that names it', () => {
  it.each([
    ...[
      '93.184.215.14',
      '8.8.8.8',
      '1.1.1.1',
      '172.15.255.255',
      '172.32.0.0',
      '100.63.255.255',
      '223.255.255.255',
    ],
    ...['2606:4700::1111', '2001:4860:4860::8888', '2a00:1450::1'],
    // An address that stands for a public one.
    ...['::ffff:8.8.8.8', '64:ff9b::808:808', '2002:808:808::1'],
  ])('%s is public', (address) => expect(nothing.isAllowed(address)).toBe(true));

  it.each([
    ...['127.0.0.1', '127.255.255.255', '0.0.0.0', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...[
      '169.254.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '100.127.255.255',
      '100.100.100.200',
      '168.63.129.16',
    ],
    ...[
      '224.0.0.1',
      '239.255.255.255',
      '240.0.0.1',
      '255.255.255.255',
      '192.0.2.1',
      '198.18.0.1',
      '203.0.113.9',
    ],
    ...[
      '::1',
      '::',
      'fe80::1',
      'fe80::1%eth0',
      '2606:4700::1%1',
      'fc00::1',
      'fd00:ec2::254',
      'ff02::1',
      'fec0::1',
    ],
    ...['2001:db8::1', '2001::1', '3fff::1', '100::1', '4000::1', '64:ff9b:1::1'],
    // Private ones in disguise.
    ...[
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::127.0.0.1',
      '::ffff:0:127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b::a9fe:a9fe',
    ],
    ...['2002:7f00:1::', '2002:a00:1::1', '2002:c0a8:101::'],
    ...['', 'localhost', '127.1', '0x7f000001', '1.2.3.4.5', '[::1]', '1.2.3.4:80'],
  ])('%s is not', (address) => expect(nothing.isAllowed(address)).toBe(false));
});

it('a range opens what it names, in every spelling, and nothing beside it', () => {
  const rule = createAddressRule(['10.1.0.0/16', 'fd00:1::/32']);
  for (const address of [
    '10.1.0.1',
    '::ffff:10.1.2.3',
    '64:ff9b::a01:1',
    '2002:a01:1::',
    'fd00:1::5',
    'FD00:1:0::5',
  ]) {
    expect(rule.isAllowed(address), address).toBe(true);
  }
  for (const address of ['10.2.0.1', '127.0.0.1', 'fd00:2::5', '::ffff:10.2.0.1']) {
    expect(rule.isAllowed(address), address).toBe(false);
  }
});

it('addresses of cloud metadata are opened by a range that names them alone', () => {
  const wide = createAddressRule(['169.254.0.0/16', '0.0.0.0/0', '::/0', 'fd00::/8', '169.254.169.254/31']);
  for (const address of ['169.254.169.254', '::ffff:169.254.169.254', 'fd00:ec2::254', '168.63.129.16']) {
    expect(wide.isAllowed(address), address).toBe(false);
  }
  expect(wide.isAllowed('169.254.1.1')).toBe(true);
  expect(createAddressRule(['169.254.169.254/32']).isAllowed('169.254.169.254')).toBe(true);
  expect(createAddressRule(['fd00:0ec2:0::254/128']).isAllowed('fd00:ec2::254')).toBe(true);
});

it('what two lists of ranges have in common allows an address exactly when both allow it', () => {
  const range = fc.tuple(fc.nat(3), fc.nat(255), fc.integer({ min: 8, max: 32 }));
  const list = fc.array(
    range.map(([a, b, bits]) => `10.${a}.${b}.0/${bits}`),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(list, list, fc.nat(3), fc.nat(255), fc.nat(255), (one, other, a, b, c) => {
      const address = `10.${a}.${b}.${c}`;
      const both = createAddressRule(one).isAllowed(address) && createAddressRule(other).isAllowed(address);
      expect(createAddressRule(intersectRanges(one, other)).isAllowed(address)).toBe(both);
    }),
  );
});
