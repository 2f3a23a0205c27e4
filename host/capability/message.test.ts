import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, type MessageField, partsOf, textField, textOf } from "./message.ts";

function numbers(...values: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(values).buffer);
}

describe("a message", () => {
  it("comes back as it went", () => {
    const fields: MessageField[] = [
      textField(":path", "/détect"),
      ["", new Uint8Array()],
      [":body", new Uint8Array([0, 255])],
    ];
    expect(decodeMessage(encodeMessage({ kind: 1, fields }))).toEqual({ kind: 1, fields });
  });

  it("lies in memory as the ABI's page says", () => {
    expect([...encodeMessage({ kind: 2, fields: [textField("a", "bc")] })]).toEqual([
      2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 97, 2, 0, 0, 0, 98, 99,
    ]);
  });

  it.each<[string, Uint8Array]>([
    ["is empty", new Uint8Array()],
    ["ends within its count", numbers(2).subarray(0, 4)],
    ["has fewer fields than it says", numbers(2, 1)],
    ["says that it has four billion fields", numbers(2, 0xffff_ffff, 0, 0)],
    ["has a name longer than itself", numbers(2, 1, 0xffff_ffff, 0)],
    ["has a value longer than itself", numbers(2, 1, 0, 1)],
    ["goes on after its last field", numbers(2, 0, 0)],
    ["has a name that is no UTF-8", new Uint8Array([2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0, 0, 0, 0])],
  ])("is refused where it %s", (_, bytes) => {
    expect(() => decodeMessage(bytes)).toThrow(expect.objectContaining({ fault: "protocol" }));
  });

  it("is cut into calls, each with the fields that follow", () => {
    const fields = [textField(":call", "fetch"), textField("url", "u"), textField(":call", "publish")];
    expect(partsOf(fields, ":call").map((part) => textOf(part, ":call"))).toEqual(["fetch", "publish"]);
    expect(() => partsOf(fields.slice(1), ":call")).toThrow("the first field of its list is not :call");
  });
});
