import { describe, expect, it } from "vitest";
import { callee, caller } from "./callee.ts";

interface Rule {
  readonly name: string;
  readonly verbs?: readonly string[];
  readonly action: string;
}

/** A policy for `caller` of the namespace `default`. */
function policy(rules: readonly Rule[], fallback = "deny", everybody = "deny"): string {
  const operations = rules.map(({ name, verbs = ["*"], action }) =>
    verbs.length === 0 ? { name, action } : { name, httpVerb: verbs, action },
  );
  const own = { appId: "caller", namespace: "default", trustDomain: "public", defaultAction: fallback };
  const policies = [{ ...own, operations }];
  return `  accessControl: ${JSON.stringify({ defaultAction: everybody, policies })}`;
}

const allow = (name: string, verbs?: readonly string[]): Rule => ({
  name,
  action: "allow",
  ...(verbs !== undefined && { verbs }),
});
const deny = (name: string, verbs?: readonly string[]): Rule => ({
  name,
  action: "deny",
  ...(verbs !== undefined && { verbs }),
});

describe("who may call", () => {
  const spec = [
    "  accessControl:",
    "    defaultAction: DEFAULT",
    "    policies:",
    "    - { appId: a, namespace: n1, trustDomain: public, defaultAction: allow }",
    "    - { appId: a, namespace: n2, trustDomain: public, defaultAction: deny }",
    "    - { appId: b, namespace: n1, trustDomain: other, defaultAction: ACTION }",
    "    - { appId: c, namespace: n1 }",
  ].join("\n");
  const cases: [appId: string, namespace: string, trustDomain: string | undefined, expected: string][] = [
    ["a", "n1", undefined, "allow"],
    ["a", "n1", "public", "allow"],
    ["a", "n1", "other", "default"],
    ["a", "n2", undefined, "deny"],
    ["a", "n3", undefined, "default"],
    ["A", "n1", undefined, "default"],
    ["an", "1", undefined, "default"],
    ["b", "n1", "other", "not default"],
    ["b", "n1", undefined, "default"],
    ["c", "n1", undefined, "default"],
    ["x", "n1", undefined, "default"],
    ["__proto__", "n1", undefined, "default"],
    ["", "", undefined, "default"],
    ["ü", "n1", undefined, "default"],
  ];

  it.each(["allow", "deny"])("app, namespace and trust domain, where the rest is %s", async (everybody) => {
    const other = everybody === "allow" ? "deny" : "allow";
    const { receive, reached } = await callee(spec.replace("DEFAULT", everybody).replace("ACTION", other));
    for (const [appId, namespace, trustDomain, expected] of cases) {
      const before = reached.length;
      const { status } = await receive("/x", "GET", { appId, namespace, trustDomain });
      const wanted = expected === "default" ? everybody : expected === "not default" ? other : expected;
      expect([appId, namespace, trustDomain, status]).toEqual([
        appId,
        namespace,
        trustDomain,
        wanted === "allow" ? 200 : 403,
      ]);
      expect(reached.length - before).toBe(wanted === "allow" ? 1 : 0);
    }
  });

  it("answers with Dapr's status, code and words, and names nothing of the policies", async () => {
    const { receive } = await callee("  accessControl:\n    defaultAction: deny");
    const { status, text } = await receive("/neworder", "POST");
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({
      errorCode: "ERR_DIRECT_INVOKE",
      message:
        "failed to invoke, id: callee, err: rpc error: code = PermissionDenied desc = access control policy has denied access to id: spiffe://public/ns/default/caller operation: neworder verb: POST",
    });
  });

  it("knows nobody of whom there is only a claim: the default decides, as in daprd without mTLS", async () => {
    const { receive } = await callee(policy([], "allow"));
    expect((await receive("/x")).status).toBe(200);
    const claimed = await receive("/neworder", "POST", { ...caller, claimed: true });
    expect(claimed.status).toBe(403);
    // daprd 1.18, measured.
    expect(JSON.parse(claimed.text).message).toBe(
      "failed to invoke, id: callee, err: rpc error: code = PermissionDenied desc = access control policy has denied access to id:  operation: neworder verb: POST",
    );
  });

  it.each([
    ["nothing at all", "  accessControl: {}", 200],
    ["a trust domain alone", "  accessControl:\n    trustDomain: public", 200],
    [
      "policies of others without a default",
      "  accessControl:\n    policies:\n    - { appId: z, namespace: default }",
      403,
    ],
  ])("%s", async (_, spec, status) => {
    const { receive } = await callee(spec);
    expect((await receive("/x")).status).toBe(status);
  });

  it("guards invocations by others, not the app's own calls, and no events", async () => {
    const { runtime, reached } = await callee("  accessControl:\n    defaultAction: deny");
    expect((await runtime.fetch("/v1.0/invoke/callee/method/own")).status).toBe(200);
    expect((await runtime.fetch("/own", { headers: { "dapr-app-id": "callee" } })).status).toBe(200);
    expect(reached).toEqual(["GET /own", "GET /own"]);
  });

  it("lets a refused caller's body go", async () => {
    const { receive } = await callee("  accessControl:\n    defaultAction: deny");
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      cancel: () => {
        cancelled = true;
      },
    });
    expect((await receive("/x", "POST", caller, { body })).status).toBe(403);
    expect(cancelled).toBe(true);
  });
});

