import { field, text } from "../../metadata-schema.ts";
import type { AuthStyle } from "./token-endpoint.ts";

/** A text that must not be empty. */
const filled = field((value) => {
  if (value.trim() === "") throw new Error("is required");
  return value;
});

/** An address of http or https. */
export const address = field((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new Error("expected an http(s) URL");
  return value;
});

const authStyle = field((value): AuthStyle => {
  const style = Number(value);
  if (style === 0 || style === 1 || style === 2) return style;
  throw new Error("expected 0 (find out), 1 (in the body) or 2 (in the header)");
});

/** What every client of a provider is given. */
export const clientFields = {
  clientId: filled.required("The id that the provider knows this client by."),
  clientSecret: text.required("The client's secret."),
  tokenURL: address.required("The provider's token endpoint."),
  authStyle: authStyle(
    "How the client proves itself: 0 finds it out, 1 in the body, 2 in the Authorization header.",
    0,
  ),
  pathFilter: text("A regular expression (RE2); paths that it does not match pass as they are."),
};

/** Dapr separates scopes by commas, OAuth by spaces. */
export function scopeOf(scopes: string): string {
  return scopes
    .split(/[\s,]+/)
    .filter((scope) => scope !== "")
    .join(" ");
}
