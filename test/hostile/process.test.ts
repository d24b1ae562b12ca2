/** The attacks on an executor once more, with the executors in processes. */

import { placeInProcesses } from '../host/served.ts';

placeInProcesses();
await import('./endless.test.ts');
await import('./imports.test.ts');
await import('./bombs.test.ts');
