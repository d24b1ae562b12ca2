/**
 * What binds a stream that came over HTTP to its tenant and to the caller's context.
 *
 * The tenant is the vault's context: each tenant has keys of its own. The associated data names this door, the tenant
 * and the caller's context, so that nothing sealed by another way under the same words opens here, nor the reverse.
 */

/** Ends each part: neither a tenant nor a context can contain it. */
const END = '\0';

/** `tenant` as `host.identify` gives it (at most 64 bytes); `context` printable, or empty. */
export function tenantBinding(
  tenant: string,
  context: string,
): { readonly context: string; readonly associatedData: string } {
  return { context: tenant, associatedData: `hotcell/http/v1${END}${tenant}${END}${context}` };
}
