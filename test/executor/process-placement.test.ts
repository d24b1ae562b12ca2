/** Everything that holds of executors in threads holds of executors in processes: the same tests, placed there. */

import { placeInProcesses } from './stage.ts';

placeInProcesses();
await import('./executor.fault.test.ts');
await import('./executor-rings.fault.test.ts');
await import('./executor-fuel.fault.test.ts');
await import('./collected.test.ts');
await import('./fleet.test.ts');
