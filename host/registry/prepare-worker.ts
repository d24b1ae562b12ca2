/**
 * Entry of the disposable worker: the real steps, served on its port. It has no state of its own, an empty
 * environment, and is ended by `prepare.ts` after any failure.
 */

import { describeComponent } from './compile.ts';
import { meterModule } from './harden.ts';
import { planComponent } from './plan.ts';
import { servePreparation } from './prepare-task.ts';

servePreparation({ planComponent, meterModule, describeComponent });
