import type { ActorOperation } from "../../host/actors/actors.ts";

const operations: Readonly<Record<string, ActorOperation>> = {
  method: "invoke",
  reminders: "reminder",
  timers: "timer",
};

/** Which call of which actor a path of the API means, where it is written as the API's clients do; undefined: none. */
export function actorPath({
  path,
}: {
  readonly path: string;
}): { readonly operation: ActorOperation; readonly params: readonly string[] } | undefined {
  const [root, version, actors, type, id, kind = "", name, ...more] = path.split("/");
  if (root !== "" || version !== "v1.0" || actors !== "actors" || more.length > 0) return undefined;
  if (type === undefined || id === undefined) return undefined;
  const operation = kind === "state" ? (name === undefined ? "transact" : "state") : operations[kind];
  if (operation === undefined || (name === undefined && operation !== "transact")) return undefined;
  try {
    const params = [type, id, ...(name === undefined ? [] : [name])].map(decodeURIComponent);
    return { operation, params };
  } catch {
    return undefined;
  }
}
