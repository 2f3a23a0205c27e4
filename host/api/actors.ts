import type { ActorOperation } from "../actors/actors.ts";
import { apiError } from "../errors/api-error.ts";
import { json } from "../http.ts";
import type { Endpoint } from "./endpoint.ts";

function row(operation: ActorOperation, methods: string, rest: string): Endpoint {
  return {
    name: `actors.${operation}`,
    methods: methods.split(" "),
    paths: [`/v1.0/actors/{type}/{id}/${rest}`],
    handle: (call) =>
      call.sidecar.actors?.handle(operation, call) ?? apiError("ERR_API_UNIMPLEMENTED", { block: "actors" }),
  };
}

/** dapr-http-api §1.6. What they do is in the {@link Actors} of the host, since pages host theirs by themselves. */
export const actors: readonly Endpoint[] = [
  row("invoke", "GET POST PUT DELETE", "method/{method}"),
  row("transact", "POST PUT", "state"),
  row("state", "GET", "state/{key}"),
  row("reminder", "GET POST PUT DELETE", "reminders/{name}"),
  // Of one actor; as Dapr has it after 1.18.
  row("reminder", "GET", "reminders"),
  row("timer", "POST PUT DELETE", "timers/{name}"),
  {
    name: "placement.state",
    methods: ["GET"],
    paths: ["/placement/state"],
    async handle({ sidecar, request }) {
      const state = await sidecar.actors?.placement?.(request);
      return state === undefined ? apiError("ERR_API_UNIMPLEMENTED", { block: "placement" }) : json(state);
    },
  },
];
