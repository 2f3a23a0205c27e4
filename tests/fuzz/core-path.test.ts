import fc from "fast-check";
import { expect, test } from "vitest";
import { newCore } from "../core/core.ts";

const core = newCore();
const numRuns = Number(process.env.FUZZ_RUNS ?? 5000);
const timeout = 20_000 + numRuns;

/** The rooted normal form of a path, without its first slash. */
function clean(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return kept.join("/");
}

/** Percent-decoded text, or undefined where an escape is malformed or no UTF-8. */
function decodePath(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

// Control characters are what must be refused.
// biome-ignore lint/suspicious/noControlCharactersInRegex: see above
const forbidden = /[\x00-\x1f\x7f#?]/;

function normal(path: string): { path: string } | string {
  const text = decodePath(path);
  if (text === undefined) return "malformed-escape";
  const cleaned = clean(text);
  return forbidden.test(cleaned) ? "forbidden-character" : { path: cleaned };
}

/** True when no half of a surrogate pair is alone. */
const isWellFormed = (text: string) => !/\p{Surrogate}/u.test(text);

const segment = fc.oneof(
  fc.constantFrom(
    ".",
    "..",
    "",
    "a",
    "b+c",
    "%2e",
    "%2E%2e",
    "%2F",
    "%2f..%2F",
    "a%20b",
    "%25",
    "%C3%A9",
    "%ff",
    "%",
    "%0",
    "%zz",
  ),
  fc.constantFrom("é", "😀", "%23", "%3F", "%00", "%7f", "method", "invoke", "v1.0", "bulk", "http:", "x:80"),
  fc.stringMatching(/^[a-zA-Z0-9._~-]{1,8}$/),
);
const path = fc.array(segment, { maxLength: 8 }).map((segments) => segments.join("/"));

test("a method's normal form is what a plain implementation makes of it", { timeout }, () => {
  fc.assert(
    fc.property(path, (text) => {
      expect(core.normalise(text)).toEqual(normal(text));
    }),
    { numRuns },
  );
});

test("the normal form has no form but itself", { timeout }, () => {
  fc.assert(
    fc.property(path, (text) => {
      const first = core.normalise(text);
      if (typeof first === "string") return;
      expect(core.normalise(first.path.replaceAll("%", "%25"))).toEqual(first);
      expect(first.path.split("/")).not.toContain("..");
    }),
    { numRuns },
  );
});

test("paths without escapes and doubled slashes clean as URLs do", { timeout }, () => {
  // No segment of ours begins with a dot: the URL parser of some Node versions then leaves a last "." where it is.
  const plain = fc.array(
    fc.oneof(fc.constantFrom(".", ".."), fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,6}$/)),
    {
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(plain, (segments) => {
      const text = `/${segments.join("/")}`;
      const expected = new URL(text, "http://host").pathname.replace(/^\/|\/$/g, "");
      expect(core.normalise(text)).toEqual({ path: expected });
    }),
    { numRuns },
  );
});

test("state keys come out as they went in", { timeout }, () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 30 }), fc.boolean(), (key, plus) => {
      fc.pre(isWellFormed(key) && key !== "." && key !== ".." && key !== "bulk");
      const encoded = encodeURIComponent(key);
      const text = plus ? encoded.replaceAll("%20", "+") : encoded;
      expect(core.route("GET", `/v1.0/state/store/${text}`)).toMatchObject({ params: ["store", key] });
    }),
    { numRuns },
  );
});

test("an invocation's method is in normal form, and its target decoded twice, as in Dapr", {
  timeout,
}, () => {
  const id = fc.oneof(
    fc.stringMatching(/^[a-z][a-z0-9.-]{0,10}$/),
    fc.stringMatching(/^https?:\/\/[a-z]{1,6}(:[0-9]{2,4})?(\/[a-z]{1,4})?$/),
  );
  fc.assert(
    fc.property(id, path, (target, method) => {
      const found = core.route("POST", `/v1.0/invoke/${target}/method/${method}`);
      const expected = normal(method);
      // Enough dots lead out of the invocation, to another route or to none.
      if (typeof found === "object" && found.params[0] !== target) return;
      if (typeof expected === "string") expect(found).toBe(expected);
      else expect(found).toMatchObject({ params: [target, expected.path] });
    }),
    { numRuns },
  );
});

test("any text is a route or a fault", { timeout }, () => {
  const anything = fc.oneof(
    path.map((text) => `/${text}`),
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
  );
  const prefix = fc.constantFrom(
    "",
    "/",
    "/v1.0/",
    "/v1.0/invoke/",
    "/v1.0/state/",
    "//v1.0//invoke//a/method/",
  );
  fc.assert(
    fc.property(prefix, anything, fc.constantFrom("GET", "POST", "BREW", ""), (before, text, method) => {
      const found = core.route(method, before + text);
      if (typeof found === "string") return;
      for (const param of found.params) expect(isWellFormed(param)).toBe(true);
      expect(found.path).toBe(clean(found.path));
    }),
    { numRuns },
  );
});
