import { describe, expect, it } from "vitest";
import { readBody } from "../host/http.ts";
import { detached, eager, flatten, postWith, unflatten } from "./wire.ts";

function stream(parts: readonly (string | Promise<string>)[]): ReadableStream<Uint8Array> {
  const left = [...parts];
  return new ReadableStream({
    async pull(controller) {
      const part = left.shift();
      if (part === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(await part));
    },
  });
}

const never = () => () => undefined;
const text = async (body: Parameters<typeof readBody>[0]) => new TextDecoder().decode(await readBody(body));

describe("eager", () => {
  it("answers bytes for a short body, and undefined for none", async () => {
    expect(await eager(stream(["ab", "c"]), never)).toEqual(new TextEncoder().encode("abc"));
    expect(await eager(stream([]), never)).toBeUndefined();
  });

  it("answers a stream of the same bytes when the body pauses", async () => {
    let release = (_: string) => {};
    const later = new Promise<string>((resolve) => {
      release = resolve;
    });
    const body = await eager(stream(["first ", later, " last"]), (pause) => {
      setTimeout(pause, 5);
      return () => undefined;
    });
    expect(body).toBeInstanceOf(ReadableStream);
    release("second");
    expect(await text(body)).toBe("first second last");
  });

  it("answers a stream when the body is large, and cancels its source", async () => {
    let cancelled: unknown;
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const body = await eager(source, never);
    expect(body).toBeInstanceOf(ReadableStream);
    await (body as ReadableStream).cancel("enough");
    expect(cancelled).toBe("enough");
  });
});

describe("detached", () => {
  it("cuts a window out of its buffer and leaves whole buffers and streams alone", () => {
    const whole = new Uint8Array(10);
    const part = whole.subarray(2, 4);
    expect(detached(whole)).toBe(whole);
    expect((detached(part) as Uint8Array).buffer.byteLength).toBe(2);
    const body = stream([]);
    expect(detached(body)).toBe(body);
  });
});

describe("postWith", () => {
  const post = (body: Parameters<typeof detached>[0], transfers: boolean) =>
    new Promise<unknown>((resolve) => {
      const port = {
        postMessage(message: { body: unknown }, transfer?: unknown[]) {
          if (transfer !== undefined && !transfers) throw new DOMException("no", "DataCloneError");
          resolve([message.body, transfer?.length]);
        },
      };
      postWith(port as unknown as MessagePort, { body }, (whole) => whole, resolve);
    });

  it("transfers a stream, and reads it first where the browser cannot", async () => {
    const body = stream(["ab", "c"]);
    expect(await post(body, true)).toEqual([body, 1]);
    expect(await post(body, false)).toEqual([new TextEncoder().encode("abc"), undefined]);
  });

  it("tells when the stream breaks", async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("broke")),
    });
    expect(await post(broken, false)).toMatchObject({ message: "broke" });
  });
});

describe("flatten and unflatten", () => {
  it("keep names, values and repeats", () => {
    const list = ["__proto__", "a", "x", "1", "x", "2"];
    expect(flatten(unflatten(list))).toEqual(["__proto__", "a", "x", "1, 2"]);
    expect(() => unflatten(["bad name", "x"])).toThrow(TypeError);
  });
});
