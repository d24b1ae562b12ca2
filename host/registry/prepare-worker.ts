/**
 * Entry of the disposable worker: the real steps, served on its port. It has no state of its own, an empty
 * environment, and is ended by `prepare.ts` after any failure.
 */

import { IMPORTS } from '../import-table.ts';
import { checkImports } from './check-imports.ts';
import { describeComponent } from './compile.ts';
import { meterModule } from './harden.ts';
import { planComponent } from './plan.ts';
import { servePreparation } from './prepare-task.ts';

servePreparation({
  planComponent,
  checkImports: (planned) => checkImports(planned, IMPORTS),
  meterModule,
  describeComponent,
});
