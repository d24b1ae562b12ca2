import { expect, it } from 'vitest';
import { type ServiceEvent, serviceChannel } from '../../host/channels.ts';
import { observe } from './fixtures.ts';

const publish = (change: Partial<ServiceEvent>): void =>
  serviceChannel.publish({ adapter: 'echo', method: 'kv.get', outcome: 'ok', durationMs: 500, ...change });

it('what guests ask of the host is counted by adapter, method and outcome, and no name of a method is made up', async () => {
  await using observed = observe();
  publish({});
  publish({ outcome: 'unavailable' });
  publish({ method: 'http.send', outcome: 'denied' });
  for (const method of ['constructor', 'x'.repeat(1000)]) publish({ method, outcome: 'denied' });
  const calls = (method: string, outcome: string) =>
    observed.value(
      `hotcell_capabilities_calls_total{adapter="echo",method="${method}",outcome="${outcome}"}`,
    );
  expect(await calls('kv.get', 'ok')).toBe(1);
  expect(await calls('kv.get', 'unavailable')).toBe(1);
  expect(await calls('http.send', 'denied')).toBe(1);
  expect(await calls('unknown', 'denied')).toBe(2);
  expect(await observed.value('hotcell_capabilities_seconds_total{adapter="echo",method="kv.get"}')).toBe(1);
});
