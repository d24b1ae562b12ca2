/** A process that logs a burst to its stdout and dies of an error before any of it can have been written calmly. */

import { invokeChannel } from '../../host/channels.ts';
import { createTelemetry } from '../../host/telemetry/telemetry.ts';
import { invokeEvent, snapshot } from './fixtures.ts';

createTelemetry({ logLevel: 'info', snapshot: () => snapshot() });
for (let index = 0; index < 500; index++) invokeChannel.publish(invokeEvent({ requestId: `r-${index}` }));
throw new Error('the end, password=hunter2');
