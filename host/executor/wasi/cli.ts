/**
 * `wasi:cli`: a program without a terminal, arguments or anybody to ask.
 *
 * Open to every component, as it gives nothing that was not granted: the environment is the granted configuration, standard
 * input is at its end, standard output and error become lines of the log or, without that grant, nothing.
 * Source: wasi:cli 0.2.
 */

import { type CellContext, GuestTrap, type ImportImplementation, type Result } from '../imports-contract.ts';
import { standardSink } from './standard-output.ts';
import { createInputStream, createOutputStream } from './streams.ts';

export const environment: ImportImplementation = {
  functions: {
    'get-environment': (cell) => Object.entries(cell.grants.config ?? {}),
    'get-arguments': () => [],
    'initial-cwd': (cell) => (cell.grants.files ? '/' : undefined),
  },
};

export const exit: ImportImplementation = {
  functions: {
    exit(_cell, status: Result<never, never>) {
      throw new GuestTrap(
        `the guest ended itself by exit, ${status.tag === 'ok' ? 'content' : 'with an error'}`,
      );
    },
    'exit-with-code'(_cell, code: number) {
      throw new GuestTrap(`the guest ended itself by exit with code ${code}`);
    },
  },
};

const atEnd = { ready: () => true, read: () => 'closed' as const };

export const stdin: ImportImplementation = {
  functions: { 'get-stdin': (cell) => createInputStream(cell, atEnd) },
};

export const stdout: ImportImplementation = {
  functions: { 'get-stdout': (cell) => createOutputStream(cell, standardSink(cell, 'stdout')) },
};

export const stderr: ImportImplementation = {
  functions: { 'get-stderr': (cell) => createOutputStream(cell, standardSink(cell, 'stderr')) },
};

const noTerminal = (_cell: CellContext): undefined => undefined;

/** The resource has no functions, and nobody ever gets one. */
export const terminal: ImportImplementation = { functions: {} };
export const terminalStdin: ImportImplementation = { functions: { 'get-terminal-stdin': noTerminal } };
export const terminalStdout: ImportImplementation = { functions: { 'get-terminal-stdout': noTerminal } };
export const terminalStderr: ImportImplementation = { functions: { 'get-terminal-stderr': noTerminal } };
