import { describe, expect, it } from "vitest";
import { systemClock } from "../../host/web-platform.ts";
import { DOOR_HEADER, type WireRequest } from "../messages.ts";
import { callByFetch } from "./fetch-call.ts";
import type { WorkerDoorOptions } from "./worker-door.ts";

const request: WireRequest = {
  method: "GET",
  path: "/v1.0/invoke/a/method/x",
  query: "",
  headers: [],
  body: undefined,
};

/** An answer whose body pauses longer than anybody is patient, and then ends or breaks off. */
function answering(door: string, end: "ends" | "breaks"): WorkerDoorOptions {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode("be"));
      await new Promise((later) => setTimeout(later, 250));
      if (end === "breaks") return controller.error(new TypeError("network error"));
      controller.enqueue(new TextEncoder().encode("gun"));
      controller.close();
    },
  });
  const answer = new Response(body, { headers: { [DOOR_HEADER]: door, "x-own": "yes" } });
  return {
    registration: { scope: "https://page.test/" },
    settings: { appId: "a" },
    fetch: () => Promise.resolve(answer),
    clock: systemClock,
  } as unknown as WorkerDoorOptions;
}

describe("a call through a fetch event", () => {
  it("reads a whole answer to its end, however slowly it comes", async () => {
    const answer = await callByFetch(request, undefined, answering("302", "ends"));
    expect(answer.status).toBe(302);
    expect(answer.headers).toEqual(["x-own", "yes"]);
    expect(new TextDecoder().decode(answer.body as Uint8Array)).toBe("begun");
  });

  it("fails, so that it is sent again, when a whole answer breaks off", async () => {
    await expect(callByFetch(request, undefined, answering("200", "breaks"))).rejects.toThrow(TypeError);
  });

  it("hands a stream on once it pauses", async () => {
    const answer = await callByFetch(request, undefined, answering("200 stream", "ends"));
    expect(answer.status).toBe(200);
    expect(answer.body).toBeInstanceOf(ReadableStream);
    expect(await new Response(answer.body as ReadableStream).text()).toBe("begun");
  });
});
