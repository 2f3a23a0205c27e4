import { ComponentError } from "../../errors/component-error.ts";
import { flag, text } from "../metadata-schema.ts";
import { defineNameResolver } from "./name-resolver.ts";

const placeholder = /\{appid\}/gi;
/** What may stand in a host: any other id could lead a call elsewhere. */
const plain = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

function addressOf(format: string, appId: string): URL | undefined {
  const filled = format.replace(placeholder, appId);
  const url = /^https?:\/\//i.test(filled) ? filled : `http://${filled}`;
  if (!URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  return parsed.pathname === "/" && parsed.search === "" && parsed.username === "" ? parsed : undefined;
}

function ofThisMachine({ hostname }: URL): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost|.*\.localhost)$/.test(hostname);
}

export const nameFormat = defineNameResolver({
  type: "nameresolution.nameformat",
  version: "v1",
  summary: "Addresses of sidecars by a pattern of their app ids.",
  metadata: {
    format: text.required("The address of a sidecar's HTTP API; `{appid}` in it is the app's id."),
    apiToken: text("What these sidecars ask for in `dapr-api-token`."),
    insecure: flag("Whether calls may leave this machine without TLS.", false),
  },
  features: [],
  async open({ format, apiToken, insecure }, { name, namespace: own }) {
    const sample = addressOf(format, "1");
    const refuse = (cause: string) =>
      new ComponentError("INVALID_ARGUMENT", `component ${name}: format ${cause}`);
    if (sample === undefined) throw refuse("is a host and port, or http(s)://host:port, with {appid} in it");
    if (format.search(placeholder) === -1) throw refuse("has no {appid}: every app would be the same one");
    if (sample.protocol === "http:" && !ofThisMachine(sample) && !insecure) {
      throw refuse("leaves this machine without TLS: use https://, or set insecure to true");
    }
    return {
      async resolve(appId, namespace) {
        if (namespace !== own || !plain.test(appId)) return undefined;
        const url = addressOf(format, appId);
        return url && { url: url.origin, apiToken, insecure };
      },
      async close() {},
    };
  },
});
