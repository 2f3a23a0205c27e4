import { Answer, Json, Request, serve, Step } from "../../../capabilities/guest";

export { cap_abi_version, cap_alloc, cap_handle } from "../../../capabilities/guest/abi";

/** Requests of this instance: a limit of rates, without the time. */
let seen = 0;

/** The book's uppercase, a limit (`most` in the metadata), and a mark on each answer. */
serve((request: Request): Step => {
  if (request.operation == "handle-response") return Answer.next().header("x-upper", "yes").body(request.text + "!");
  if (request.path.endsWith("/trap")) unreachable();
  const metadata = Json.parse(request.config);
  const most = metadata === null ? "" : metadata.textOf("most");
  if (most.length > 0 && ++seen > <i32>parseInt(most)) return Answer.error(429, "ERR_TOO_MANY", "no more");
  return Answer.next().body(request.text.toUpperCase());
});
