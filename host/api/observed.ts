import type { RuntimeRequest, RuntimeResponse } from "../http.ts";
import type { Sidecar } from "../sidecar.ts";
import { tracedRequest } from "./traced-request.ts";

type Answerer = (request: RuntimeRequest) => Promise<RuntimeResponse>;

/** Answers a request of the API, traced and measured as far as the sidecar does either. */
export function observed(
  sidecar: Sidecar,
  request: RuntimeRequest,
  answer: Answerer,
): Promise<RuntimeResponse> {
  const { meters } = sidecar;
  const { tracing } = sidecar.tracer;
  const traced: Answerer =
    tracing === undefined ? answer : (given) => tracedRequest(tracing, sidecar, given, answer);
  return meters === undefined ? traced(request) : meters.served(request, traced);
}
