import { textAt } from "../../spec-text";
import {
  BAD_CHUNK,
  BAD_FIELD,
  BAD_FRAMING,
  BAD_LINE_END,
  BAD_STATUS_LINE,
  CUT_OFF,
  NO_ANSWER,
  TOO_LONG,
  TOO_MANY,
  UNASKED_UPGRADE,
} from "./faults";
import { Entry, entry } from "./fields";
import { reading } from "./reading";
import { DATA, END, FAULT, HEAD, MORE, arrived, closed, expect as begin, input, isReusable, next } from "./response";

function fields(): string {
  let all = "";
  for (let i: u32 = 0; i < reading.entries; i++) {
    const field: Entry = entry(i);
    all += "|" + textAt(field.name, <i32>field.nameSize) + "=" + textAt(field.value, <i32>field.valueSize);
  }
  return all;
}

/** What was found so far: the status and its fields, then the body, then how it ended. */
function drain(): string {
  let all = "";
  for (let event = next(); event != MORE; event = next()) {
    if (event == FAULT) return all + "!" + reading.fault.toString();
    if (event == HEAD) all += reading.status.toString() + fields() + ";";
    if (event == DATA) all += textAt(reading.data, <i32>reading.size);
    if (event == END) return all + "." + (isReusable() ? "" : "close");
  }
  return all;
}

function put(text: string): void {
  arrived(<usize>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, input()));
}

/** Reads a response, as it came whole and byte by byte: both have to give the same. */
function read(text: string, end: bool = false, toHead: bool = false): string {
  begin(toHead);
  put(text);
  let whole = drain();
  if (end && !whole.endsWith(".close")) whole += closed() == END ? "." : "!" + reading.fault.toString();
  begin(toHead);
  let single = "";
  for (let i = 0; i < text.length && !single.includes("!"); i++) {
    if (i > 0 && single.endsWith(".")) return whole + " – rest";
    put(text.charAt(i));
    single += drain();
  }
  if (end && !single.endsWith(".close")) single += closed() == END ? "." : "!" + reading.fault.toString();
  return whole == single ? whole : whole + " ≠ " + single;
}

const OK: string = "HTTP/1.1 200 OK\r\n";
const CHUNKS: string = OK + "transfer-encoding: Chunked\r\n\r\n";

function fault(code: i32): string {
  return "!" + code.toString();
}

describe("the head of a response", () => {
  it("is a status and fields without the spaces around their values", () => {
    expect(read(OK + "A: b\r\nc:\t d e \r\nEmpty:\r\nContent-Length: 0\r\n\r\n")).toBe(
      "200|a=b|c=d e|empty=|content-length=0;.",
    );
    expect(read("HTTP/1.1 503\r\ncontent-length: 0\r\n\r\n")).toBe("503|content-length=0;.");
  });

  it("leaves out what is of the connection", () => {
    const hops = "Keep-Alive: timeout=5\r\nProxy-Connection: x\r\nTE: x\r\nUpgrade: h2c\r\nHost: h\r\n";
    expect(read(OK + hops + "Connection: keep-alive\r\na: b\r\ncontent-length: 0\r\n\r\n")).toBe(
      "200|a=b|content-length=0;.",
    );
    expect(reading.keptFor).toBe(5);
    expect(read(OK + "x: 1\r\nConnection: X , close\r\nconnection: y\r\ny: 2\r\nz: 3\r\ncontent-length: 0\r\n\r\n")).toBe(
      "200|z=3|content-length=0;.close",
    );
  });

  it("may come after interim ones, but not after many", () => {
    const interim = "HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n";
    expect(read("HTTP/1.1 100 Continue\r\n\r\n" + interim + OK + "content-length: 1\r\n\r\nx")).toBe(
      "200|content-length=1;x.",
    );
    expect(read(interim.repeat(9))).toBe(fault(TOO_MANY));
    expect(read("HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\n")).toBe(fault(UNASKED_UPGRADE));
    expect(read("HTTP/1.1 100 Continue\r\ncontent-length: 1\r\n\r\n")).toBe(fault(BAD_FRAMING));
  });

  it("begins with nothing else", () => {
    const bad = ["HTTP/1.2 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 600 No", "HTTP/2 200"];
    for (let i = 0; i < bad.length; i++) expect(read(bad[i] + "\r\n\r\n")).toBe(fault(BAD_STATUS_LINE), bad[i]);
    expect(read("HTTP/1.1 099 OK\r\n\r\n")).toBe(fault(BAD_STATUS_LINE));
    expect(read("HTTP/1.1 200 O\0K\r\n\r\n")).toBe(fault(BAD_STATUS_LINE));
    expect(read("HTTP/1.1 2000\r\n\r\n")).toBe(fault(BAD_STATUS_LINE));
    expect(read("\r\nHTTP/1.1 200 OK\r\n\r\n")).toBe(fault(BAD_STATUS_LINE));
  });

  it("has no line that could be read in two ways", () => {
    const bad = ["a : b", " a: b", "\ta: b", "a", ": b", "a\0: b", "a: b\0c", "a: b\x01c", "a: b\x7fc", "a: b\rc", "ä: b", "a(: b"];
    for (let i = 0; i < bad.length; i++) expect(read(OK + bad[i] + "\r\n\r\n")).toBe(fault(BAD_FIELD), bad[i]);
    expect(read(OK + "a: b\n\r\n")).toBe(fault(BAD_LINE_END));
    expect(read("HTTP/1.1 200 OK\n\n")).toBe(fault(BAD_LINE_END));
    expect(read(OK + "a: b\r\n\n")).toBe(fault(BAD_LINE_END));
    expect(read(OK + "a: b\r\n c\r\n\r\n")).toBe(fault(BAD_FIELD));
  });

  it("has an end", () => {
    expect(read(OK + "a: " + "b".repeat(32768))).toBe(fault(TOO_LONG));
    expect(read(OK + "a: b\r\n".repeat(129) + "\r\n")).toBe(fault(TOO_MANY));
    expect(read(OK + "a".repeat(257) + ": b\r\n\r\n")).toBe(fault(TOO_LONG));
  });
});

