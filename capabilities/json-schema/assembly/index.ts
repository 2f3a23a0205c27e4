import { Answer, Json, quoted, Request, serve, Step } from "../../guest";
import { refusedBecause, Validation } from "./schema";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

/** The schema that was configured last: a middleware is asked with the same one again and again. */
let configured: string = "";
let schema: Json | null = null;

serve((request: Request): Step => (request.operation == "handle-request" ? handled(request) : validated(request)));

/** The book's middleware: what does not fit goes no further. */
function handled(request: Request): Step {
  const config = request.config;
  if (config != configured || schema === null) {
    const metadata = Json.parse(config);
    const text = metadata === null ? "" : metadata.textOf("schema");
    const parsed = Json.parse(text);
    if (parsed === null) return Answer.error(500, "ERR_JSON_SCHEMA", "metadata schema must be a JSON Schema, as text");
    const reason = refusedBecause(parsed);
    if (reason !== null) return Answer.error(500, "ERR_JSON_SCHEMA", "metadata schema: " + reason);
    schema = parsed;
    configured = config;
  }
  if (request.body.length == 0 && !hasBody(request.method)) return Answer.next();
  const value = Json.ofBytes(request.body);
  if (value === null) return Answer.error(400, "ERR_MALFORMED_REQUEST", "the body is not JSON");
  const validation = new Validation(schema!);
  if (validation.check(value, schema!, "")) return Answer.next();
  return Answer.error(400, "ERR_MALFORMED_REQUEST", sentence(validation));
}

/** Without a body, these are held to no schema. */
function hasBody(method: string): bool {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

function sentence(validation: Validation): string {
  return (validation.place.length == 0 ? "the body" : validation.place) + " " + validation.expected;
}

/** The HTTP operation: a value and a schema in one body. */
function validated(request: Request): Step {
  const document = Json.ofBytes(request.body);
  const given: Json | null = document === null ? null : document.get("schema");
  const value: Json | null = document === null ? null : document.get("value");
  if (given === null || value === null) {
    return Answer.error(400, "ERR_MALFORMED_REQUEST", 'the body must be {"schema": …, "value": …}');
  }
  const reason = refusedBecause(given);
  if (reason !== null) return Answer.error(400, "ERR_JSON_SCHEMA", reason);
  const validation = new Validation(given);
  if (validation.check(value, given, "")) return Answer.json('{"valid":true}');
  return Answer.json(
    '{"valid":false,"place":' + quoted(validation.place) + ',"expected":' + quoted(validation.expected) + "}",
  );
}