describe("operations", () => {
  // Where only some rules decide, the rest is told by the default: `deny` for allowing rules and the other way round.
  it.each<[rules: Rule[], call: string, status: number, why: string]>([
    [[allow("/op")], "GET /op", 200, "by its path"],
    [[allow("op")], "GET /op", 200, "without a slash"],
    [[allow("/op/")], "GET /op", 200, "with a slash too many"],
    [[allow("/Op")], "GET /oP", 200, "in any case"],
    [[allow("/ä")], "GET /%C3%84", 200, "in any case beyond ASCII"],
    [[allow("/op")], "GET /op/below", 200, "with what is below it, as in daprd"],
    [[allow("/op")], "GET /opx", 403, "not by its beginning"],
    [[allow("/op")], "GET /x/op", 403, "not by its end"],
    [[allow("/")], "GET /", 200, "the root"],
    [[allow("/")], "GET /x", 403, "the root alone"],
    [[allow("/op/*")], "GET /op/a", 200, "one segment"],
    [[allow("/op/*")], "GET /op", 200, "one segment, or none at the end"],
    [[allow("/op/*")], "GET /op/a/b", 403, "one segment only"],
    [[allow("/op/**")], "GET /op/a/b", 200, "any number of segments"],
    [[allow("/op/**")], "GET /op", 200, "no segment either"],
    [[allow("/**")], "GET /", 200, "everything"],
    [[allow("/*")], "GET /a", 200, "all of one segment"],
    [[allow("/a*c/x")], "GET /abc/x", 200, "a star within a segment"],
    [[allow("/a*c/x")], "GET /ac/x", 200, "a star for nothing"],
    [[allow("/a*c/x")], "GET /ab/x", 403, "what does not fit the star"],
    [[allow("/a/*/c")], "GET /a/b/c", 200, "a star in the middle"],
    [[allow("/a/*/c")], "GET /a/b/b/c", 403, "a star for one segment"],
    [[allow("/a/**/c")], "GET /a/b/b/c", 200, "two stars in the middle"],
    [[allow("/a/**/c")], "GET /a/b/b/d", 403, "what follows two stars"],
    [[allow("/a/b/*"), allow("/a/b/c/f"), allow("/a/b*")], "GET /a/b/c/d", 403, "daprd's first child"],
    [[allow("/a/b/*"), allow("/a/b/c/f"), allow("/a/b*")], "GET /a/b/c/f", 200, "daprd's first child, found"],
    [[allow("/a/b/*"), allow("/a/b*")], "GET /a/bc", 200, "daprd's second child"],
    [[allow("/op", ["GET", "put"])], "PUT /op", 200, "a verb in any case"],
    [[allow("/op", ["GET"])], "POST /op", 403, "another verb"],
    [[allow("/op", ["GET"])], "HEAD /op", 403, "HEAD is not GET"],
    [[allow("/op")], "BREW /op", 200, "a verb outside the list"],
    [[allow("/op", ["GET"])], "BREW /op", 403, "a verb outside the list, not allowed"],
    [[allow("/op", [])], "GET /op", 403, "no verbs allow none, as in daprd"],
    [[allow("/op", ["GET"]), allow("/op", ["POST"])], "POST /op", 200, "two entries of one path"],
    [[allow("/op", ["GET"]), deny("/op")], "GET /op", 200, "a verb before every verb"],
    [[allow("/op", ["GET"]), deny("/op")], "POST /op", 403, "every verb but one"],
    [[allow("/op"), deny("/op/admin")], "GET /op/admin", 403, "a denial below what is allowed"],
    [[allow("/op"), deny("/op/admin")], "GET /op/admin/x", 403, "below the denial"],
    [[allow("/op"), deny("/op/admin")], "GET /op/other", 200, "beside the denial"],
    [[allow("/**"), deny("/**/admin")], "GET /a/b/ADMIN", 403, "a denial that begins with stars"],
  ])("%j: %s is %i: %s", async (rules, call, status) => {
    const { receive, reached } = await callee(policy(rules));
    const [verb, path] = call.split(" ") as [string, string];
    expect((await receive(path, verb)).status).toBe(status);
    expect(reached.length).toBe(status === 200 ? 1 : 0);
  });

  it.each<[rules: Rule[], call: string, status: number]>([
    [[deny("/op")], "GET /op", 403],
    [[deny("/op")], "GET /op/below", 403],
    [[deny("/op")], "GET /opx", 200],
    [[deny("/op", [])], "GET /op", 403],
    [[deny("/op", ["POST"])], "POST /op", 403],
    [[deny("/op", ["POST"])], "GET /op", 200],
    [[deny("/op/*")], "GET /op/a", 403],
    [[deny("/op/*")], "GET /op/a/b", 200],
    [[deny("/op1/**/a")], "GET /op1/x/a", 403],
    [[deny("/op1/**/a")], "GET /op1/x/y/z/a", 403],
    [[deny("/op1/**/a")], "GET /op1/x/y/z/b", 200],
    [[deny("/a/*/c")], "DELETE /a/b/c", 403],
    [[deny("/a*/x"), deny("/ab/y")], "GET /ab/y", 403],
    [[deny("/op", ["GET"]), deny("/op", ["POST"])], "POST /op", 403],
    [[deny("/op")], "BREW /op", 403],
  ])("%j: %s is %i where the rest is allowed", async (rules, call, status) => {
    const { receive } = await callee(policy(rules, "allow"));
    const [verb, path] = call.split(" ") as [string, string];
    expect((await receive(path, verb)).status).toBe(status);
  });

  it("does not get slower with the stars of a policy and the length of a path", async () => {
    const { receive } = await callee(policy([deny("/**/a/**/a/**/a/**/b"), deny("/*a*a*a*a*b")], "allow"));
    expect((await receive("/a".repeat(30_000))).status).toBe(200);
    expect((await receive(`/${"a".repeat(60_000)}`)).status).toBe(200);
  }, 5_000);
});

