import { expect } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";
import type { Seen } from "./app-control.ts";

export type Event = Record<string, unknown>;

export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function accepted(answer: Answer): void {
  expect([answer.status, answer.text]).toEqual([204, ""]);
}

/** The envelope in a delivery. */
export function event(seen: Seen | undefined): Event {
  return seen?.json as Event;
}

/** Publishing to `messagebus`, and what the test app received. */
export function pubsubCalls(on: Subject) {
  const publish = (topic: string, body: string | Uint8Array, type?: string, query = "") =>
    on.fetch(`/v1.0/publish/messagebus/${topic}${query}`, {
      method: "POST",
      headers: type === undefined ? {} : { "content-type": type },
      body,
    });
  /** Deliveries to `path` whose body holds `mark`. */
  const delivered = (path: string, mark: string, count = 1) =>
    on.app.until(path, count, ({ text }) => text.includes(mark));
  return {
    publish,
    delivered,
    /** Publishes to the topic `plain` and answers the one event that arrives. */
    async through(body: string, mark: string, type?: string, query?: string): Promise<Event> {
      accepted(await publish("plain", body, type, query));
      return event((await delivered("/events/plain", mark))[0]);
    },
  };
}
