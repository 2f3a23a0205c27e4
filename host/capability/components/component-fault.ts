import { ComponentError } from "../../errors/component-error.ts";
import { GuestFault } from "../guest-fault.ts";

/** What a guest did wrong, as the failure of the component that it is; anything else as it is. */
export function componentFault(error: unknown, name: string, type: string, who: string): unknown {
  if (!(error instanceof GuestFault)) return error;
  const code = error.fault === "deadline" ? "DEADLINE_EXCEEDED" : "UNAVAILABLE";
  return new ComponentError(code, `component ${name} (${type}): ${who} failed: ${error.message}`);
}
