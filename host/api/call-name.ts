import type { Route, RouteFault } from "../core/core.ts";
import { header, type RuntimeRequest } from "../http.ts";
import { endpoints } from "./endpoints.ts";

/** Dapr's names of calls, as its gRPC API has them; those of blocks that are not served are as our rows are named. */
const names: ReadonlyMap<string, string> = new Map([
  ["state.get", "GetState"],
  ["state.save", "SaveState"],
  ["state.delete", "DeleteState"],
  ["state.bulkGet", "GetBulkState"],
  ["state.transaction", "ExecuteStateTransaction"],
  ["state.query", "QueryStateAlpha1"],
  ["publish.event", "PublishEvent"],
  ["publish.bulk", "BulkPublishEvent"],
  ["secrets.get", "GetSecret"],
  ["secrets.bulk", "GetBulkSecret"],
  ["bindings.invoke", "InvokeBinding"],
  ["configuration.get", "GetConfiguration"],
  ["configuration.subscribe", "SubscribeConfiguration"],
  ["configuration.unsubscribe", "UnsubscribeConfiguration"],
  ["lock.lock", "TryLock"],
  ["unlock.unlock", "Unlock"],
  ["metadata.get", "GetMetadata"],
  ["metadata.set", "PutMetadata"],
  ["shutdown.post", "Shutdown"],
]);

/** What a call is, without what it is about: of an invocation the app alone. */
export function callName(route: Route | RouteFault, { headers }: RuntimeRequest): string {
  const endpoint = typeof route === "string" ? undefined : endpoints[route.operation];
  if (endpoint === undefined || endpoint.name === "invoke.method") {
    const [id = header(headers, "dapr-app-id") ?? ""] = typeof route === "string" ? [] : route.params;
    return id === "" ? "InvokeService" : `InvokeService/${id}`;
  }
  return names.get(endpoint.name) ?? endpoint.name;
}
