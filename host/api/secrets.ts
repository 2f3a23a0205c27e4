import type { SecretStore } from "../components/secretstores/secret-store.ts";
import { ApiError } from "../errors/api-error.ts";
import { ComponentError } from "../errors/component-error.ts";
import { json, type RuntimeResponse } from "../http.ts";
import { mayRead } from "../resources/secret-scope.ts";
import type { Sidecar } from "../sidecar.ts";
import type { Call, Endpoint } from "./endpoint.ts";
import { queryMetadata } from "./query-metadata.ts";

function storeNamed({ components }: Sidecar, name: string): SecretStore {
  if (components.secretstores.size === 0) throw new ApiError("ERR_SECRET_STORES_NOT_CONFIGURED");
  const opened = components.secretstores.get(name);
  if (opened === undefined) throw new ApiError("ERR_SECRET_STORE_NOT_FOUND", { name });
  return opened.component;
}

async function get({ sidecar, request, params }: Call): Promise<RuntimeResponse> {
  const [name, key] = params as [string, string];
  const store = storeNamed(sidecar, name);
  // Before the store is asked, so that nobody learns whether it exists.
  if (!mayRead(sidecar.resources.configuration.secretScopes, name, key)) {
    throw new ApiError("ERR_PERMISSION_DENIED", { key, name });
  }
  try {
    return json(Object.fromEntries(await store.get(key, queryMetadata(request.query))));
  } catch (error) {
    throw new ApiError("ERR_SECRET_GET", { key, name, cause: ComponentError.from(error).message });
  }
}

async function bulk({ sidecar, request, params }: Call): Promise<RuntimeResponse> {
  const [name] = params as [string];
  const store = storeNamed(sidecar, name);
  try {
    const secrets = [...(await store.bulkGet(queryMetadata(request.query)))];
    const allowed = secrets.filter(([key]) =>
      mayRead(sidecar.resources.configuration.secretScopes, name, key),
    );
    return json(Object.fromEntries(allowed.map(([key, values]) => [key, Object.fromEntries(values)])));
  } catch (error) {
    const { code, message: cause } = ComponentError.from(error);
    if (code === "PERMISSION_DENIED") throw new ApiError("ERR_PERMISSION_DENIED", {}, { message: cause });
    const message = "failed getting secrets from secret store {name}: {cause}";
    throw new ApiError("ERR_SECRET_GET", { name, cause }, { message });
  }
}

/** Dapr's secrets: dapr-http-api §1.5. */
export const secrets: readonly Endpoint[] = [
  { name: "secrets.bulk", methods: ["GET"], paths: ["/v1.0/secrets/{store}/bulk"], handle: bulk },
  { name: "secrets.get", methods: ["GET"], paths: ["/v1.0/secrets/{store}/{key}"], handle: get },
];
