import { describe, expect, test } from "vitest";
import { endpoints } from "../../host/api/endpoints.ts";
import { newCore } from "./core.ts";

const core = newCore();

/** `name param|param` of a route, `- path` where no row matches, or the fault. */
function route(path: string, method = "GET"): string {
  const found = core.route(method, path);
  if (typeof found === "string") return found;
  const row = endpoints[found.operation];
  return row ? `${row.name} ${found.params.join("|")}` : `- ${found.path}`;
}

describe("every row", () => {
  const rows = endpoints.flatMap((row) => row.paths.map((path) => ({ row, path })));

  test.each(rows)("$row.name $path is found by each of its methods", ({ row, path }) => {
    const names = [...path.matchAll(/\{(\w+)(\*?)\}/g)];
    const values = names.map(([, name, star]) => (star ? `${name}/deeper` : `some-${name}`));
    let i = 0;
    const concrete = path.replace(/\{\w+\*?\}/g, () => values[i++] as string);
    for (const method of row.methods) {
      const found = core.route(method === "*" ? "BREW" : method, concrete);
      expect(found).toEqual({ operation: endpoints.indexOf(row), params: values, path: concrete.slice(1) });
    }
  });
});

describe("state keys", () => {
  test.each([
    ["k", "k"],
    ["k/", "k"],
    ["//k", "k"],
    ["./k", "k"],
    ["x/../k", "k"],
    ["a%20b", "a b"],
    ["a+b", "a b"],
    ["a%2Bb", "a+b"],
    ["a%2fb", "a/b"],
    ["a%25b", "a%b"],
    ["%2525", "%25"],
    ["%2e%2e", ".."],
    ["a%2F..%2Fb", "a/../b"],
    ["k;x", "k;x"],
    ["%E2%82%AC", "€"],
    ["%EF%BB%BFbom", "\ufeffbom"],
    ["ü", "ü"],
    ["bulk", "bulk"],
    ["__proto__", "__proto__"],
    ["a||b", "a||b"],
  ])("%s is %s", (path, key) => {
    expect(route(`/v1.0/state/store/${path}`)).toBe(`state.get store|${key}`);
  });

  test.each(["a%", "a%2", "a%zz", "%GG", "%ff", "%C0%AF", "%ED%A0%80"])("%s does not decode", (path) => {
    expect(route(`/v1.0/state/store/${path}`)).toBe("malformed-escape");
  });
});

describe("what matches no row", () => {
  test.each([
    ["/", "- "],
    ["", "- "],
    ["/x/", "- x"],
    ["//x//y", "- x/y"],
    ["/x/../y", "- y"],
    ["/x%2F..%2Fy", "- y"],
    ["/../y", "- y"],
    ["/x+y", "- x+y"],
    ["/x%2By", "- x+y"],
    ["/x%252F", "- x%2F"],
    ["/v1.0/state/store", "- v1.0/state/store"],
    ["/v1.0/state/store/", "- v1.0/state/store"],
    ["/v1.0/state/store/a/b", "- v1.0/state/store/a/b"],
    ["/V1.0/state/store/k", "- V1.0/state/store/k"],
    ["/v1%2e0/state/store/k", "- v1.0/state/store/k"],
    ["/v1.0/metadata/../x", "- v1.0/x"],
    ["/v1.0/invoke/app/path", "- v1.0/invoke/app/path"],
    ["/v1.0/invoke/app/method", "- v1.0/invoke/app/method"],
    ["/v1.0/invoke/app/methodx/y", "- v1.0/invoke/app/methodx/y"],
    ["/v1.0/invoke//method/x", "- v1.0/invoke/method/x"],
    ["/x%23y", "forbidden-character"],
    ["/x%00", "forbidden-character"],
    [`/${"x".repeat(70_000)}`, "too-long"],
  ])("%s", (path, expected) => {
    expect(route(path)).toBe(expected);
  });

  test("a wrong method", () => {
    expect(route("/v1.0/state/store/k", "PATCH")).toBe("- v1.0/state/store/k");
    expect(route("/v1.0/state/store/k", "get")).toBe("- v1.0/state/store/k");
  });
});

describe("more than one row could match", () => {
  test("a literal wins, and gives way where it lacks the method", () => {
    expect(route("/v1.0/state/store/bulk", "POST")).toBe("state.bulkGet store");
    expect(route("/v1.0/state/store/bulk", "GET")).toBe("state.get store|bulk");
  });

  test("a topic takes all that is left, but not nothing", () => {
    expect(route("/v1.0/publish/pubsub/a/b/", "POST")).toBe("publish.event pubsub|a/b");
    expect(route("/v1/capabilities/", "POST")).toBe("- v1/capabilities");
    expect(route("/v1.0/publish/bulk/topic", "POST")).toBe("publish.event bulk|topic");
  });
});

describe("invocation", () => {
  test.each([
    ["a/method/x", "a|x"],
    ["a/method/", "a|"],
    ["a/method/.", "a|"],
    ["a/method/x/", "a|x"],
    ["a/method//x//y", "a|x/y"],
    ["a/method/x+y", "a|x+y"],
    ["a/method/x%2By", "a|x+y"],
    ["a/method/x%25y", "a|x%y"],
    ["a/method/x%2525", "a|x%25"],
    ["a/method/x/method/y", "a|x/method/y"],
    ["%61/method/x", "a|x"],
    ["a+b/method/x", "a b|x"],
    ["a%2Fb/method/x", "a/b|x"],
    ["a%2Fmethod%2Fx", "a|x"],
    ["/a/method/x", "a|x"],
    ["http://host:80/method/z", "http://host:80|z"],
    ["https://host/base/method/z//q", "https://host/base|z/q"],
    ["http%3A%2F%2Fhost:80/method/z", "http://host:80|z"],
    ["http%253A%252F%252Fhost:80/method/z", "http://host:80|z"],
  ])("%s", (path, expected) => {
    expect(route(`/v1.0/invoke/${path}`, "PATCH")).toBe(`invoke.method ${expected}`);
  });

  // The forms of CVE-2026-41491 and CVE-2023-37918: what is authorised must be what is dispatched.
  test.each([
    ["admin%2F..%2Fpublic", "public"],
    ["admin/../public", "public"],
    ["admin/%2e%2e/public", "public"],
    ["%2e%2e%2f%2e%2e/public", "public"],
    ["../../public", "public"],
    ["public/..%2Fadmin", "admin"],
    ["public%2f%2e%2e%2fadmin", "admin"],
    ["./public//", "public"],
    ["public%2F", "public"],
    ["admin%00/../public", "public"],
    ["..%5cadmin", "..\\admin"],
    ["%252e%252e%252fadmin", "%2e%2e%2fadmin"],
  ])("method %s is dispatched as %s", (path, method) => {
    expect(core.route("GET", `/v1.0/invoke/app/method/${path}`)).toMatchObject({ params: ["app", method] });
    expect(core.normalise(path)).toEqual({ path: method });
  });

  test.each(["a%23b", "a#b", "a%3Fb", "a?b", "a%00b", "a%0Ab", "a%0d%0ab", "a%7fb", "public/admin%00"])(
    "method %s is refused",
    (path) => {
      expect(core.route("GET", `/v1.0/invoke/app/method/${path}`)).toBe("forbidden-character");
    },
  );

  test("an API route that is reached through an invocation path is that route", () => {
    expect(route("/v1.0/invoke/app/method/../../../state/store/k")).toBe("state.get store|k");
    expect(route("/v1.0/healthz/../invoke/app/method/x")).toBe("- v1.0/invoke/app/method/x");
  });
});
