import { ApiError } from "../errors/api-error.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { header, type RuntimeResponse } from "../http.ts";
import type { Log } from "../platform.ts";
import type { Verdict } from "../subscriptions/verdict.ts";
import { capabilityError, type OfferRequest } from "./answer-offer.ts";
import type { FunctionTrigger } from "./function-triggers.ts";
import { responseOf, statusOf } from "./guest-answer.ts";
import type { LoadedPackage } from "./loaded-package.ts";
import type { FunctionOffer } from "./manifest.ts";
import { textField } from "./message.ts";

/** A function and the package that offers it. */
export interface FoundFunction {
  readonly package: LoadedPackage;
  readonly offer: FunctionOffer;
}

export function findFunction(packages: Iterable<LoadedPackage>, name: string): FoundFunction {
  for (const one of packages) {
    for (const offer of one.manifest.offers) {
      if (offer.kind === "function" && offer.name === name) return { package: one, offer };
    }
  }
  throw new ApiError("ERR_FUNCTION_NOT_FOUND", { name });
}

/** Calls a function for a request. */
export async function callFunction(
  { package: one, offer }: FoundFunction,
  { method, query, headers, body }: OfferRequest,
): Promise<RuntimeResponse> {
  const type = header(headers, "content-type");
  const fields = [
    textField(":offer", offer.name),
    textField(":operation", "invoke"),
    textField(":method", method),
    textField(":query", query),
    [":body", body] as const,
    ...(type === undefined ? [] : [textField("content-type", type)]),
  ];
  try {
    const traceparent = header(headers, "traceparent");
    return responseOf(await one.call(offer.module, { fields, checks: [] }, { traceparent }));
  } catch (error) {
    throw capabilityError(error, one.manifest.name);
  }
}

/** Calls a function for an event: 2xx is success, 404 gives the event up, all else has it come again. */
async function handleEvent(
  { package: one, offer }: FoundFunction,
  event: Uint8Array,
  log: Log,
): Promise<Verdict> {
  const fields = [
    textField(":offer", offer.name),
    textField(":operation", "event"),
    [":body", event] as const,
  ];
  try {
    const status = statusOf(await one.call(offer.module, { fields, checks: [] }));
    if (status < 300) return "success";
    return status === 404 ? "drop" : "retry";
  } catch (error) {
    log.warn(`function ${offer.name}: an event will be delivered again: ${reasonOf(error)}`);
    return "retry";
  }
}

/** The topics that call functions of these packages, as far as they were granted. `current` has a package as it is by then. */
export function triggersOf(
  packages: Iterable<LoadedPackage>,
  current: (name: string) => Iterable<LoadedPackage>,
  log: Log,
): readonly FunctionTrigger[] {
  return [...packages].flatMap(({ manifest, authority }) =>
    manifest.offers.flatMap((offer) => {
      if (offer.kind !== "function") return [];
      const granted = offer.topics.filter(({ pubsub, topic }) =>
        authority.granted.subscribe.some((one) => one.pubsub === pubsub && one.topics.includes(topic)),
      );
      return granted.map(({ pubsub, topic }) => ({
        consumer: `capability-${manifest.name}-${offer.name}`,
        pubsub,
        topic,
        concurrency: authority.limits.concurrency,
        async handle(event: Uint8Array): Promise<Verdict> {
          const [one] = current(manifest.name);
          return one === undefined ? "retry" : await handleEvent({ package: one, offer }, event, log);
        },
      }));
    }),
  );
}
