import type {
  ConfigurationChange,
  ConfigurationStore,
} from "../components/configuration/configuration-store.ts";
import { itemsJson } from "../configuration-subscriptions.ts";
import { ApiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { json, noContent, type RuntimeResponse } from "../http.ts";
import { isFields } from "../resources/fields.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { queryMetadata } from "./query-metadata.ts";
import { malformed, requestBody } from "./state/request-body.ts";

function addressed({ sidecar: { components }, params: [name = ""] }: Call): {
  readonly name: string;
  readonly store: ConfigurationStore;
} {
  if (components.configuration.size === 0) throw new ApiError("ERR_CONFIGURATION_STORE_NOT_CONFIGURED");
  const opened = components.configuration.get(name);
  if (opened === undefined) throw new ApiError("ERR_CONFIGURATION_STORE_NOT_FOUND", { name });
  return { name, store: opened.component };
}

const keysOf = ({ request }: Call) => new URLSearchParams(request.query).getAll("key");

function failed(
  code: "ERR_CONFIGURATION_GET" | "ERR_CONFIGURATION_SUBSCRIBE",
  name: string,
  keys: readonly string[],
  error: unknown,
): ApiError {
  const { message: cause } = ComponentError.from(error);
  return new ApiError(code, { name, keys: `[${keys.join(" ")}]`, cause });
}

async function get(call: Call): Promise<RuntimeResponse> {
  const { name, store } = addressed(call);
  const keys = keysOf(call);
  try {
    const items = await store.get(keys, queryMetadata(call.request.query));
    return items.size === 0 ? noContent : json(itemsJson(items));
  } catch (error) {
    throw failed("ERR_CONFIGURATION_GET", name, keys, error);
  }
}

async function subscribe(call: Call): Promise<RuntimeResponse> {
  const { name } = addressed(call);
  const { app, configurations } = call.sidecar;
  if (app === undefined) throw new ApiError("ERR_APP_CHANNEL_NIL");
  const keys = keysOf(call);
  const metadata = queryMetadata(call.request.query);
  try {
    return json({
      id: await configurations.subscribe({ store: name, keys, metadata }),
    });
  } catch (error) {
    throw failed("ERR_CONFIGURATION_SUBSCRIBE", name, keys, error);
  }
}

/** Of all errors of Dapr's API the only one without a code. */
async function unsubscribe(call: Call): Promise<RuntimeResponse> {
  const { name } = addressed(call);
  const [, id = ""] = call.params;
  const refuse = (cause: string) =>
    json({ message: `failed to unsubscribe to configuration request ${id}: ${cause}` }, 500);
  try {
    if (await call.sidecar.configurations.unsubscribe(name, id)) return json({ ok: true });
    return refuse(`subscription with id ${id} does not exist`);
  } catch (error) {
    return refuse(ComponentError.from(error).message);
  }
}

function changeOf(given: unknown): ConfigurationChange {
  const fields = isFields(given) ? new Map(Object.entries(given)) : new Map<string, unknown>();
  const [key, value, version] = [fields.get("key"), fields.get("value"), fields.get("version")];
  const metadata = fields.get("metadata") ?? {};
  const valid =
    typeof key === "string" &&
    key !== "" &&
    (typeof value === "string" || value === null) &&
    (version === undefined || typeof version === "string") &&
    isFields(metadata) &&
    Object.values(metadata).every((text) => typeof text === "string");
  if (!valid) {
    throw malformed(
      'expected items of the form {"key": "k", "value": "text, or null to delete", "version": "1", "metadata": {}}',
      undefined,
    );
  }
  return { key, value, version, metadata: new Map(Object.entries(metadata as Record<string, string>)) };
}

/** Not in Dapr, where settings are changed in the store's own way; a store in a page or in memory has no other. */
async function set(call: Call): Promise<RuntimeResponse> {
  const { name, store } = addressed(call);
  const body = await requestBody(call, undefined);
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw malformed("it is not valid JSON", undefined);
  }
  if (!Array.isArray(given)) throw malformed("expected an array of items", undefined);
  const changes = given.map(changeOf);
  try {
    if (store.set === undefined) {
      throw new ComponentError("UNIMPLEMENTED", "its settings are changed in the store itself");
    }
    await store.set(changes);
    return noContent;
  } catch (error) {
    const { message: cause } = ComponentError.from(error);
    throw new ApiError("ERR_CONFIGURATION_SET", { name, cause });
  }
}

const stable = (path: string) => [`/v1.0/configuration/${path}`, `/v1.0-alpha1/configuration/${path}`];

/** Dapr's configuration: dapr-http-api §1.7. */
export const configuration: readonly Endpoint[] = [
  { name: "configuration.get", methods: ["GET"], paths: stable("{store}"), handle: get },
  {
    name: "configuration.set",
    methods: ["POST"],
    paths: ["/v1.0/configuration/{store}"],
    handle: set,
    leaves: ({ strict }) => strict,
  },
  {
    name: "configuration.subscribe",
    methods: ["GET"],
    paths: stable("{store}/subscribe"),
    handle: subscribe,
  },
  {
    name: "configuration.unsubscribe",
    methods: ["GET"],
    paths: stable("{store}/{id}/unsubscribe"),
    handle: unsubscribe,
  },
];
