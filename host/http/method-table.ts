/**
 * Which methods a path would have taken: tells "no such route" from "not with this method".
 *
 * Filled from the routes as they are registered and asked only after the router found nothing, so it costs a call
 * nothing and cannot drift from the routes.
 */

export interface MethodTable {
  add(pattern: string, methods: string | readonly string[]): void;
  /** Methods registered for a path, sorted; empty for an unknown path. */
  allowed(path: string): string[];
}

/** Patterns are segments, `:name` for any one, and a last `*` for any rest. */
function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, segment] of pattern.entries()) {
    if (segment === '*') return true;
    const given = path[index];
    if (given === undefined || (segment.startsWith(':') ? given === '' : given !== segment)) return false;
  }
  return pattern.length === path.length;
}

export function createMethodTable(): MethodTable {
  const rows: { readonly pattern: readonly string[]; readonly methods: readonly string[] }[] = [];
  return {
    add(pattern, methods) {
      rows.push({
        pattern: pattern.split('/'),
        methods: typeof methods === 'string' ? [methods] : [...methods],
      });
    },
    allowed(path) {
      const segments = path.split('/');
      const found = rows.filter((row) => matches(row.pattern, segments)).flatMap((row) => row.methods);
      return [...new Set(found)].sort();
    },
  };
}
