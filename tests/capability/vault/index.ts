import { Answer, Request, serve, Step } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle } from "../../../capabilities/guest/abi";

const ALL = '{ "KEY": {"a": "1"}, "PIN": {"a": "2"}, "SENSOR_1__KEY": { "b": "\\u00e9" }, "SENSOR_2__KEY": {"c": "3"} }';

/** A secret store whose secrets are what they are called, and which goes wrong where it is asked to. */
serve((request: Request): Step => {
  if (request.operation == "bulkGet") return new Answer().body(ALL);
  const found = request.field("key");
  const key = found === null ? "" : found;
  if (key == "trap") unreachable();
  if (key == "gone") return new Answer(404);
  if (key == "secret") return new Answer(403);
  if (key == "torn") return new Answer().body('{"password": "s3cret"');
  if (key == "number") return new Answer().body('{"password": 5}');
  return new Answer().body('{"' + key + '": "v"}');
});
