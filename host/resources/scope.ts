/** Who a resource is for. */
interface Scoped {
  readonly namespace: string | undefined;
  /** App ids; empty means all. */
  readonly scopes: readonly string[];
}

/** Whether a resource is this app's. A host that was given no namespace has those of every one, as daprd. */
export function inScope({ namespace, scopes }: Scoped, appId: string, own: string | undefined): boolean {
  if (scopes.length > 0 && !scopes.includes(appId)) return false;
  return !own || !namespace || namespace === own;
}