describe("the length of a body", () => {
  it("is a number, which may be said twice", () => {
    expect(read(OK + "content-length: 5\r\nContent-Length: 5\r\n\r\nhello")).toBe("200|content-length=5;hello.");
    expect(read(OK + "content-length: 5\r\nContent-Length: 6\r\n\r\nhello")).toBe(fault(BAD_FRAMING));
    const bad = ["5, 5", "5\t", "\t5", "-5", "+5", "0x5", "5 5", "", "1e1", "1234567890123456789"];
    for (let i = 0; i < bad.length; i++) {
      expect(read(OK + "content-length: " + bad[i] + "\r\n\r\n")).toBe(fault(BAD_FRAMING), bad[i]);
    }
  });

  it("is nothing where there cannot be a body", () => {
    expect(read(OK + "content-length: 5\r\n\r\n", false, true)).toBe("200|content-length=5;.");
    expect(read(OK + "transfer-encoding: chunked\r\n\r\n", false, true)).toBe("200;.");
    expect(read("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n")).toBe("304|content-length=5;.");
    expect(read("HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")).toBe("204|content-length=0;.");
    expect(read("HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n")).toBe(fault(BAD_FRAMING));
    expect(read("HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n")).toBe(fault(BAD_FRAMING));
  });

  it("is not told in two ways", () => {
    const chunked = "transfer-encoding: chunked\r\n";
    expect(read(OK + chunked + "content-length: 5\r\n\r\n")).toBe(fault(BAD_FRAMING));
    expect(read(OK + "content-length: 5\r\n" + chunked + "\r\n")).toBe(fault(BAD_FRAMING));
    expect(read(OK + chunked + chunked + "\r\n")).toBe(fault(BAD_FRAMING));
    expect(read("HTTP/1.0 200 OK\r\n" + chunked + "\r\n")).toBe(fault(BAD_FRAMING));
    const bad = ["gzip, chunked", "chunked \t ", "chunked, chunked", "identity", "xchunked", "chunked;q=1", "", "\x0bchunked"];
    for (let i = 0; i < bad.length; i++) {
      const found = read(OK + "transfer-encoding: " + bad[i] + "\r\n\r\n");
      expect(found == fault(BAD_FRAMING) || found == fault(BAD_FIELD)).toBe(true, bad[i]);
    }
  });

  it("is told by the connection's end where nothing else does", () => {
    expect(read(OK + "\r\nhello", true)).toBe("200;hello.");
    expect(read("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi")).toBe("200|content-length=2;hi.close");
  });

  it("is kept to", () => {
    expect(read("", true)).toBe(fault(NO_ANSWER));
    expect(read("HTTP/1.1 2", true)).toBe(fault(CUT_OFF));
    expect(read("HTTP/1.1 100 Continue\r\n\r\n", true)).toBe(fault(CUT_OFF));
    expect(read(OK + "content-length: 5\r\n\r\nhell", true)).toBe("200|content-length=5;hell" + fault(CUT_OFF));
    expect(read(OK + "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", true)).toBe("200;hello" + fault(CUT_OFF));
  });

  it("leaves no connection to use again that has more to say", () => {
    begin(false);
    put(OK + "content-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n");
    expect(drain()).toBe("200|content-length=1;x.close");
  });
});

describe("a chunked body", () => {
  it("comes in one piece, whatever stands between its chunks", () => {
    expect(read(CHUNKS + "5\r\nhello\r\n00A;a=b;c=\"d\"\r\n, world???\r\n0\r\n\r\n")).toBe("200;hello, world???.");
    expect(read(CHUNKS + "0;x\r\n\r\n")).toBe("200;.");
  });

  it("may have trailers, which do not frame it", () => {
    begin(false);
    put(CHUNKS + "1\r\nx\r\n0\r\nA: b\r\nconnection: 7\r\nc: d\r\n\r\n");
    expect(drain()).toBe("200;x.");
    expect(fields()).toBe("|a=b|c=d");
    expect(read(CHUNKS + "0\r\ncontent-length: 7\r\n\r\n")).toBe("200;" + fault(BAD_FRAMING));
    expect(read(CHUNKS + "0\r\na : b\r\n\r\n")).toBe("200;" + fault(BAD_FIELD));
    expect(read(CHUNKS + "0\r\na: " + "b".repeat(32768))).toBe("200;" + fault(TOO_LONG));
  });

  it("has sizes that mean one thing", () => {
    const bad = ["", "g", "-1", "0x1", " 1", "1 ", "+1", "1\n", "1\r\r\n", "1;a\n", "1;\0", "1_0"];
    for (let i = 0; i < bad.length; i++) {
      expect(read(CHUNKS + bad[i] + "\r\nx\r\n0\r\n\r\n")).toBe("200;" + fault(BAD_CHUNK), bad[i]);
    }
    expect(read(CHUNKS + "0".repeat(12))).toBe("200;" + fault(TOO_LONG));
    expect(read(CHUNKS + "1;" + "a".repeat(16385))).toBe("200;" + fault(TOO_LONG));
    expect(read(CHUNKS + "1\r\nxy\r\n").includes(fault(BAD_CHUNK))).toBe(true);
    expect(read(CHUNKS + "1\r\nx\n0\r\n\r\n").includes(fault(BAD_CHUNK))).toBe(true);
  });
});
