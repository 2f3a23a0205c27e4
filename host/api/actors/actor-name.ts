import { ApiError } from "../../errors/api-error.ts";

/**
 * Throws where a type, an id or a name could be taken for a piece of a path, or one actor's keys for another's; as Dapr
 * does, but for the bars in a type.
 */
export function checkNames(...parts: readonly (readonly [what: string, value: string])[]): void {
  for (const [what, value] of parts) {
    if (value === "" || value === "." || value === ".." || /[/\\#?\p{Cc}]/u.test(value)) {
      throw new ApiError("ERR_BAD_REQUEST", {
        cause: `${what} must not be empty, . or .., nor hold / \\ # ? or control characters`,
      });
    }
    if (what === "the actor type" && value.includes("||")) {
      throw new ApiError("ERR_BAD_REQUEST", { cause: "the actor type must not hold ||" });
    }
  }
}
