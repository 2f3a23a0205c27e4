import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { appRoute } from "../channel/app-route.ts";
import type { BindingEvent, BindingHandler } from "../components/bindings/binding.ts";
import { metadataField } from "../components/bindings/direction.ts";
import type { SpanStatus } from "../components/exporters/span-exporter.ts";
import type { OpenedBinding } from "../components/open-component.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { readBody } from "../http.ts";
import type { ComponentResource } from "../resources/component.ts";
import type { Sidecar } from "../sidecar.ts";
import type { AppPresence } from "../subscriptions/app-presence.ts";
import { metadataHeaders } from "../subscriptions/delivery-headers.ts";
import { DeliveryEnded } from "../subscriptions/inbound-policy.ts";
import { spanStatus } from "../telemetry/span-status.ts";
import type { SpanDescription } from "../telemetry/tracing.ts";
import { wellFormedTraceparent } from "../traceparent.ts";
import { directivesOf, followDirectives } from "./directives.ts";

/** Where the app takes the events of a binding: its `route`, or else its name. */
export function routeOf(resource: ComponentResource): { readonly path: string; readonly query: string } {
  return appRoute(metadataField(resource, "route") ?? encodeURIComponent(resource.name));
}

/** What daprd's span of such a call says, under the same names. */
function bindingSpan(name: string, path: string, status: SpanStatus): SpanDescription {
  return {
    name: `bindings/${name}`,
    kind: "client",
    attributes: [
      ["db.system", "bindings"],
      ["db.name", name],
      ["db.connection_string", `POST ${path}`],
      ["rpc.service", "Dapr"],
    ],
    status,
  };
}

/** The app answered, and did not take the event. */
class Refused extends Error {
  constructor(readonly status: number) {
    super(`the app answered ${status}`);
  }
}

/**
 * Hands the events of one binding to the app. Resolves once the app answered 2xx and what its answer asks for is done;
 * rejects where the component is to deliver again. One event at a time, unless the component's `concurrencyMode` is
 * `parallel`. Each call to the app is in `underWay` while it lasts. `patience` aborts when the reader ends: an event that
 * waits for a retry, or for a circuit breaker, is left to its source.
 */
export function bindingDelivery(
  sidecar: Sidecar,
  app: AppChannel,
  { resource }: OpenedBinding,
  underWay: Set<AbortController>,
  presence: AppPresence,
  patience: AbortSignal,
): BindingHandler {
  const { log, strict, maxBodySize } = sidecar;
  const { name } = resource;
  const { path, query } = routeOf(resource);
  const parallel = metadataField(resource, "concurrencymode")?.toLowerCase() === "parallel";
  let turn: Promise<unknown> = Promise.resolve();
  let failing = false;

  async function ask({ data, metadata }: BindingEvent, signal: AbortSignal): Promise<Uint8Array> {
    const traceparent = metadata.get("traceparent") ?? "";
    const trace = wellFormedTraceparent.test(traceparent) ? ["traceparent", traceparent] : [];
    const headers = ["content-type", "application/json", ...trace, ...metadataHeaders(metadata)];
    const hop = sidecar.tracer.tracing?.begin(headers);
    const request = {
      method: "POST",
      path,
      query,
      headers: hop?.onward(headers) ?? headers,
      body: data,
      signal,
    };
    const ended = (status: number) => hop?.end(() => bindingSpan(name, path, spanStatus(status, strict)));
    const response = await app.invoke(request).catch((error) => {
      ended(500);
      throw error;
    });
    ended(response.status);
    if (response.status < 200 || response.status > 299) {
      if (response.body instanceof ReadableStream) await response.body.cancel();
      throw new Refused(response.status);
    }
    return await readBody(response.body, maxBodySize).catch((cause) => {
      throw new AppUnreachableError("its answer broke off", { cause, sent: true });
    });
  }

  async function askUnderPolicy(event: BindingEvent, signal: AbortSignal): Promise<Uint8Array> {
    const policy = sidecar.resiliency.inbound(name, "bindings");
    if (policy === undefined) return await ask(event, signal);
    return await policy.run({
      attempt: (limited = signal) => ask(event, limited),
      thrown: (error) => (error instanceof Refused ? policy.failedWith(error.status) : "again"),
      signal,
      patience,
    });
  }

  async function deliver(event: BindingEvent): Promise<Uint8Array> {
    // One for each call: what a channel attaches to a signal lives as long as the signal.
    const call = new AbortController();
    underWay.add(call);
    try {
      const answer = await askUnderPolicy(event, call.signal);
      presence.found();
      const directives = strict ? undefined : directivesOf(answer);
      if (directives !== undefined) await followDirectives(sidecar, directives);
      failing = false;
      return answer;
    } catch (error) {
      if (error instanceof AppUnreachableError) presence.lost(`binding ${name}`, error, { binding: name });
      else if (!(error instanceof DeliveryEnded)) {
        // The first failure is news; the repetitions of one that goes on failing are not.
        log[failing ? "debug" : "warn"](
          `an event of binding ${name} will be delivered again: ${reasonOf(error)}`,
        );
        failing = true;
      }
      throw error;
    } finally {
      underWay.delete(call);
    }
  }

  return (event) => {
    if (parallel) return deliver(event);
    const answer = turn.then(() => deliver(event));
    turn = answer.catch(() => undefined);
    return answer;
  };
}