/**
 * The tricks of CVE-2023-37918 and CVE-2026-41491 and their kin. The app never sees a path that the policy did not
 * judge: what arrives is what was allowed, or nothing arrives.
 */
describe("path tricks", () => {
  const tricks = [
    "/admin",
    "/ADMIN",
    "/Admin/",
    "//admin",
    "/./admin",
    "/admin/.",
    "/admin//x",
    "/public/../admin",
    "/public/%2e%2e/admin",
    "/public%2F..%2Fadmin",
    "/public%2f%2e%2e%2fadmin",
    "/public/..%2Fadmin",
    "/public/..%2f..%2f..%2fadmin",
    "/%61dmin",
    "/%41DMIN",
    "/adm%69n",
    "/admin%2F",
    "/admin%2f..%2Fadmin",
    "/public%23/../admin",
    "/public%3F/../admin",
    "/public%00/../admin",
    "/public%0d/../admin",
    "/public%25/../admin",
    "/admin?public",
    "/admin#public",
    "/admin%23",
    "/admin%3Fx",
    "/admin%00",
    "/admin%0a",
    "/admin;x/../admin",
    "/x/../../admin",
    "/public/../public/../admin",
    "/%2e/admin",
    "/%2e%2e/admin",
    "/%2F%2Fadmin",
    "/admin%2Fusers",
    "/admin/%2e",
    "/public/.%2e/admin",
    "/public/%2e./admin",
    "/admin%c0%af",
    "/%ff/../admin",
    "/admin%",
    "/admin%2",
    "/admin%zz",
  ];
  // Another path for Dapr, for every HTTP server and for the policy: allowed, and the app sees just that.
  const others = [
    "/admin%252F",
    "/%2561dmin",
    "/public/%252e%252e/admin",
    "/..%5cadmin",
    "/public%5C..%5Cadmin",
    "/admin%20",
  ];

  it.each(tricks)("%s does not reach what is denied", async (path) => {
    const { receive, reached } = await callee(policy([deny("/admin")], "allow"));
    expect([403, 500]).toContain((await receive(path)).status);
    expect(reached).toEqual([]);
  });

  it.each(tricks)("%s is not taken for what is allowed", async (path) => {
    const { receive, reached } = await callee(policy([allow("/public")]));
    expect([403, 500]).toContain((await receive(path)).status);
    expect(reached).toEqual([]);
  });

  it.each(others)("%s reaches the app as itself", async (path) => {
    const { receive, reached } = await callee(policy([deny("/admin")], "allow"));
    const { status, text } = await receive(path);
    expect(status).toBe(200);
    expect(decodeURIComponent(text)).toBe(decodeURIComponent(path));
    expect(reached.length).toBe(1);
  });

  it.each([
    ["/admin%2F..%2Fpublic", "/public"],
    ["/admin/../public", "/public"],
    ["/..%2Fpublic", "/public"],
    ["/public///extra", "/public/extra"],
    ["/public%2F..%2Fpublic", "/public"],
  ])("%s is judged and dispatched as %s", async (path, dispatched) => {
    const { receive, reached } = await callee(policy([allow("/public")]));
    expect((await receive(path)).text).toBe(dispatched);
    expect(reached).toEqual([`GET ${dispatched}`]);
  });

  it("believes no header about who calls", async () => {
    const { receive } = await callee(policy([allow("/public")]));
    const headers = [
      "dapr-caller-app-id",
      "caller",
      "dapr-caller-namespace",
      "default",
      "daprlet-caller",
      "default/caller",
    ];
    const stranger = { appId: "stranger", namespace: "default" };
    expect((await receive("/public", "GET", stranger, { headers })).status).toBe(403);
  });
});
