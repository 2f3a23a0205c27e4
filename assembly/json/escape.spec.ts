import { INBOX, OUTBOX } from "../memory";
import { put, textAt } from "../spec-text";
import { base64 } from "../text/base64";
import { escape, escaped } from "./escape";

function escapeAll(text: string): string {
  return textAt(OUTBOX, escape(INBOX, put(text), OUTBOX, true));
}

describe("escape", () => {
  it("leaves plain text and what is beyond ASCII alone", () => {
    expect(escapeAll("plain text of more than sixteen bytes, é 😀")).toBe("plain text of more than sixteen bytes, é 😀");
  });

  it("escapes quotes, backslashes and controls", () => {
    expect(escapeAll('"\\\b\f\n\r\t\u0001\u001f')).toBe('\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f');
  });

  it("replaces each byte that is not UTF-8", () => {
    store<u32>(INBOX, 0x61e282ff);
    expect(textAt(OUTBOX, escape(INBOX, 4, OUTBOX, true))).toBe("\ufffd\ufffd\ufffda");
  });

  it("leaves a sequence that the chunk cuts for the next one", () => {
    put("ab€");
    expect(escape(INBOX, 4, OUTBOX, false)).toBe(2);
    expect(escaped(INBOX)).toBe(2);
  });
});

describe("base64", () => {
  it("pads", () => {
    expect(textAt(OUTBOX, base64(INBOX, put(""), OUTBOX))).toBe("");
    expect(textAt(OUTBOX, base64(INBOX, put("a"), OUTBOX))).toBe("YQ==");
    expect(textAt(OUTBOX, base64(INBOX, put("ab"), OUTBOX))).toBe("YWI=");
    expect(textAt(OUTBOX, base64(INBOX, put("abc"), OUTBOX))).toBe("YWJj");
  });
});
