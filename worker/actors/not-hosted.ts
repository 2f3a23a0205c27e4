import type { ActorOperation } from "../../host/actors/actors.ts";
import { apiError } from "../../host/errors/api-error.ts";
import { noContent, type RuntimeResponse } from "../../host/http.ts";

/** What is answered where no page of the app hosts the type. Invocations find one of another app. */
export function notHosted(
  operation: ActorOperation,
  type: string,
  id: string,
  method: string,
): RuntimeResponse | undefined {
  switch (operation) {
    case "transact":
      return apiError("ERR_ACTOR_INSTANCE_MISSING");
    case "reminder":
      return apiError("ERR_ACTOR_REMINDER_NON_HOSTED");
    case "timer": {
      if (method === "DELETE") return noContent;
      const cause = `no open tab of the app hosts actors of type ${type}, so ${type}||${id} has no timers`;
      return apiError("ERR_ACTOR_TIMER_CREATE", { cause });
    }
    default:
      return undefined;
  }
}
