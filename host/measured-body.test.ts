import { describe, expect, it } from "vitest";
import { readBody } from "./http.ts";
import { measuredBody } from "./measured-body.ts";

function measured(body: Parameters<typeof measuredBody>[0]) {
  const ends: number[] = [];
  return { ends, body: measuredBody(body, (bytes) => ends.push(bytes)) };
}

const streamOf = (...chunks: readonly number[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const size of chunks) controller.enqueue(new Uint8Array(size));
      controller.close();
    },
  });

describe("measuredBody", () => {
  it("counts at once what is whole, and leaves it as it is", () => {
    const whole = new Uint8Array(3);
    expect([measured(undefined).ends, measured(whole).ends]).toEqual([[0], [3]]);
    expect(measured(whole).body).toBe(whole);
  });

  it("counts a stream when it has been read", async () => {
    const { ends, body } = measured(streamOf(2, 5));
    expect(ends).toEqual([]);
    expect((await readBody(body)).byteLength).toBe(7);
    expect(ends).toEqual([7]);
  });

  it("counts what there was of a stream that breaks off, and hands its error on", async () => {
    let fail = (_: Error) => {};
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(2));
        fail = (error) => controller.error(error);
      },
    });
    const { ends, body } = measured(source);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    fail(new Error("broken"));
    await expect(reader.read()).rejects.toThrow("broken");
    expect(ends).toEqual([2]);
  });

  it("counts a stream that is given up once, also while it is being read, and gives up its source", async () => {
    let given: unknown;
    const source = new ReadableStream<Uint8Array>({
      cancel(reason) {
        given = reason;
      },
    });
    const { ends, body } = measured(source);
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    const reading = reader.read();
    await reader.cancel("enough");
    await reading;
    await new Promise((resolve) => setTimeout(resolve));
    expect([ends, given]).toEqual([[0], "enough"]);
  });
});
