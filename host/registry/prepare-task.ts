/**
 * What the disposable worker does with one component, and the messages it exchanges with the host.
 *
 * Order is the point: our own reader first, which checks every name and import, then the rewriting of the code, which reads every
 * instruction, and jco last, so that jco never meets what was not checked. Every end is a message; what is thrown here never reaches the host as an object,
 * because classes do not survive threads.
 */

import { parentPort } from 'node:worker_threads';
import { type ErrorCode, HostError, type Problem } from '../errors.ts';
import type { LinkPlan } from '../types.ts';
import type { ImportNeed } from './check-imports.ts';
import type { Planned } from './plan.ts';

/** What preparation finds out about a component. Plain data: survives structured clone and JSON. */
export interface Prepared {
  /** Its modules lie in `code`. */
  readonly plan: LinkPlan;
  /** The hardened core modules, one behind the other. */
  readonly code: Uint8Array;
  /** WIT text of the component. */
  readonly wit: string;
  /** What its imports take. Whether that is granted is asked at each install: this result is cached. */
  readonly needs: readonly ImportNeed[];
}

export interface PrepareRequest {
  readonly component: Uint8Array;
  /** False for a guest that is trusted not to run on and on: its modules stay as they are. */
  readonly isMetered: boolean;
}

export type PrepareReply =
  /** Sent once, when the worker has loaded its tools: a death before is the host's fault and not the component's. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'prepared'; readonly prepared: Prepared }
  | {
      readonly kind: 'refused';
      readonly code: ErrorCode;
      readonly detail: string;
      readonly problems: readonly Problem[] | undefined;
    };

/** The parts of the task, so that a test can put a bomb in the place of one. */
export interface PrepareSteps {
  /**
   * Reads the whole component, every name included. Throws REGISTRY_REJECTED — malformed, or a name that jco must not
   * see; REGISTRY_UNSUPPORTED; REGISTRY_IMPORT_FORBIDDEN.
   */
  readonly planComponent: (component: Uint8Array) => Planned;
  /** The capabilities that its imports take. Throws REGISTRY_IMPORT_FORBIDDEN — some are not served at all. */
  readonly checkImports: (planned: Planned) => readonly ImportNeed[];
  /** Makes a core module count fuel. Throws REGISTRY_REJECTED. */
  readonly meterModule: (module: Uint8Array) => Uint8Array;
  /** Throws anything: it is not our code. */
  readonly describeComponent: (component: Uint8Array) => Promise<string>;
}

/** The WIT text is kept per version and sent in answers; that of a large real interface is about 50 KB. */
const WIT_MAX_CHARS = 256 * 1024;

/** Runs the steps on one component. Never rejects. */
export async function prepareComponent(
  component: Uint8Array,
  steps: PrepareSteps,
  isMetered = true,
): Promise<Exclude<PrepareReply, { kind: 'ready' }>> {
  try {
    const planned = steps.planComponent(component);
    const needs = steps.checkImports(planned);
    const hardened = harden(component, planned.plan, isMetered ? steps.meterModule : (module) => module);
    const wit = await describe(component, steps);
    if (wit.length > WIT_MAX_CHARS) {
      throw new HostError('REGISTRY_REJECTED', `its WIT text is longer than ${WIT_MAX_CHARS} characters`);
    }
    return { kind: 'prepared', prepared: { ...hardened, wit, needs } };
  } catch (error) {
    const refusal =
      error instanceof HostError
        ? error
        : new HostError('REGISTRY_REJECTED', `the component could not be read: ${printable(error)}`);
    return { kind: 'refused', code: refusal.code, detail: refusal.detail, problems: refusal.problems };
  }
}

/** All modules of the plan, rewritten; the plan that comes back says where they lie in `code`. */
function harden(
  component: Uint8Array,
  plan: LinkPlan,
  rewrite: (module: Uint8Array) => Uint8Array,
): { plan: LinkPlan; code: Uint8Array } {
  const rewritten = plan.modules.map(({ offset, length }) =>
    rewrite(component.subarray(offset, offset + length)),
  );
  let end = 0;
  const modules = rewritten.map(({ length }) => {
    const offset = end;
    end += length;
    return { offset, length };
  });
  // Its own memory and not a slice of a pool: it is sent to another thread.
  const code = new Uint8Array(end);
  for (const [index, bytes] of rewritten.entries()) code.set(bytes, modules[index]?.offset);
  return { plan: { ...plan, modules }, code };
}

/** Answers requests on this worker's port with `prepareComponent`, one after the other, until the thread is ended. */
export function servePreparation(steps: PrepareSteps): void {
  const port = parentPort;
  if (port === null) throw new Error('preparation is served in a worker thread only');
  port.postMessage({ kind: 'ready' } satisfies PrepareReply);
  port.on('message', async (request: PrepareRequest) => {
    const reply: PrepareReply = await prepareComponent(request.component, steps, request.isMetered);
    port.postMessage(reply);
  });
}

async function describe(component: Uint8Array, steps: PrepareSteps): Promise<string> {
  try {
    return await steps.describeComponent(component);
  } catch (error) {
    throw new HostError('REGISTRY_REJECTED', `the component is not valid: ${printable(error)}`, {
      cause: error,
    });
  }
}

/**
 * A foreign message made safe to show: printable ASCII on one line, 300 characters. It quotes the component, so an
 * attacker writes parts of it.
 */
export function printable(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text
    .slice(0, 2_000)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300);
}
