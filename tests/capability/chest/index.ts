import { Answer, Json, quoted, Request, serve, Step } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle } from "../../../capabilities/guest/abi";

/** A secret store that has the texts of its metadata, and an output binding that answers what it is given. */
serve((request: Request): Step => (request.offer.startsWith("secretstores.") ? secrets(request) : binding(request)));

function secrets(request: Request): Step {
  const all = Json.parse(request.config)!;
  if (request.operation == "get") {
    const name = request.field("key")!;
    return all.get(name) === null ? new Answer(404) : Answer.json(secret(all, name));
  }
  const each: string[] = [];
  for (let i = 0; i < all.names.length; i++) each.push(quoted(all.names[i]) + ":" + secret(all, all.names[i]));
  return Answer.json("{" + each.join(",") + "}");
}

function secret(all: Json, name: string): string {
  return "{" + quoted(name) + ":" + quoted(all.textOf(name)) + "}";
}

function binding(request: Request): Step {
  if (request.field("operation") == "fail") return Answer.error(500, "ERR_FAILED", "it does not work");
  return Answer.bytes(request.body).header("metadata.length", request.body.length.toString());
}
