import { fields, type Shape } from "../resources/known-fields.ts";
import type { FieldReader } from "./gateway-fields.ts";
import type { ActorSettings } from "./gateway-resource.ts";
import { upstream, upstreamShape } from "./validate-upstream.ts";

export const actorsShape: Shape = fields("points maxAge", {
  members: { ...(upstreamShape as object), ...(fields("name types") as object) },
  from: { ...(upstreamShape as object), ...(fields("file") as object) },
  token: fields("envRef"),
});

const fileName = /^[\w][\w.-]{0,99}$/;

/** What a table of placement may name, and a gateway takes. */
const longest = { name: 256, type: 128 };
const most = { members: 1_000, types: 256, points: 131_072 };

function member(entry: FieldReader, tableIsHere: boolean): ActorSettings["members"][number] {
  const name = entry.required("name");
  const types = entry.texts("types");
  if (name.length > longest.name) entry.fail("name", `must have at most ${longest.name} characters`);
  if (types.some((type) => type.length > longest.type))
    entry.fail("types", `must have at most ${longest.type} characters each`);
  if (tableIsHere && types.length === 0)
    entry.fail("types", "must name one at least: nobody else tells who hosts what without from");
  if (!tableIsHere && types.length > 0)
    entry.fail("types", "cannot stand beside from, which tells who hosts what");
  if (entry.has("url"))
    entry.fail("url", "is an app itself; actors are called through the sidecar of their host: use sidecar");
  return { name, types, upstream: upstream(entry) };
}

function from(spec: FieldReader): ActorSettings["from"] {
  if (!spec.has("from")) return undefined;
  const given = spec.mapping("from");
  if (!given.has("file")) return upstream(given);
  const file = given.required("file");
  if (!fileName.test(file)) given.fail("file", "must be the name of a file in the gateway's folder");
  if (given.has("url") || given.has("sidecar")) given.fail("file", "cannot stand beside url and sidecar");
  return { file };
}

/** `spec.actors`. */
export function actors(spec: FieldReader): ActorSettings | undefined {
  if (!spec.has("actors")) return undefined;
  const given = spec.mapping("actors");
  const source = from(given);
  const entries = given.list("members");
  const members = entries.map((entry) => member(entry, source === undefined));
  members.forEach(({ name }, i) => {
    if (members.findIndex((other) => other.name === name) !== i)
      (entries[i] as FieldReader).fail("name", `repeats ${name}`);
  });
  if (source === undefined && members.length === 0)
    given.fail("members", "or from is required: without both nobody hosts actors");
  const points = given.whole("points", 100, 1, 1_000);
  const types = new Set(members.flatMap((each) => each.types));
  if (members.length > most.members || members.length * points > most.points || types.size > most.types)
    given.fail(
      "members",
      `must be at most ${most.members}, with ${most.types} types and ${most.points} points`,
    );
  return {
    members,
    from: source,
    points,
    maxAgeMs: given.duration("maxAge", 30_000),
    token: given.secret("token"),
  };
}
