import type { ActorOperation } from "../../actors/actors.ts";
import { ApiError } from "../../errors/api-error.ts";
import type { Call } from "../endpoint.ts";

/** What the last parameter of an operation's path is called; a state's key may be anything, and has rules of its own. */
const named: Partial<Record<ActorOperation, string>> = {
  invoke: "the method",
  reminder: "the name of the reminder",
  timer: "the name of the timer",
};

/**
 * Throws where a type, an id or a name could be taken for a piece of a path, or one actor's keys for another's; as Dapr
 * does, but for the bars in a type. Types of Dapr's workflow engine can only be invoked.
 */
export function checkNames(operation: ActorOperation, [type = "", id = "", name]: Call["params"]): void {
  check("the actor type", type);
  check("the actor id", id);
  if (type.includes("||"))
    throw new ApiError("ERR_BAD_REQUEST", { cause: "the actor type must not hold ||" });
  if (type.startsWith("dapr.internal.") && operation !== "invoke") {
    throw new ApiError("ERR_ACTOR_TYPE_RESERVED", { type });
  }
  const what = named[operation];
  if (what !== undefined && name !== undefined) check(what, name);
}

function check(what: string, value: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for.
  if (value !== "" && value !== "." && value !== ".." && !/[/\\#?\0-\x1f\x7f]/.test(value)) return;
  throw new ApiError("ERR_BAD_REQUEST", {
    cause: `${what} must not be empty, . or .., nor hold / \\ # ? or control characters`,
  });
}
