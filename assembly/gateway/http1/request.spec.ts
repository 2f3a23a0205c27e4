import { put, textAt } from "../../spec-text";
import { INBOX } from "../../memory";
import { add, addPart, begin, beginTrailers, CHUNKED, endBody, endHead, NO_BODY, part, partSpace, sent, writing } from "./request";

/** Texts of a head lie behind each other in the inbox. */
function start(method: string, target: string, host: string): bool {
  put(method + target + host);
  const second = INBOX + <usize>method.length;
  const third = second + <usize>target.length;
  return begin(INBOX, method.length, second, target.length, third, host.length);
}

function field(name: string, value: string): bool {
  put(name + value);
  return add(INBOX, name.length, INBOX + <usize>name.length, value.length);
}

function body(text: string): bool {
  return addPart(<usize>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, part()));
}

function written(): string {
  const text = textAt(writing.from, <i32>(writing.to - writing.from));
  sent(writing.to - writing.from);
  return text;
}

const FIRST: string = "POST /a?b=c HTTP/1.1\r\nhost: app:80\r\n";

describe("a request", () => {
  it("is a head with its own framing, whatever its fields say", () => {
    expect(start("POST", "/a?b=c", "app:80")).toBe(true);
    expect(field("x", "y z")).toBe(true);
    const framing = ["content-length", "Transfer-Encoding", "host", "Connection", "keep-alive", "te", "upgrade", "expect"];
    for (let i = 0; i < framing.length; i++) expect(field(framing[i], "1")).toBe(true);
    endHead(NO_BODY);
    expect(endBody()).toBe(true);
    expect(written()).toBe(FIRST + "x: y z\r\n\r\n");
  });

  it("tells the length of its body, and keeps to it", () => {
    start("POST", "/a?b=c", "app:80");
    endHead(5);
    expect(body("hel")).toBe(true);
    expect(written()).toBe(FIRST + "content-length: 5\r\n\r\nhel");
    expect(body("lo!")).toBe(false);
    expect(endBody()).toBe(false);
    expect(body("lo")).toBe(true);
    expect(written()).toBe("lo");
    expect(endBody()).toBe(true);
  });

  it("has chunks where nobody knows that length", () => {
    start("POST", "/a?b=c", "app:80");
    endHead(CHUNKED);
    expect(body("hello")).toBe(true);
    expect(body("")).toBe(true);
    expect(body("x".repeat(300))).toBe(true);
    expect(endBody()).toBe(true);
    expect(written()).toBe(
      FIRST + "transfer-encoding: chunked\r\n\r\n000005\r\nhello\r\n00012c\r\n" + "x".repeat(300) + "\r\n0\r\n\r\n",
    );
  });

  it("may have fields behind its chunks", () => {
    start("POST", "/a?b=c", "app:80");
    endHead(CHUNKED);
    beginTrailers();
    expect(field("x", "y")).toBe(true);
    expect(field("content-length", "5")).toBe(true);
    expect(endBody()).toBe(true);
    expect(written()).toBe(FIRST + "transfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\n");
  });

  it("is never two", () => {
    expect(start("GET X", "/", "a")).toBe(false);
    expect(start("", "/", "a")).toBe(false);
    expect(start("GET", "", "a")).toBe(false);
    expect(start("GET", "/ HTTP/1.1", "a")).toBe(false);
    expect(start("GET", "/\r\n", "a")).toBe(false);
    expect(start("GET", "/é", "a")).toBe(false);
    expect(start("GET", "/", "a\r\nb: c")).toBe(false);
    expect(start("GET", "/", "a")).toBe(true);
    expect(field("a b", "c")).toBe(false);
    expect(field("a", "b\r\nc: d")).toBe(false);
    expect(field("a", "b\0")).toBe(false);
    expect(field("", "b")).toBe(false);
  });

  it("has room for as much as is said, and no more", () => {
    start("GET", "/", "a");
    let some = 0;
    while (field("a", "b".repeat(1000))) some++;
    expect(some).toBe(32);
    expect(field("a", "b".repeat(10))).toBe(true);
    endHead(CHUNKED);
    const most = partSpace();
    expect(most >= 65536).toBe(true);
    memory.fill(part(), 0x61, most);
    expect(addPart(most)).toBe(true);
    expect(endBody()).toBe(true);
    expect(writing.to - writing.from <= 102400).toBe(true);
    expect(partSpace()).toBe(0);
  });
});
