import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { ResourceError } from "./fields.ts";
import { parseResources } from "./parse-resources.ts";

const parse = (text: string) => parseResources(text, "subs.yaml", yaml).subscriptions;
const subscription = (spec: string, version = "v2alpha1", head = "  name: orders", rest = "") =>
  `apiVersion: dapr.io/${version}\nkind: Subscription\nmetadata:\n${head}\nspec:\n${spec}\n${rest}`;
const t = "  pubsubname: bus\n  topic: t\n";

describe("Subscription resources", () => {
  it.each([
    ["v1alpha1", "  route: /orders"],
    ["v2alpha1", "  routes:\n    default: /orders"],
    ["v2alpha1", "  routes:\n    rules:\n    - match: event.type == 'a'\n      path: /a"],
    ["v1alpha1", "  routes:\n    default: /orders"],
    ["v2alpha1", "  route: /orders"],
  ])("%s with %j", (version, route) => {
    const [found] = parse(subscription(t + route, version, "  name: orders\n  namespace: shop"));
    expect(found).toMatchObject({
      name: "orders",
      namespace: "shop",
      scopes: [],
      origin: "subs.yaml, document 1",
      spec: { pubsubname: "bus", topic: "t" },
    });
  });

  it("keeps its spec as it was written, and its scopes", () => {
    const spec = `${t}  deadLetterTopic: dead\n  metadata: {rawPayload: "true"}\n  bulkSubscribe: {enabled: true, maxMessagesCount: 5}\n  route: /r`;
    const [found] = parse(subscription(spec, "v1alpha1", "  name: s", "scopes: [a, b]\n"));
    expect(found?.scopes).toEqual(["a", "b"]);
    expect(found?.spec).toEqual({
      pubsubname: "bus",
      topic: "t",
      deadLetterTopic: "dead",
      metadata: { rawPayload: "true" },
      bulkSubscribe: { enabled: true, maxMessagesCount: 5 },
      route: "/r",
    });
  });

  it("takes names in any case, as Dapr does", () => {
    expect(parse(subscription("  pubsubName: bus\n  Topic: t\n  Route: /r"))).toHaveLength(1);
  });

  it.each([
    ["another version", subscription(`${t}  route: /r`, "v3"), "line 1", "apiVersion"],
    ["no name", subscription(`${t}  route: /r`, "v1alpha1", "  labels: {}"), "line 4", "metadata.name"],
    ["no topic", subscription("  pubsubname: bus\n  route: /r"), "line 6", "spec.topic"],
    ["no pub/sub", subscription("  topic: t\n  route: /r"), "line 6", "spec.pubsubname"],
    ["no route", subscription(t), "line 6", "spec.route"],
    ["routes that are empty", subscription(`${t}  routes: {}`), "line 6", "spec.route"],
    ["routes that are text", subscription(`${t}  routes: /r`), "line 8", "spec.routes"],
    [
      "rules that are no list",
      subscription(`${t}  routes:\n    rules: {path: /r}`),
      "line 9",
      "spec.routes.rules",
    ],
    [
      "a rule without a path",
      subscription(`${t}  routes:\n    rules:\n    - match: "true"`),
      "line 10",
      "spec.routes.rules.0.path",
    ],
    [
      "a match that is no text",
      subscription(`${t}  routes:\n    rules:\n    - {match: [1], path: /r}`),
      "line 10",
      "spec.routes.rules.0.match",
    ],
    [
      "a topic for dead letters that is no text",
      subscription(`${t}  route: /r\n  deadLetterTopic: [1]`),
      "line 9",
      "spec.deadLetterTopic",
    ],
    ["metadata that are a list", subscription(`${t}  route: /r\n  metadata: []`), "line 9", "spec.metadata"],
    [
      "bulkSubscribe without a switch",
      subscription(`${t}  route: /r\n  bulkSubscribe: {enabled: maybe}`),
      "line 9",
      "spec.bulkSubscribe.enabled",
    ],
    [
      "a count below zero",
      subscription(`${t}  route: /r\n  bulkSubscribe: {enabled: true, maxMessagesCount: -1}`),
      "line 9",
      "spec.bulkSubscribe.maxMessagesCount",
    ],
    [
      "scopes that are no list",
      subscription(`${t}  route: /r`, "v1alpha1", "  name: s", "scopes: a\n"),
      "line 9",
      "scopes",
    ],
  ])("refuses %s, naming file, document, line and field", (_, text, line, field) => {
    expect(() => parse(text)).toThrow(ResourceError);
    expect(() => parse(text)).toThrow(new RegExp(`^subs\\.yaml, document 1, ${line}: ${field} `));
  });

  it("never throws anything but a ResourceError", () => {
    const names = ["pubsubname", "topic", "route", "routes", "rules", "default", "bulkSubscribe", "metadata"];
    const spec = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.string(), fc.jsonValue()));
    fc.assert(
      fc.property(
        fc.constantFrom("v1alpha1", "v2alpha1"),
        fc.jsonValue(),
        spec,
        (version, metadata, value) => {
          const document = { apiVersion: `dapr.io/${version}`, kind: "Subscription", metadata, spec: value };
          try {
            parse(yaml.stringify(document));
          } catch (error) {
            expect(error).toBeInstanceOf(ResourceError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
