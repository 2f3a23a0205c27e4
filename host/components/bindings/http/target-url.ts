import { ComponentError } from "../../../errors/component-error.ts";

/** A component's `url`, checked. */
export function baseUrl(url: string, component: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return url;
  const expected = "expected an absolute address that begins with http:// or https://";
  throw new ComponentError("INVALID_ARGUMENT", `component ${component}: metadata field url: ${expected}`);
}

/**
 * The address of one request: `path` after the component's own, one slash between, as daprd puts them together. What a
 * caller names must not lead out of what the component's author allowed: dot segments that would are refused.
 */
export function addressed(base: string, path: string | undefined): string {
  if (path === undefined || path === "") return base;
  const url = `${base.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
  const own = new URL(base);
  const target = URL.canParse(url) ? new URL(url) : undefined;
  const folder = own.pathname.replace(/\/+$/, "");
  if (target?.origin !== own.origin || !`${target.pathname}/`.startsWith(`${folder}/`)) {
    throw new ComponentError("INVALID_ARGUMENT", "metadata field path leads out of the binding's url");
  }
  return url;
}
