import { describe, expect, it } from "vitest";
import { toFetch, toShim } from "./fetch-door.ts";
import { DOOR_HEADER } from "./messages.ts";

const bytes = new TextEncoder().encode("x");

describe("an answer on the internal path", () => {
  it("tells its status, and whether its body is a whole one", () => {
    const whole = toShim("GET", { status: 302, headers: ["location", "/y"], body: bytes });
    expect([whole.status, whole.headers.get(DOOR_HEADER), whole.headers.get("location")]).toEqual([
      200,
      "302",
      "/y",
    ]);
    const stream = toShim("GET", { status: 200, headers: [], body: new Blob(["x"]).stream() });
    expect(stream.headers.get(DOOR_HEADER)).toBe("200 stream");
  });

  it("is known for the worker's own also where a browser cannot represent it", async () => {
    for (const response of [
      { status: 999, headers: [], body: bytes },
      { status: 200, headers: ["x y", "z"], body: bytes },
    ]) {
      const shown = toShim("GET", response);
      expect([shown.status, shown.headers.get(DOOR_HEADER)]).toEqual([502, "502"]);
      expect(await shown.text()).toContain("cannot be represented in a browser");
      expect(toFetch("GET", response).status).toBe(502);
    }
  });
});
