import type { Core, Route, RouteFault } from "./core.ts";
import type { CoreExports } from "./exports.ts";
import type { Inbox } from "./inbox.ts";
import { methods } from "./methods.ts";

const noMethod = methods.length;
const malformed = -2;
const forbidden = -3;
/** The answer's words: count of parameters, span of the path, then a span for each parameter. */
const firstParam = 3;

/** Binds the router of one instance. */
export function router(core: CoreExports, inbox: Inbox): Pick<Core, "route" | "normalise"> {
  const { result } = inbox;
  const numbers = new Map(methods.map((name, number) => [name, number]));
  const none: readonly string[] = Object.freeze([]);

  /** The text of a span. What needed no decoding is a piece of the string that the caller gave. */
  function span(index: number, path: string, ascii: boolean): string {
    const start = result[index] as number;
    const length = result[index + 1] as number;
    const offset = start - inbox.start;
    if (ascii && offset >= 0 && offset < inbox.size) return path.slice(offset, offset + length);
    return inbox.decode(start, length);
  }

  function fault(status: number): RouteFault | undefined {
    if (status === malformed) return "malformed-escape";
    return status === forbidden ? "forbidden-character" : undefined;
  }

  return {
    route(method: string, path: string): Route | RouteFault {
      const length = inbox.text(path);
      // One byte short of the inbox: the normal form of a path without its first slash is longer by one.
      if (length < 0 || length === inbox.size) return "too-long";
      const operation = core.route(numbers.get(method) ?? noMethod, length);
      if (operation < -1) return fault(operation) as RouteFault;
      const ascii = length === path.length;
      const count = result[0] as number;
      let params = none;
      if (count > 0) {
        const texts: string[] = [];
        for (let i = 0; i < count; i++) texts.push(span(firstParam + 2 * i, path, ascii));
        params = texts;
      }
      return { operation, params, path: span(1, path, ascii) };
    },

    normalise(path: string): { readonly path: string } | RouteFault {
      const length = inbox.text(path);
      if (length < 0 || length === inbox.size) return "too-long";
      const status = core.normalise(length);
      return fault(status) ?? { path: span(1, path, length === path.length) };
    },
  };
}
