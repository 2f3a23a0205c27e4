import { describe, expect, it } from "vitest";
import { EndingStreams } from "./ending-streams.ts";

describe("streams that are handed on", () => {
  it("have the same bytes, and end by themselves", async () => {
    const streams = new EndingStreams();
    const body = new Response("hello").body as ReadableStream<Uint8Array>;
    expect(await new Response(streams.add(body)).text()).toBe("hello");
    streams.end();
  });

  it.each([
    ["their reader is gone", (streams: EndingStreams) => streams.end()],
    ["their reader lets go", (_: EndingStreams, handed: ReadableStream) => void handed.cancel()],
  ])("are let go of where %s", async (_, leave) => {
    const streams = new EndingStreams();
    let gone = false;
    const endless = new ReadableStream<Uint8Array>({
      cancel() {
        gone = true;
      },
    });
    leave(streams, streams.add(endless));
    await expect.poll(() => gone).toBe(true);
  });
});
