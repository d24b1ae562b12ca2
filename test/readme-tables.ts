/** The tables that the READMEs print from the sources. Tests compare cell by cell. */

import { environmentName } from '../host/config.ts';
import { ERRORS } from '../host/errors.ts';
import { LIMIT_BOUNDS, OPTION_NAMES, optionRow } from '../host/options.ts';
import type { Table } from './markdown.ts';

/** Every option: name, variable, default with unit, bounds, reason. */
export function optionTable(): Table {
  const body = OPTION_NAMES.map((name) => {
    const row = optionRow(name);
    const value = row.kind === 'tokens' ? '[]' : (row.default ?? 'none');
    const unit = row.unit === '' ? '' : ` ${row.unit}`;
    const bound =
      row.kind === 'number' ? `${row.min} – ${row.max}` : row.kind === 'choice' ? row.choices.join(' ') : '';
    return [`\`${name}\``, `\`${environmentName(name)}\``, `${value}${unit}`, bound, row.reason];
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
