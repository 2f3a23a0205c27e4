/** The cases of host/capability/response-cache.test.ts, but for that of pages alone, and of memory that is of a fixed size. */
import { textAt } from "../../spec-text";
import { add } from "../headers";
import { allocate, release } from "../memory";
import { FieldList } from "../wasi/fields";
import { newList } from "./kept-answers";
import { combined } from "./list-field";
import { fieldNamed } from "./message";
import { addConditions, answerDespite, freshAnswer, isCachedAnswer, keepAnswer } from "./response-cache";

const ARENA: usize = memory.data(1048576, 16);

/** The first of 2026. */
const BEGAN: u64 = 1767225600000;

/** A server that answers with its version, each of its own address. */
let servers: i32 = 0;
let time: u64 = 0;
let version: string = "";
let status: string = "";
let says: string[] = [];
/** How it was asked last. */
let asked: string = "";

function serve(headers: string[]): void {
  servers++;
  time = BEGAN;
  version = "1";
  status = "200";
  says = headers;
  asked = "nothing";
}

function url(): string {
  return "https://api.example/items/" + servers.toString();
}

function text(value: string): usize {
  const at = allocate(value.length + 1);
  String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at);
  return at;
}

function listOf(fields: string[], more: string[]): FieldList {
  const all = fields.concat(more);
  const list = newList(all.length / 2);
  for (let i = 0; i < all.length; i += 2) {
    add(list, text(all[i]), all[i].length, text(all[i + 1]), all[i + 1].length);
  }
  return list;
}

/** A request with these fields besides. */
function request(fields: string[]): FieldList {
  release(ARENA);
  return fields.includes("url") ? listOf(fields, []) : listOf(["url", url()], fields);
}

function shown(list: FieldList): string {
  let all = "";
  for (let i = 0; i < list.count; i++) {
    const field = list.at(i);
    const name = textAt(field.name, field.nameLength);
    if (name == "url" || name.startsWith(":")) continue;
    all += (all == "" ? "" : ", ") + name + ": " + textAt(field.value, field.valueLength);
  }
  return all;
}

function valueOf(list: FieldList, name: string): string {
  const field = combined(list, name);
  return field == null ? "" : textAt(field.value, field.valueLength);
}

/** Its version, and whether it was kept. */
function told(answer: FieldList): string {
  return valueOf(answer, ":body") + (isCachedAnswer() ? ", kept" : "");
}

function ask(fields: string[] = []): string {
  const part = request(fields);
  const fresh = freshAnswer(part, time);
  if (fresh != null) return told(fresh);
  const looking = addConditions(part, time);
  expect(isCachedAnswer()).toBe(false);
  asked = shown(looking);
  const etag = valueOf(looking, "if-none-match");
  const isSame = etag != "" && says.includes(etag);
  const head = isSame ? [":status", "304"] : [":status", status, ":body", version];
  return told(keepAnswer(part, listOf(head, says), time));
}

function despite(fields: string[] = []): string {
  const answer = answerDespite(request(fields), time);
  expect(isCachedAnswer()).toBe(answer != null);
  return answer == null ? "nothing" : valueOf(answer, ":body");
}

function field(name: string, fields: string[] = []): string {
  const fresh = freshAnswer(request(fields), time);
  return fresh == null ? "nothing" : valueOf(fresh, name);
}

const later = (seconds: u64): void => {
  time += seconds * 1000;
};

