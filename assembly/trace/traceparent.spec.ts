import { INBOX, OUTBOX } from "../memory";
import { put, textAt } from "../spec-text";
import { traceparent } from "./traceparent";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const ROOT = "00-07070707070707070707070707070707-0707070707070707-01";

function child(parent: string): string {
  const length = put(parent);
  memory.fill(INBOX + length, 7, 24);
  return textAt(OUTBOX, traceparent(length));
}

describe("traceparent", () => {
  it("keeps the trace and its flags", () => {
    expect(child(PARENT)).toBe("00-0af7651916cd43dd8448eb211c80319c-0707070707070707-01");
  });

  it("reads what it knows of a later version", () => {
    expect(child("cc" + PARENT.substring(2) + "-what-else")).toBe(child(PARENT));
  });

  it("begins a trace where the parent is not well-formed", () => {
    expect(child("")).toBe(ROOT);
    expect(child(PARENT + "-x")).toBe(ROOT);
    expect(child("ff" + PARENT.substring(2))).toBe(ROOT);
    expect(child(PARENT.replace("0af", "0AF"))).toBe(ROOT);
    expect(child("00-" + "0".repeat(32) + "-b7ad6b7169203331-01")).toBe(ROOT);
  });

  it("makes no id of zeros", () => {
    memory.fill(INBOX, 0, 24);
    expect(textAt(OUTBOX, traceparent(0))).toBe("00-" + "0".repeat(31) + "1-" + "0".repeat(15) + "1-01");
  });
});
