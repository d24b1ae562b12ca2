/**
 * The disposable worker with bombs: real jco, a reader that goes off on marked bytes. A real component begins with a
 * NUL, so the marks cannot meet one.
 */

import { HostError } from '../../host/errors.ts';
import { describeComponent } from '../../host/registry/compile.ts';
import { meterModule } from '../../host/registry/harden.ts';
import { servePreparation } from '../../host/registry/prepare-task.ts';
import { singleModulePlan } from './components.ts';

const channel = new BroadcastChannel('hotcell-test-bomb');
channel.unref();

function goOff(mark: string): void {
  switch (mark) {
    case 'loop':
      channel.postMessage('looping');
      for (;;);
    case 'heap': {
      const hoard: number[][] = [];
      for (;;) hoard.push(new Array<number>(10_000).fill(hoard.length));
    }
    case 'exit':
      process.exit(0);
      break;
    case 'throw':
      throw new TypeError('reader\u0000 broke\n\u001b[31m');
    case 'late':
      setImmediate(() => {
        throw new Error('after the fact');
      });
      break;
    case 'import':
      throw new HostError('REGISTRY_IMPORT_FORBIDDEN', 'the component imports wasi:cli/environment@0.2.0');
  }
}

servePreparation({
  planComponent(component) {
    goOff(Buffer.from(component.subarray(0, 16)).toString());
    try {
      return { plan: singleModulePlan(component), imports: [] };
    } catch {
      // Left for jco to judge: this test is about what jco does.
      return { plan: { ...singleModulePlanOfNothing, modules: [] }, imports: [] };
    }
  },
  checkImports: () => [],
  meterModule,
  describeComponent: (component) =>
    Buffer.from(component).toString() === 'late'
      ? new Promise(() => undefined)
      : describeComponent(component),
});

const at = { instance: 0, name: '' };
const lifted = {
  core: at,
  memory: undefined,
  realloc: undefined,
  postReturn: undefined,
  encoding: 'utf8',
} as const;
const singleModulePlanOfNothing = {
  modules: [],
  instances: [],
  types: [],
  resources: [],
  imports: [],
  exports: [],
  handler: { invoke: lifted, health: lifted },
  memoryCount: 0,
  memoryPages: 0,
};