describe("the cache", () => {
  it("keeps an answer for as long as it says", () => {
    const kept: string[][] = [
      ["cache-control", "max-age=60"],
      ["cache-control", "Max-Age=60"],
      ["cache-control", 'public , max-age="60"'],
      ["cache-control", "public", "cache-control", "max-age=60"],
      ["cache-control", "max-age=60, must-revalidate"],
      ["cache-control", "private, max-age=60"],
      ["cache-control", "s-maxage=0, max-age=60"],
      ["expires", "Thu, 01 Jan 2026 00:01:00 GMT"],
      ["expires", "Thu, 01 Jan 2026 01:01:00 GMT", "date", "Thu, 01 Jan 2026 01:00:00 GMT"],
      ["cache-control", "max-age=60", "expires", "0"],
    ];
    for (let i = 0; i < kept.length; i++) {
      serve(kept[i]);
      expect(ask()).toBe("1");
      version = "2";
      expect(ask()).toBe("1, kept", shownRow(kept[i]));
      later(61);
      expect(ask()).toBe("2", shownRow(kept[i]));
    }
  });

  it("keeps nothing else", () => {
    const passed: string[][] = [
      ["cache-control", "max-age=60", "age", "60"],
      ["cache-control", "no-store, max-age=60"],
      ["cache-control", "No-Store"],
      ["cache-control", "max-age=60, no-cache"],
      ["cache-control", "xmax-age=60"],
      ["cache-control", "max-age=60", "vary", "*"],
      ["cache-control", "max-age=60", "vary", "accept", "vary", "*"],
      ["expires", "0"],
      ["expires", "0", "cache-control", "immutable"],
      ["expires", "Thu, 01 Jan 2026 00:01:00 GMT", "pragma", "no-cache"],
      ["expires", "Thu, 01 Jan 2026 01:00:0x GMT"],
      ["expires", "Thu, 01 Jan 2026 01:00:00 GMT+1"],
      ["expires", "Thu, 01 Foo 2027 00:01:00 GMT"],
      ["cache-control", "max-age=60", ":error", "ERR_CAPABILITY_RESULT"],
      [],
    ];
    for (let i = 0; i < passed.length; i++) {
      serve(passed[i]);
      expect(ask()).toBe("1");
      version = "2";
      expect(ask()).toBe("2", shownRow(passed[i]));
    }
  });

  it("keeps by its status", () => {
    const statuses = ["200", "404", "302", "206", "400", "500", "429"];
    for (let i = 0; i < statuses.length; i++) {
      serve(["cache-control", "max-age=60"]);
      status = statuses[i];
      ask();
      expect(ask()).toBe(i < 3 ? "1, kept" : "1", status);
    }
    serve(["last-modified", "Wed, 31 Dec 2025 23:50:00 GMT"]);
    status = "302";
    ask();
    expect(ask()).toBe("1");
    expect(asked).toBe("", "it says itself that it may be kept, or not at all");
  });

  it("keeps what says nothing for a tenth of the time since it was changed, and what never is for a day", () => {
    serve(["last-modified", "Wed, 31 Dec 2025 23:50:00 GMT"]);
    ask();
    later(59);
    expect(ask()).toBe("1, kept");
    later(2);
    expect(ask()).toBe("1");
    expect(asked).toBe("if-modified-since: Wed, 31 Dec 2025 23:50:00 GMT");
    // Of the second, more seconds than a number has bits for.
    const long = ["immutable", "max-age=18446744073709551616"];
    for (let i = 0; i < long.length; i++) {
      serve(["cache-control", long[i]]);
      ask();
      later(86399);
      expect(ask()).toBe("1, kept", long[i]);
    }
  });

  it("asks by an ETag, and answers what is kept until it is another one", () => {
    const directives = ["no-cache", "max-age=0", "max-age=60", "x"];
    for (let i = 0; i < directives.length; i++) {
      serve(["cache-control", directives[i], "etag", '"1"', "x", "first"]);
      ask(["accept", "a"]);
      later(61);
      says[5] = "second";
      expect(ask(["accept", "a"])).toBe("1, kept", directives[i]);
      expect(asked).toBe('accept: a, if-none-match: "1"');
      version = "2";
      says[3] = '"2"';
      later(61);
      expect(ask()).toBe("2");
      expect(ask()).toBe("2, kept", directives[i]);
      later(61);
      ask([":method", "PUT"]);
      expect(asked).toBe("", "only what reads has conditions");
    }
  });

  it("has what the server said last when it found nothing new, and is as fresh as then", () => {
    serve(["cache-control", "max-age=60", "etag", 'W/"1"', "content-type", "a/b", "age", "50", "x", "first"]);
    ask();
    later(61);
    says = ["cache-control", "max-age=90", "etag", 'W/"1"', "content-type", "c/d", "x", "second", "y", "new"];
    expect(ask()).toBe("1, kept");
    later(89);
    expect(field("x")).toBe("second");
    expect(field("y")).toBe("new");
    expect(field("content-type")).toBe("a/b");
    expect(field(":status")).toBe("200");
    expect(field("age")).toBe("89");
    later(1);
    expect(field("age")).toBe("nothing");
  });

  it("believes no server that speaks of another answer, or forbids to keep it from now on", () => {
    const others: string[][] = [["etag", '"2"'], ["etag", '"1"', "cache-control", "no-store"]];
    for (let i = 0; i < others.length; i++) {
      serve(["cache-control", "max-age=60", "etag", '"1"']);
      ask();
      later(61);
      const part = request([]);
      expect(told(keepAnswer(part, listOf([":status", "304"], others[i]), time))).toBe("1, kept");
      expect(ask()).toBe("1");
      expect(asked).toBe("", "it was asked with conditions");
    }
    serve(["cache-control", "max-age=60", "etag", 'W/"1"']);
    ask();
    later(61);
    keepAnswer(request([]), listOf([":status", "304"], ["etag", '"1"']), time);
    expect(field(":body")).toBe("1", "a weak one is the same for what only reads");
  });

  it("tells the age of what it kept, and the directives as they were", () => {
    serve(["cache-control", "Max-Age=60, must-revalidate", "age", "10"]);
    ask();
    later(20);
    expect(field("age")).toBe("30");
    expect(field("cache-control")).toBe("Max-Age=60, must-revalidate");
    time = BEGAN - 20000;
    expect(field("age")).toBe("0");
  });

  it("answers nobody with what was for another one, by Vary", () => {
    serve(["cache-control", "max-age=60, stale-if-error=600", "vary", "X, Accept", "etag", '"1"']);
    ask(["accept", "text/html"]);
    expect(ask(["accept", "text/html"])).toBe("1, kept");
    expect(ask(["Accept", "image/png", "accept", "text/html"])).toBe("1");
    ask(["accept", "text/html"]);
    expect(ask(["Accept", "text/html", "y", "z"])).toBe("1, kept");
    expect(despite(["accept", "image/png"])).toBe("nothing");
    expect(ask([])).toBe("1");
    expect(ask(["accept", "image/png"])).toBe("1");
    expect(asked).toBe("accept: image/png");
  });

  it("keeps what is for who named himself only where the server lets all have it", () => {
    const directives = [
      "max-age=60",
      "max-age=60, must-revalidate",
      "public, private, max-age=60",
      "public, proxy-revalidate, max-age=60",
      "public , max-age=60",
      "s-maxage=60",
    ];
    for (let i = 0; i < directives.length; i++) {
      serve(["cache-control", directives[i]]);
      ask(["Authorization", "Bearer mine"]);
      expect(field(":body")).toBe(i < 4 ? "nothing" : "1", directives[i]);
    }
  });

  it("forgets what was changed", () => {
    const changes: string[][] = [
      [":method", "PUT"],
      [":method", "patch"],
      [":method", "POST", ":body", "x"],
      [":method", "DELETE", "If-Match", "x"],
    ];
    for (let i = 0; i < changes.length; i++) {
      serve(["cache-control", "max-age=60"]);
      ask();
      says = [];
      ask(changes[i]);
      expect(field(":body")).toBe("nothing", changes[i][1]);
    }
    serve(["cache-control", "max-age=60"]);
    ask([":method", "PUT"]);
    version = "2";
    expect(ask([":method", "PUT"])).toBe("2", "a change is made each time");
  });

  it("keeps what was not", () => {
    const changes: string[][] = [
      [":method", "PUT"],
      [":method", "PUT", "url", "https://api.example/items"],
      [":method", "HEAD"],
      ["if-none-match", "x"],
    ];
    for (let i = 0; i < changes.length; i++) {
      serve(["cache-control", "max-age=60"]);
      ask();
      version = "2";
      says = [];
      if (i == 0) status = "403";
      expect(ask(changes[i])).toBe("2");
      expect(ask()).toBe("1, kept", changes[i][1]);
    }
  });

  it("keeps answers to each body of a POST that says for how long it is good, and asks again without conditions", () => {
    serve(["cache-control", "max-age=60", "etag", '"1"']);
    const picture = [":method", "POST", ":body", "picture".repeat(50)];
    ask();
    ask(picture);
    expect(field(":body")).toBe("nothing", "it may have changed what is read");
    expect(ask(picture)).toBe("1, kept");
    expect(ask([":method", "POST", ":body", "drawing".repeat(50)])).toBe("1");
    expect(ask([":method", "POST", ":body", ""])).toBe("1");
    expect(ask(picture)).toBe("1, kept");
    later(61);
    expect(ask(picture)).toBe("1");
    expect(asked).toBe("");
    serve(["etag", '"1"', "last-modified", "Wed, 31 Dec 2025 23:50:00 GMT"]);
    ask(picture);
    expect(ask(picture)).toBe("1");
    serve(["cache-control", "max-age=60"]);
    ask(picture);
    says = ["expires", "0", "etag", '"1"'];
    ask([":method", "POST", ":body", "drawing"]);
    expect(ask(picture)).toBe("1", "it is not what it was");
  });

  it("leaves a caller's own conditions to the server, and what the caller wants newer", () => {
    const wants: string[][] = [
      ["If-None-Match", '"mine"'],
      ["cache-control", "no-cache"],
      ["pragma", "no-cache"],
      ["cache-control", "max-age=5"],
      ["cache-control", "min-fresh=55"],
      ["cache-control", "max-age=30"],
    ];
    for (let i = 0; i < wants.length; i++) {
      serve(["cache-control", "max-age=60"]);
      ask();
      later(10);
      version = "2";
      expect(ask(wants[i])).toBe(i < 5 ? "2" : "1, kept", wants[i][1]);
    }
    serve(["cache-control", "max-age=60"]);
    ask(["cache-control", "no-store"]);
    expect(field(":body")).toBe("nothing");
    serve(["etag", '"1"']);
    ask();
    ask(["If-Modified-Since", "x"]);
    expect(asked).toBe("If-Modified-Since: x");
  });

  it("has something for when its server fails, for as long as that allows it", () => {
    const rows: string[][] = [
      ["max-age=60, stale-if-error=600", "300", "1"],
      ["max-age=0, stale-if-error=600", "300", "1"],
      ["max-age=60, stale-if-error=600", "700", "nothing"],
      ["max-age=60", "61", "nothing"],
      ["max-age=60", "1", "nothing"],
      ["max-age=60, stale-if-error=600, must-revalidate", "61", "nothing"],
    ];
    for (let i = 0; i < rows.length; i++) {
      serve(["cache-control", rows[i][0]]);
      ask();
      later(<u64>U64.parseInt(rows[i][1]));
      status = i & 1 ? "429" : "503";
      if (rows[i][1] != "1") expect(ask()).toBe("1");
      expect(despite()).toBe(rows[i][2], rows[i][0]);
    }
  });

  it("keeps no more than its room: what was not used for longest goes first, and nothing large is kept", () => {
    serve(["cache-control", "max-age=60"]);
    version = "x".repeat(1000);
    for (let i = 0; i < 300; i++) {
      ask(["url", "a" + i.toString()]);
      expect(field(":body", ["url", "a0"])).toBe(version, "what is used stays");
    }
    expect(field(":body", ["url", "a1"])).toBe("nothing");
    expect(field(":body", ["url", "a299"])).toBe(version);
    let kept = 0;
    for (let i = 0; i < 300; i++) if (field("age", ["url", "a" + i.toString()]) == "0") kept++;
    expect(kept).toBeGreaterThan(200);
    expect(kept).toBeLessThan(260);
    version = "y".repeat(70000);
    ask();
    expect(field(":body")).toBe("nothing");
    version = "z".repeat(60000);
    for (let i = 0; i < 9; i++) ask(["url", "b" + i.toString()]);
    expect(field(":body", ["url", "b8"])).toBe(version);
    expect(field(":body", ["url", "b4"])).toBe("nothing");
    expect(field(":body", ["url", "a0"])).toBe("nothing");
  });
});

function shownRow(row: string[]): string {
  return row.join(" ");
}
