import type { Operation } from "./openapi.ts";

export interface Matched {
  readonly operation: Operation;
  /** Of the path, decoded. */
  readonly parameters: ReadonlyMap<string, string>;
}

function matched({ segments }: Operation, parts: readonly string[]): ReadonlyMap<string, string> | undefined {
  if (segments.length !== parts.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [i, segment] of segments.entries()) {
    const part = parts[i] as string;
    if (typeof segment !== "string") {
      if (part === "") return undefined;
      parameters.set(segment.name, part);
    } else if (segment !== part) return undefined;
  }
  return parameters;
}

/** The operation of a method and a path (without its first slash); `methods`: those that the path has instead. */
export function matchOperation(
  operations: readonly Operation[],
  method: string,
  path: string,
): Matched | { readonly methods: readonly string[] } {
  const parts = path.split("/");
  const methods: string[] = [];
  for (const operation of operations) {
    const parameters = matched(operation, parts);
    if (parameters === undefined) continue;
    if (operation.method === method) return { operation, parameters };
    methods.push(operation.method);
  }
  return { methods };
}
