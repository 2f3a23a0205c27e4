import { INBOX, OUTBOX, moveArena } from "../memory";
import { put, textAt, word } from "../spec-text";
import { activate, active, actor, ask, directory, done, due, find, following, idle, kind, next, remove, runs, size } from "./directory";

moveArena(heap.alloc(1 << 18));

const NEVER: f64 = Infinity;

function open(): void {
  directory();
  kind(0, 10);
  kind(1, 100);
}

function named(id: string, type: u32 = 0, now: f64 = 0): u32 {
  return activate(type, put(id), now);
}

/** Asks for a turn in a chain. */
function join(number: u32, chain: string, deepest: f64 = 9): u32 {
  return ask(number, put(chain), deepest);
}

function idleAt(now: f64, limit: u32 = 9): string {
  const found = idle(now, limit);
  let text = "";
  for (let i: u32 = 0; i < found; i++) {
    actor(load<u32>(OUTBOX + (<usize>i << 2)));
    text += textAt(<usize>word(0), word(1));
  }
  return text;
}

describe("who is active", () => {
  beforeEach(open);

  it("is known by type and id", () => {
    const a = named("a");
    expect(named("a")).toBe(a);
    expect(find(0, put("a"))).toBe(a);
    expect(find(1, put("a"))).toBe(0);
    expect(named("a", 1)).not.toBe(a);
    expect(actor(a)).toBe(true);
    expect(textAt(<usize>word(0), word(1))).toBe("a");
    expect(size()).toBe(2);
  });

  it("is forgotten when removed, and no other is", () => {
    const a = named("a");
    const b = named("b");
    expect(remove(a)).toBe(0);
    expect(remove(a)).toBe(-1);
    expect(find(0, put("a"))).toBe(0);
    expect(find(0, put("b"))).toBe(b);
    expect(active(0)).toBe(1);
    expect(named("c")).toBe(a);
  });

  it("is visited by type", () => {
    const a = named("a");
    named("b", 1);
    const c = named("c");
    expect(next(0, 0)).toBe(a);
    expect(next(0, a)).toBe(c);
    expect(next(0, c)).toBe(0);
    expect(next(7, 0)).toBe(0);
  });

  it("keeps names of every length", () => {
    for (let length = 0; length <= 65536; length = length * 2 + 1) {
      memory.fill(INBOX, 0x61, length);
      const number = activate(0, length, 0);
      memory.fill(INBOX, 0x61, length);
      expect(find(0, length)).toBe(number);
      expect(actor(number)).toBe(true);
      expect(word(1)).toBe(length);
    }
  });

  it("is nobody of a type that is not known", () => {
    expect(activate(2, put("a"), 0)).toBe(-1);
    expect(activate(1024, put("a"), 0)).toBe(-1);
    expect(kind(1024, 0)).toBe(false);
    expect(find(99999, put("a"))).toBe(0);
    expect(actor(0)).toBe(false);
    expect(actor(u32.MAX_VALUE)).toBe(false);
  });

  it("is as many as there are, across pages and segments", () => {
    for (let i = 0; i < 20000; i++) named(i.toString());
    for (let i = 0; i < 20000; i += 2) remove(find(0, put(i.toString())));
    let wrong = 0;
    for (let i = 0; i < 20000; i++) wrong += i32((find(0, put(i.toString())) == 0) != ((i & 1) == 0));
    expect(wrong).toBe(0);
    expect(size()).toBe(10000);
  });
});

describe("turns", () => {
  beforeEach(open);

  it("are first come, first served", () => {
    const a = named("a");
    const first = ask(a, -1, 1);
    const second = ask(a, -1, 1);
    const third = ask(a, -1, 1);
    expect(runs(first)).toBe(true);
    expect(runs(second)).toBe(false);
    expect(done(first, 1)).toBe(second);
    expect(done(second, 1)).toBe(third);
    expect(done(third, 1)).toBe(-1);
    expect(done(third, 1)).toBe(-3);
  });

  it("do not begin where one ends that only waits", () => {
    const a = named("a");
    const running = ask(a, -1, 1);
    const gone = ask(a, -1, 1);
    const waits = ask(a, -1, 1);
    expect(done(gone, 1)).toBe(-1);
    expect(runs(waits)).toBe(false);
    expect(done(running, 1)).toBe(waits);
  });

  it("are one for all of a chain", () => {
    const a = named("a");
    const first = ask(a, -1, 1);
    const x = join(a, "x");
    const y = join(a, "y");
    const again = join(a, "x");
    expect(done(first, 1)).toBe(x);
    expect(following(x)).toBe(again);
    expect(following(again)).toBe(-1);
    expect(runs(join(a, "x"))).toBe(true);
    expect(runs(y)).toBe(false);
  });

  it("are as if never asked for where they are too deep", () => {
    const a = named("a");
    const x = join(a, "x", 1);
    expect(join(a, "x", 1)).toBe(-1);
    expect(join(a, "y", 0)).toBe(-1);
    const y = join(a, "y", 1);
    expect(done(x, 1)).toBe(y);
    expect(done(y, 1)).toBe(-1);
    expect(remove(a)).toBe(0);
  });

  it("keep their actor", () => {
    const a = named("a");
    const first = ask(a, -1, 1);
    ask(a, -1, 1);
    expect(remove(a)).toBe(2);
    expect(idleAt(1000)).toBe("");
    expect(due()).toBe(NEVER);
    expect(runs(first)).toBe(true);
    expect(ask(999, -1, 1)).toBe(-3);
  });
});

describe("idle", () => {
  beforeEach(open);

  it("are those without a call, the longest idle first", () => {
    named("a", 1, 0);
    named("b", 0, 1);
    named("c", 1, 2);
    named("d", 0, 3);
    expect(due()).toBe(11);
    expect(idleAt(10)).toBe("");
    expect(idleAt(11)).toBe("b");
    expect(idleAt(100)).toBe("abd");
    expect(idleAt(102)).toBe("abcd");
    expect(idleAt(102, 2)).toBe("ab");
    expect(idleAt(102, 0)).toBe("");
  });

  it("are so from the end of their last call", () => {
    const a = named("a", 0, 0);
    named("b", 0, 1);
    done(ask(a, -1, 1), 5);
    expect(idleAt(14)).toBe("b");
    expect(idleAt(15)).toBe("ba");
    remove(find(0, put("b")));
    expect(idleAt(15)).toBe("a");
  });

  it("follow their type's timeout", () => {
    named("a", 0, 0);
    kind(0, NEVER);
    expect(due()).toBe(NEVER);
    expect(idleAt(1e300)).toBe("");
    kind(0, 0);
    expect(idleAt(0)).toBe("a");
  });
});
