import { describe, expect, it } from "vitest";
import { pathLabel } from "./path-label.ts";

const matching = [
  "/v1.0/invoke/mx/method/hello/{n}",
  "/v1.0/state/{store}",
  "/orders",
  "/e/{x}",
  "/v1.0/state/statestore/{key}",
  "/files/{path...}",
  "/tree/",
];

/** What daprd 1.18 tells, where it is not said otherwise. */
describe("pathLabel", () => {
  it.each([
    ["/v1.0/state/statestore/a", "/v1.0/state/statestore"],
    ["/v1.0/state/statestore", "/v1.0/state/statestore"],
    ["/v1.0-alpha1/state/statestore/query", "/v1.0-alpha1/state/statestore"],
    ["/v1.0/secrets/env/HOME", "/v1.0/secrets/env"],
    ["/v1.0/actors/t/1/method/m", "/v1.0/actors/t/{id}/method"],
    ["/actors/t/1/method/m", "actors/t/{id}/method/m"],
    ["/actors/t/1", "actors/t/{id}"],
    ["/v1.0/publish/pubsub/orders", "/v1.0/publish/pubsub/orders"],
    ["/v1.0/invoke/mx/method/hello/1", "/v1.0/invoke/mx/method/hello/1"],
    ["/v1.0/metadata/k", "/v1.0/metadata/k"],
    ["/hello/x", "/hello/x"],
    ["//v1.0/secrets//env/HOME", "/v1.0/secrets/env"],
  ])("tells %s as %s where nothing is said", (path, label) => {
    expect(pathLabel({}, true)(path)).toBe(label);
  });

  it.each([
    ["/v1.0/invoke/mx/method/hello/1", "/v1.0/invoke/mx/method/hello/{n}"],
    ["/v1.0/invoke/mx/method/e/1", "/v1.0/invoke/{app_id}/method/e/{x}"],
    ["/v1.0/state/nostore", "/v1.0/state/{store}"],
    ["/v1.0/state/statestore/a", "/v1.0/state/statestore/{key}"],
    ["/v1.0/state/other/a", ""],
    ["/v1.0/metadata", ""],
    ["/orders", "/orders"],
    ["/orders/1", ""],
    ["/e/", ""],
    ["//v1.0/invoke/mx/method/hello/1", "/v1.0/invoke/mx/method/hello/{n}"],
    ["/files/a/b", "/files/{path...}"],
    ["/tree/a/b", "/tree/"],
    ["/tree", ""],
  ])("tells %s as %j by patterns, and nothing else, with a low cardinality", (path, label) => {
    expect(pathLabel({ pathMatching: matching, increasedCardinality: false }, true)(path)).toBe(label);
  });

  it("tells what no pattern matches as ever with a high cardinality", () => {
    const label = pathLabel({ pathMatching: matching }, true);
    expect([label("/v1.0/secrets/env/HOME"), label("/nothing")]).toEqual(["/v1.0/secrets/env", "/nothing"]);
  });

  it("takes patterns of invocations for the API alone", () => {
    const label = pathLabel({ pathMatching: ["/e/{x}"], increasedCardinality: false }, false);
    expect([label("/e/1"), label("/v1.0/invoke/a/method/e/1")]).toEqual(["/e/{x}", ""]);
  });
});
