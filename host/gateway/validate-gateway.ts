import { type Fields, fail, member, type Place, resourceName, section } from "../resources/fields.ts";
import { fields, type Shape } from "../resources/known-fields.ts";
import { FieldReader, onlyKnown } from "./gateway-fields.ts";
import {
  type GatewayResource,
  gatewayVersion,
  type ListenSettings,
  type TargetSetting,
} from "./gateway-resource.ts";
import { actors, actorsShape } from "./validate-actors.ts";
import { appId, door, doorShape } from "./validate-door.ts";
import { packages } from "./validate-packages.ts";
import { routes } from "./validate-routes.ts";
import { upstream, upstreamShape } from "./validate-upstream.ts";

const target = (name: string) => ({
  ...(upstreamShape as object),
  ...(fields(name, { upstreams: upstreamShape }) as object),
});

const shape: Shape = fields("apiVersion kind", {
  metadata: fields("name namespace labels annotations"),
  spec: fields("region folder serverTiming metrics", {
    listen: fields("address port"),
    ...doorShape,
    limits: fields("bodySize headerSize timeout connectTimeout hops"),
    apps: target("id"),
    sites: target("name"),
    routes: fields("path app stripPath"),
    actors: actorsShape,
    packages: fields("path grants"),
  }),
});

function targetOf(entry: FieldReader, name: "id" | "name"): TargetSetting {
  const id = entry.required(name);
  if (!(appId.test(id) || (name === "name" && id === "*"))) {
    entry.fail(name, "must be letters, digits, dots, - and _");
  }
  const at = entry.at();
  if (!entry.has("upstreams")) return { id, upstreams: [upstream(entry)], at };
  if (entry.has("url") || entry.has("sidecar"))
    entry.fail("upstreams", "cannot stand beside url and sidecar");
  const upstreams = entry.list("upstreams").map(upstream);
  if (upstreams.length === 0) entry.fail("upstreams", "must name one place at least");
  return { id, upstreams, at };
}

function targets(spec: FieldReader, list: "apps" | "sites"): readonly TargetSetting[] {
  const name = list === "apps" ? "id" : "name";
  const entries = spec.list(list);
  const found = entries.map((entry) => targetOf(entry, name));
  found.forEach(({ id, upstreams }, i) => {
    const entry = entries[i] as FieldReader;
    if (found.findIndex((other) => other.id === id) !== i) entry.fail(name, `repeats ${id}`);
    if (list === "sites" && upstreams.some(({ protocol }) => protocol !== "sidecar")) {
      entry.fail("url", "is one app; a site is reached through a sidecar or a gateway: use sidecar");
    }
  });
  return found;
}

const address = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9a-f:]*:[0-9a-f:.]*\]?)$/i;

function listen(spec: FieldReader): ListenSettings {
  const given = spec.mapping("listen");
  const on = given.text("address") ?? "127.0.0.1";
  if (!address.test(on)) given.fail("address", "must be an IP address, such as 127.0.0.1 or 0.0.0.0");
  return { address: on.replace(/^\[|\]$/g, ""), port: given.whole("port", 3500, 1, 65_535) };
}

function metrics(spec: FieldReader): GatewayResource["metrics"] {
  const given = member(spec.fields, "metrics") ?? false;
  if (given === "merged") return "merged";
  if (typeof given !== "boolean") spec.fail("metrics", "must be true, false or merged");
  return given ? "each" : "off";
}

/** A document of `kind: Gateway`. Throws ResourceError. */
export function validateGateway(document: Fields, place: Place): GatewayResource {
  if (member(document, "apiVersion") !== gatewayVersion) {
    fail(place, ["apiVersion"], `must be ${gatewayVersion}`);
  }
  onlyKnown(document, shape, place);
  const head = new FieldReader(section(document, "metadata", place), place, ["metadata"]);
  const spec = new FieldReader(section(document, "spec", place), place, ["spec"]);
  const name = resourceName(head.fields, place);
  if (!appId.test(name)) head.fail("name", "must be letters, digits, dots, - and _");
  const limits = spec.mapping("limits");
  return {
    name,
    namespace: head.text("namespace") ?? "default",
    region: spec.text("region") ?? "",
    listen: listen(spec),
    folder: spec.text("folder") ?? "state",
    door: door(spec),
    limits: {
      bodySize: limits.bytes("bodySize", 4 << 20),
      headerSize: limits.bytes("headerSize", 64 << 10),
      timeoutMs: limits.duration("timeout", 60_000),
      connectTimeoutMs: limits.duration("connectTimeout", 5_000),
      hops: limits.whole("hops", 8, 1, 255),
    },
    serverTiming: spec.flag("serverTiming"),
    metrics: metrics(spec),
    apps: targets(spec, "apps"),
    sites: targets(spec, "sites"),
    routes: routes(spec),
    actors: actors(spec),
    packages: packages(spec),
    origin: place.origin,
  };
}
