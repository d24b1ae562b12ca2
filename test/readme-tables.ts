/** The tables that the READMEs print from the sources. Tests compare cell by cell. */

import { capabilityRows } from '../host/capabilities/grants.ts';
import { environmentName } from '../host/config.ts';
import { ERRORS } from '../host/errors.ts';
import { IMPORTS } from '../host/import-table.ts';
import { LIMIT_BOUNDS, OPTION_NAMES, optionRow, POOL_BOUNDS } from '../host/options.ts';
import { costRows } from '../host/registry/fuel-costs.ts';
import { manifestSchema } from '../host/registry/manifest-schema.ts';
import type { Table } from './markdown.ts';

/** Every option: name, variable, default with unit, bounds, reason. */
export function optionTable(): Table {
  const body = OPTION_NAMES.map((name) => {
    const row = optionRow(name);
    const value = row.kind === 'tokens' ? '[]' : row.kind === 'capabilities' ? '{}' : (row.default ?? 'none');
    const unit = row.unit === '' ? '' : ` ${row.unit}`;
    const bound =
      row.kind === 'number' ? `${row.min} – ${row.max}` : row.kind === 'choice' ? row.choices.join(' ') : '';
    const variable = row.kind === 'capabilities' ? '–' : `\`${environmentName(name)}\``;
    return [`\`${name}\``, variable, `${value}${unit}`, bound, row.reason];
  });
  return [['option', 'variable', 'default', 'bound', 'why'], ...body];
}

/** What a manifest may set for its calls. */
export function limitTable(): Table {
  const body = Object.entries(LIMIT_BOUNDS).map(([name, row]) => [
    `\`${name}\``,
    `${row.default} ${row.unit}`,
    `${row.min} – ${row.max}`,
    row.reason,
  ]);
  return [['limit', 'default', 'bound', 'what'], ...body];
}

/** What a manifest may set for its pool. */
export function poolTable(): Table {
  const body = Object.entries(POOL_BOUNDS).map(([name, row]) => [
    `\`${name}\``,
    `${row.default} ${row.unit}`,
    `${row.min} – ${row.max}`,
    row.reason,
  ]);
  return [['pool field', 'default', 'bound', 'what'], ...body];
}

interface FieldSchema {
  readonly type: string;
  readonly description: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

function boundOf(field: FieldSchema): string {
  if (field.enum) return field.enum.map((item) => `\`${item}\``).join(' ');
  if (field.maxLength !== undefined) return `at most ${field.maxLength} characters`;
  if (field.pattern !== undefined) return `\`${field.pattern.slice(1, -1)}\``;
  if (field.maxItems !== undefined) return `at most ${field.maxItems}`;
  if (field.maxProperties !== undefined) return `${field.minProperties} – ${field.maxProperties}`;
  return field.minimum === undefined ? '' : `${field.minimum} – ${field.maximum}`;
}

/** `[]` and `{}` for what is empty. */
const shownDefault = (value: unknown): string =>
  Array.isArray(value) ? value.join(' ') || '[]' : typeof value === 'object' ? '{}' : String(value);

const fieldRows = (
  fields: Readonly<Record<string, FieldSchema>>,
  absent: (name: string, field: FieldSchema) => string,
): string[][] =>
  Object.entries(fields).map(([name, field]) => [
    `\`${name}\``,
    field.type,
    field.default === undefined ? absent(name, field) : `\`${shownDefault(field.default)}\``,
    boundOf(field),
    field.description,
  ]);

/** The fields of `adapter.json` as a host reads it. */
export function manifestTable(): Table {
  const required: readonly string[] = manifestSchema.required;
  const absent = (name: string, { type }: FieldSchema): string => {
    if (required.includes(name)) return 'required';
    return type === 'object' ? 'all defaults' : 'none';
  };
  return [['field', 'type', 'default', 'bound', 'meaning'], ...fieldRows(manifestSchema.properties, absent)];
}

/** The fields of one operation. */
export function operationTable(): Table {
  const { properties } = manifestSchema.properties.operations.additionalProperties;
  const absent = (name: string): string => (name in LIMIT_BOUNDS ? 'of the adapter' : 'none');
  return [['operation field', 'type', 'default', 'bound', 'meaning'], ...fieldRows(properties, absent)];
}

/** What instructions cost. */
export function costTable(): Table {
  return [['instructions', 'units of fuel'], ...costRows().map((row) => [...row])];
}

/** Every interface that a component may import. */
export function interfaceTable(): Table {
  const body = Object.entries(IMPORTS).map(([name, { capability, version, functions }]) => {
    const waits = Object.values(functions).filter((one) => one.waits);
    const opened = capability === undefined ? 'nothing' : `\`${capability}\``;
    return [`\`${name}\``, opened, version, String(Object.keys(functions).length), String(waits.length)];
  });
  return [['interface', 'opened by', 'up to version', 'functions', 'of which may wait'], ...body];
}

/** Numbers of the capabilities. */
export function capabilityTable(): Table {
  const head = [
    'field',
    'of a manifest that does not say',
    'of an operator who does not say',
    'bound',
    'why',
  ];
  return [head, ...capabilityRows().map((row) => [...row])];
}

/** Every error code. */
export function errorTable(): Table {
  const body = Object.entries(ERRORS).map(([code, { status, retryable, title }]) => [
    `\`${code}\``,
    String(status),
    retryable ? 'yes' : 'no',
    title,
  ]);
  return [['code', 'status', 'a retry may help', 'what happened'], ...body];
}
