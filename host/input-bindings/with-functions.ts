import type { Capabilities } from "../capability/capabilities.ts";
import type { BindingHandler } from "../components/bindings/binding.ts";

/**
 * Takes the events of a binding for the app, which may not want them, and for the functions of packages that are called by it
 * at the time. An event that one of them does not take comes again to all.
 */
export function withFunctions(
  name: string,
  toApp: BindingHandler | undefined,
  capabilities: Pick<Capabilities, "takes"> | undefined,
): BindingHandler {
  if (capabilities === undefined && toApp !== undefined) return toApp;
  return async (event) => {
    const toFunctions = capabilities?.takes(name);
    const [answer, answered] = await Promise.all([toApp?.(event), toFunctions?.(event)]);
    return toApp === undefined ? answered : answer;
  };
}
