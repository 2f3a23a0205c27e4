import { reasonOf } from "../errors/reason-of.ts";
import { spanStatus } from "../telemetry/span-status.ts";
import type { Observers } from "./capabilities.ts";
import { statusOf } from "./guest-answer.ts";
import { type MessageField, textOf } from "./message.ts";

type Calling = (traceparent: string | undefined) => Promise<readonly MessageField[]>;

/** A package's call as a hop of its trace, which what it asks of its host belongs to. */
export async function tracedCall(
  observers: Observers,
  name: string,
  request: readonly MessageField[],
  traceparent: string | undefined,
  call: Calling,
): Promise<readonly MessageField[]> {
  const hop = observers.tracer.tracing?.begin(traceparent === undefined ? [] : ["traceparent", traceparent]);
  if (hop === undefined) return await call(traceparent);
  const ended = (status: number, cause?: string) => {
    hop.end(() => ({
      name: `capability/${name}/${textOf(request, ":operation") ?? ""}`,
      kind: "server",
      attributes: [
        ["daprlet.capability", name],
        ["daprlet.capability.offer", textOf(request, ":offer")],
        ["dapr.status_code", String(status)],
      ],
      status: cause === undefined ? spanStatus(status, observers.strict) : { code: "error", message: cause },
    }));
  };
  try {
    const answer = await call(hop.traceparent);
    ended(statusOf(answer));
    return answer;
  } catch (error) {
    ended(500, reasonOf(error));
    throw error;
  }
}
