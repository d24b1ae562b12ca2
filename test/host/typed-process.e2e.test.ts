/** Typed adapters with the executors in processes: the same suite. */

import { placeInProcesses } from './served.ts';

placeInProcesses();
await import('./typed.e2e.test.ts');
