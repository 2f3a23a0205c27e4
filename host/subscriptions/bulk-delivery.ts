import { AppUnreachableError } from "../channel/app-channel.ts";
import { reasonOf } from "../errors/reason-of.ts";
import { fieldValue } from "../header-field.ts";
import type { Platform } from "../platform.ts";
import { type BulkEntry, bulkBody } from "./bulk-body.ts";
import { bulkVerdicts } from "./bulk-verdicts.ts";
import { call, type Delivery, type DeliveryContext } from "./delivery.ts";
import { DeliveryEnded } from "./inbound-policy.ts";
import type { Admitted, Intake } from "./intake.ts";
import type { Verdict } from "./verdict.ts";

/** Of one request, about. */
const mostBytes = 4 << 20;

/** An event that waits for others, and how its handler ends. */
interface Waiting {
  readonly admitted: Admitted;
  resolve(): void;
  reject(error: unknown): void;
}

/** Those with one path of the app. */
interface Batch {
  readonly waiting: Waiting[];
  bytes: number;
  readonly cancel: () => void;
}

/**
 * Hands the events of one subscription to the app many at a time (dapr-http-api §2.1, "Bulk delivery"): a request for
 * each path once `maxMessages` (or 4 MiB) have come, or the first has waited for `maxAwaitMs`. Each event is settled by its own
 * status in the answer, as {@link delivery} settles one.
 */
export function bulkDelivery(intake: Intake, context: DeliveryContext, { clock, uuid }: Platform): Delivery {
  const { pubsub, subscription } = intake;
  const { meter } = context;
  const { topic, raw, bulk } = subscription;
  const { maxMessages = 1, maxAwaitMs = 0 } = bulk ?? {};
  const batches = new Map<string, Batch>();
  let closing = false;

  function send(key: string): void {
    const batch = batches.get(key);
    if (batch === undefined) return;
    batches.delete(key);
    batch.cancel();
    void post(batch.waiting);
  }

  /** Never rejects: what fails is each event's to settle. */
  async function post(waiting: readonly Waiting[]): Promise<void> {
    const entries = waiting.map(({ admitted }): BulkEntry & { readonly admitted: Admitted } => ({
      entryId: uuid(),
      admitted,
      message: admitted.message,
    }));
    const body = bulkBody({ id: uuid(), pubsub, topic, raw }, entries);
    const headers = ["content-type", "application/json", "pubsubname", fieldValue(pubsub) ?? ""];
    const { to, hop } = (waiting[0] as Waiting).admitted;
    // Each event has its own; of a call with several no one is the parent.
    if (hop !== undefined && waiting.length === 1) headers.push("traceparent", hop.traceparent);
    const began = meter?.begin() ?? 0;
    let status: number;
    let verdicts: (entryId: string) => Verdict;
    try {
      [status, verdicts] = await call(
        context,
        { method: "POST", ...to, headers, body },
        async (response) => [response.status, await bulkVerdicts(response)] as const,
        ([, verdictOf]) => entries.every(({ entryId }) => verdictOf(entryId) !== "retry"),
      );
    } catch (error) {
      for (const { admitted } of waiting) intake.called(admitted, 500);
      meter?.settledTogether(
        began,
        waiting.map(() => "retry"),
      );
      if (error instanceof DeliveryEnded) {
        for (const { reject } of waiting) reject(error);
        return;
      }
      if (!(error instanceof AppUnreachableError)) {
        return settle(waiting, (one) => end(one, reasonOf(error), "retry"));
      }
      context.presence.lost(`topic ${topic}`, error, { pubsub, events: waiting.length });
      for (const { reject } of waiting) reject(error);
      return;
    }
    context.presence.found();
    for (const { admitted } of waiting) intake.called(admitted, status);
    meter?.settledTogether(
      began,
      entries.map(({ entryId }) => verdicts(entryId)),
    );
    settle(waiting, async (one, i) => {
      const verdict = verdicts(entries[i]?.entryId ?? "");
      if (verdict === "success") return;
      const word = status < 300 ? ` and ${verdict.toUpperCase()} for it` : "";
      const why = `the app answered ${status}${word}`;
      if (context.inbound.again(status)) return end(one, why, verdict);
      const { message, id } = one.admitted;
      await intake.end(message, id, why, verdict);
    });
  }

  function settle(waiting: readonly Waiting[], ending: (one: Waiting, i: number) => Promise<void>): void {
    for (const [i, one] of waiting.entries()) ending(one, i).then(one.resolve, one.reject);
  }

  function end({ admitted: { message, id } }: Waiting, why: string, verdict: Verdict): Promise<void> {
    return intake.refused(message, id, why, verdict);
  }

  return {
    flush() {
      closing = true;
      for (const key of batches.keys()) send(key);
    },
    async handler(message) {
      const admitted = await intake.admit(message);
      if (admitted === undefined) return;
      const key = `${admitted.to.path}?${admitted.to.query}`;
      let batch = batches.get(key);
      if (batch === undefined) {
        batch = { waiting: [], bytes: 0, cancel: clock.after(maxAwaitMs, () => send(key)) };
        batches.set(key, batch);
      }
      const { waiting } = batch;
      batch.bytes += message.data.byteLength;
      const settled = new Promise<void>((resolve, reject) => {
        waiting.push({ admitted, resolve, reject });
      });
      if (closing || waiting.length >= maxMessages || batch.bytes >= mostBytes) send(key);
      await settled;
    },
  };
}
