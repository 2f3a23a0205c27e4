import { moveArena } from "../memory";
import { put } from "../spec-text";
import { allows, policies } from "./policies";

moveArena(heap.alloc(1 << 16));

const GET = 0;
const POST = 1;
const ANY: u16 = 0x8000;

let at: usize = 0;

function text(value: string): void {
  at += <usize>String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at);
}

/** A segment without children that allows a verb. */
function leaf(name: string, kind: u8, allowed: u16, denied: u16): void {
  store<u32>(at, 12 + name.length);
  store<u16>(at, allowed, 4);
  store<u16>(at, denied, 6);
  store<u16>(at, <u16>name.length, 8);
  store<u8>(at, kind, 10);
  store<u8>(at, 1, 11);
  at += 12;
  text(name);
}

/** One policy for `app` of `ns` and `td`: GET of /open, nothing of `**`, anything of /api but what is denied of it. */
function build(): void {
  const start = policies(1024, 0);
  at = start + 16;
  text("appnstd");
  const denials = at;
  store<u16>(at, 0xffff);
  store<u16>(at, 9, 2);
  at += 4;
  text("api/*/key");
  const tree = at;
  leaf("open", 0, 1, 0);
  leaf("api", 0, ANY, 2);
  store<u32>(start, <u32>(at - start));
  store<u16>(start, 3, 4);
  store<u16>(start, 2, 6);
  store<u16>(start, 2, 8);
  store<u16>(start, 0, 10);
  store<u32>(start, <u32>(tree - denials), 12);
  policies(<i32>(at - start), 0);
}

function asked(verb: i32, app: string, path: string): i32 {
  put(app + "nstd" + path);
  return allows(verb, app.length, 2, 2, path.length);
}


describe("allows", () => {
  it("asks the policy of the caller, and answers everybody else alike", () => {
    build();
    expect(asked(GET, "app", "open")).toBe(1);
    expect(asked(POST, "app", "open")).toBe(0);
    expect(asked(GET, "App", "open")).toBe(0);
    expect(asked(GET, "apps", "open")).toBe(0);
  });

  it("compares letters of ASCII in any case, and holds for what lies below", () => {
    build();
    expect(asked(GET, "app", "OPEN")).toBe(1);
    expect(asked(GET, "app", "open/below")).toBe(1);
    expect(asked(GET, "app", "openly")).toBe(0);
  });

  it("prefers the verb to every verb, and a denial to both", () => {
    build();
    expect(asked(GET, "app", "api/a")).toBe(1);
    expect(asked(14, "app", "api/a")).toBe(1);
    expect(asked(POST, "app", "api/a")).toBe(0);
    expect(asked(GET, "app", "api/a/key")).toBe(0);
    expect(asked(GET, "app", "api/a/keys")).toBe(1);
  });
});
