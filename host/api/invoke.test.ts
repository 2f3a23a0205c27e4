import { describe, expect, it } from "vitest";
import { type AppChannel, AppUnreachableError } from "../channel/app-channel.ts";
import { functionChannel } from "../channel/function-channel.ts";
import { FakeClock } from "../fake-clock.ts";
import { type RuntimeRequest, type RuntimeResponse, readBody } from "../http.ts";
import {
  type Instance,
  type Peer,
  type Receiver,
  type Transport,
  UnavailableError,
} from "../mesh/transport.ts";
import { nodeCore } from "../node/core-module.ts";
import { noResources } from "../resources/resources.ts";
import { Runtime } from "../runtime.ts";
import { consoleLog, webPlatform } from "../web-platform.ts";

/** Runtimes of one process that call each other, as a transport would carry it: the caller told by the transport. */
class Switchboard {
  readonly members: { peer: Peer & { instance: string }; receive: Receiver; gone: boolean }[] = [];

  transport(): Transport {
    let own: string | undefined;
    const caller: Peer = { appId: "", namespace: "", address: "192.0.2.7" };
    return {
      name: "switchboard",
      join: async (peer, receive) => {
        own = peer.instance;
        Object.assign(caller, { appId: peer.appId, namespace: peer.namespace });
        this.members.push({ peer, receive, gone: false });
      },
      instances: async (appId, namespace) =>
        this.members
          .filter(({ peer }) => peer.appId === appId && peer.namespace === namespace && peer.instance !== own)
          .map(
            (member): Instance => ({
              id: member.peer.instance,
              appId,
              namespace,
              invoke: async (request) => {
                if (member.gone) throw new UnavailableError("gone", { sent: false });
                return member.receive(request, caller);
              },
            }),
          ),
      suspect: () => undefined,
      close: async () => undefined,
    };
  }
}

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: readonly string[];
  readonly body: string;
}

function echo(seen: Seen[], answer?: Partial<RuntimeResponse>): AppChannel {
  return functionChannel(async (request) => {
    const body = new TextDecoder().decode(await readBody(request.body));
    const { method, path, query, headers } = request;
    // The sidecar's own question at its start.
    if (path === "/dapr/subscribe") return { status: 404, headers: [], body: undefined };
    seen.push({ method, path, query, headers, body });
    return {
      status: 200,
      headers: ["content-type", "text/plain"],
      body: new TextEncoder().encode("ok"),
      ...answer,
    };
  });
}

async function sidecar(
  appId: string,
  options: {
    app?: AppChannel;
    board?: Switchboard;
    namespace?: string;
    clock?: FakeClock;
    fetch?: typeof fetch;
    maxBodySize?: number;
  } = {},
) {
  const platform = {
    ...webPlatform(consoleLog("error", "test")),
    clock: options.clock ?? new FakeClock(),
    ...(options.fetch === undefined ? {} : { fetch: options.fetch as never }),
  };
  const runtime = new Runtime({
    appId,
    namespace: options.namespace ?? "default",
    host: "Node",
    core: await nodeCore(),
    platform,
    registry: { state: [], pubsub: [] },
    rules: undefined,
    resources: noResources,
    relays: { open: () => Promise.reject(new Error("none")) },
    transports: options.board === undefined ? [] : [options.board.transport()],
    app: options.app,
    apiToken: undefined,
    maxBodySize: options.maxBodySize ?? 1000,
    strict: false,
    extended: new Map(),
    shutdown: () => undefined,
  });
  await runtime.start();
  return runtime;
}

function call(path: string, rest: Partial<RuntimeRequest> = {}): RuntimeRequest {
  const [bare, query = ""] = path.split("?");
  return { method: "GET", path: bare as string, query, headers: [], body: undefined, ...rest };
}

const text = async (response: RuntimeResponse) => new TextDecoder().decode(await readBody(response.body));
const error = async (response: RuntimeResponse) => JSON.parse(await text(response));
const values = (headers: readonly string[], name: string) =>
  headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === name);

async function pair(answer?: Partial<RuntimeResponse>) {
  const board = new Switchboard();
  const seen: Seen[] = [];
  const own: Seen[] = [];
  const a = await sidecar("pa", { board, app: echo(own) });
  const b = await sidecar("pb", { board, app: echo(seen, answer) });
  return { a, b, seen, own, board };
}

describe("addressing", () => {
  const basic = (text: string) => ["authorization", `Basic ${btoa(text)}`];
  const forms: [string, string, readonly string[], string][] = [
    ["the path", "/v1.0/invoke/pb/method/some/x", [], "/some/x"],
    ["the path with nothing after method", "/v1.0/invoke/pb/method/", [], "/"],
    ["the path with a namespace", "/v1.0/invoke/pb.default/method/x", [], "/x"],
    ["dapr-app-id on a path that is no endpoint", "/some//path/../x", ["dapr-app-id", "pb"], "/some/x"],
    ["dapr-app-id on the root", "/", ["dapr-app-id", "pb"], "/"],
    [
      "dapr-app-id over the invoke path",
      "/v1.0/invoke/pa/method/y",
      ["dapr-app-id", "pb"],
      "/v1.0/invoke/pa/method/y",
    ],
    ["Basic credentials", "/auth", basic("dapr-app-id:pb"), "/auth"],
    ["Basic credentials in capitals", "/auth", basic("DAPR-APP-ID:pb"), "/auth"],
  ];
  for (const [name, path, headers, method] of forms) {
    it(`reaches the app by ${name}`, async () => {
      const { a, seen } = await pair();
      expect((await a.handle(call(path, { headers }))).status).toBe(200);
      expect(seen.map((request) => request.path)).toEqual([method]);
    });
  }

  it("answers daprd's 404 where no app is addressed", async () => {
    const { a, seen, own } = await pair();
    const nothing = [
      call("/nothing"),
      call("/v1.0/invoke/pb/foo"),
      call("/v1.0/invoke//method/x"),
      call("/x", { headers: basic("dapr-app-id:pb:more") }),
      call("/x", { headers: basic("dapr-app-id:") }),
      call("/x", { headers: ["authorization", "Basic ***"] }),
      call("/x", { headers: ["authorization", "Bearer pb"] }),
    ];
    for (const request of nothing) {
      const response = await a.handle(request);
      expect(response.status).toBe(404);
      expect(await error(response)).toEqual({
        errorCode: "ERR_DIRECT_INVOKE",
        message: "failed getting app id either from the URL path or the header dapr-app-id",
      });
    }
    expect([...seen, ...own]).toEqual([]);
  });

  it("refuses ids of three parts", async () => {
    const { a } = await pair();
    const response = await a.handle(call("/v1.0/invoke/a.b.c/method/x"));
    expect(response.status).toBe(500);
    expect(await error(response)).toEqual({
      errorCode: "ERR_DIRECT_INVOKE",
      message: "failed to invoke, id: a.b.c, err: invalid app id a.b.c",
    });
  });

  it("keeps namespaces apart", async () => {
    const board = new Switchboard();
    const here: Seen[] = [];
    const there: Seen[] = [];
    const a = await sidecar("pa", { board });
    await sidecar("pb", { board, app: echo(here) });
    await sidecar("pb", { board, app: echo(there), namespace: "other" });
    await a.handle(call("/v1.0/invoke/pb.other/method/x"));
    expect([here.length, there.length]).toEqual([0, 1]);
    await a.handle(call("/v1.0/invoke/pb/method/x"));
    expect([here.length, there.length]).toEqual([1, 1]);
  });

  it("answers for an unknown app as daprd does", async () => {
    const { a } = await pair();
    const response = await a.handle(call("/v1.0/invoke/nope/method/x"));
    expect(response.status).toBe(500);
    expect((await error(response)).message).toBe(
      "failed to invoke, id: nope, err: couldn't find service: nope",
    );
  });

  it("has app ids that are names of Object.prototype", async () => {
    const board = new Switchboard();
    const seen: Seen[] = [];
    const a = await sidecar("pa", { board });
    await sidecar("__proto__", { board, app: echo(seen) });
    expect((await a.handle(call("/v1.0/invoke/__proto__/method/x"))).status).toBe(200);
    expect((await a.handle(call("/v1.0/invoke/constructor/method/x"))).status).toBe(500);
    expect(seen.length).toBe(1);
  });
});

describe("the own app", () => {
  it("is called without the mesh", async () => {
    const seen: Seen[] = [];
    const a = await sidecar("pa", { app: echo(seen) });
    const headers = [
      "host",
      "127.0.0.1:3500",
      "dapr-caller-app-id",
      "evil",
      "connection",
      "x-hop",
      "x-hop",
      "1",
    ];
    expect((await a.handle(call("/v1.0/invoke/pa/method/own?q=1", { headers }))).status).toBe(200);
    expect(seen).toEqual([{ method: "GET", path: "/own", query: "q=1", headers: [], body: "" }]);
  });

  it("answers daprd's error where there is none", async () => {
    const a = await sidecar("pa");
    expect((await error(await a.handle(call("/v1.0/invoke/pa/method/x")))).message).toBe(
      "failed to invoke, id: pa, err: cannot invoke local endpoint: app channel not initialized",
    );
  });

  it("gets the id of a request that may come twice", async () => {
    const seen: Seen[] = [];
    const a = await sidecar("pa", { app: echo(seen) });
    await a.handle(call("/v1.0/invoke/pa/method/x", { headers: ["daprlet-request-id", "r1"] }));
    expect(seen[0]?.headers).toEqual(["daprlet-request-id", "r1"]);
  });
});

describe("the request", () => {
  it("arrives with verb, raw query, body and headers", async () => {
    const { a, seen } = await pair();
    await a.handle(
      call("/v1.0/invoke/pb/method/a//b/../c/?x=1&y=%20z&x=2", {
        method: "DELETE",
        headers: ["content-type", "text/weird", "x-multi", "1", "x-multi", "2"],
        body: new TextEncoder().encode("hello"),
      }),
    );
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: "DELETE", path: "/a/c", query: "x=1&y=%20z&x=2", body: "hello" });
    expect(values(seen[0]?.headers ?? [], "x-multi")).toEqual(["1", "2"]);
    expect(values(seen[0]?.headers ?? [], "content-type")).toEqual(["text/weird"]);
  });

  it("loses the hop's headers, those that Connection names, and gRPC's binary ones", async () => {
    const { a, seen } = await pair();
    const dropped = [
      "te",
      "trailer",
      "upgrade",
      "keep-alive",
      "proxy-authorization",
      "x-hop",
      "abc-bin",
      "expect",
    ];
    const headers = ["connection", "keep-alive, X-Hop", "x-kept", "1"];
    for (const name of dropped) headers.push(name, "1");
    await a.handle(call("/v1.0/invoke/pb/method/x", { headers }));
    const names = seen[0]?.headers.filter((_, i) => i % 2 === 0) ?? [];
    expect(names).toContain("x-kept");
    for (const name of [...dropped, "connection"]) expect(names).not.toContain(name);
  });

  it("says who calls from the transport alone, whatever the caller claims", async () => {
    const { a, seen } = await pair();
    const claims = [
      "dapr-caller-app-id",
      "dapr-callee-app-id",
      "dapr-caller-namespace",
      "x-forwarded-for",
      "x-forwarded-host",
      "forwarded",
    ];
    const headers = ["host", "localhost:3500", "dapr-api-token", "secret"];
    for (const name of claims) headers.push(name, "evil");
    await a.handle(call("/v1.0/invoke/pb/method/x", { headers }));
    const got = seen[0]?.headers ?? [];
    expect(claims.map((name) => values(got, name))).toEqual([
      ["pa"],
      ["pb"],
      ["default"],
      ["192.0.2.7"],
      ["localhost:3500"],
      ['for=192.0.2.7;by=_pb;host="localhost:3500"'],
    ]);
    expect(values(got, "host")).toEqual([]);
    expect(values(got, "dapr-api-token")).toEqual([]);
  });

  it("streams, and is cut off at the host's limit", async () => {
    const { a, seen } = await pair();
    const stream = (chunks: number) =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (chunks-- > 0) controller.enqueue(new Uint8Array(100).fill(97));
          else controller.close();
        },
      });
    expect(
      (await a.handle(call("/v1.0/invoke/pb/method/x", { method: "POST", body: stream(10) }))).status,
    ).toBe(200);
    expect(seen[0]?.body.length).toBe(1000);
    for (const body of [stream(11), new Uint8Array(1001)]) {
      const response = await a.handle(call("/v1.0/invoke/pb/method/x", { method: "POST", body }));
      expect(response.status).toBe(500);
      expect((await error(response)).message).toBe("failed to invoke, id: pb, err: stream too large");
    }
  });
});

describe("the answer", () => {
  for (const status of [200, 204, 302, 404, 409, 500, 503]) {
    it(`passes through with status ${status}`, async () => {
      const { a } = await pair({ status, headers: ["x-two", "a", "x-two", "b", "location", "/x"] });
      const response = await a.handle(call("/v1.0/invoke/pb/method/x"));
      expect(response.status).toBe(status);
      expect(response.headers).toEqual(["x-two", "a", "x-two", "b", "location", "/x"]);
      expect(await text(response)).toBe("ok");
    });
  }

  it("loses the hop's headers and the length", async () => {
    const headers = [
      "content-length",
      "2",
      "connection",
      "x-h",
      "x-h",
      "1",
      "keep-alive",
      "t",
      "x-kept",
      "1",
    ];
    const { a } = await pair({ headers });
    expect((await a.handle(call("/v1.0/invoke/pb/method/x"))).headers).toEqual(["x-kept", "1"]);
  });

  it("is an event stream for who accepts exactly that", async () => {
    const { a } = await pair();
    for (const [accept, type] of [
      ["Text/Event-Stream", "text/event-stream"],
      ["text/event-stream, */*", "text/plain"],
    ] as const) {
      const { headers } = await a.handle(call("/v1.0/invoke/pb/method/x", { headers: ["accept", accept] }));
      expect(values(headers, "content-type")).toEqual([type]);
      expect(values(headers, "cache-control")).toEqual(type === "text/plain" ? [] : ["no-cache"]);
    }
  });

  it("names the app and the cause when the app is gone", async () => {
    const board = new Switchboard();
    const a = await sidecar("pa", { board });
    await sidecar("pb", {
      board,
      app: functionChannel(() => {
        throw new AppUnreachableError("error invoking app channel: connection refused");
      }),
    });
    const response = await a.handle(call("/v1.0/invoke/pb/method/x"));
    expect(response.status).toBe(500);
    expect((await error(response)).message).toBe(
      "failed to invoke, id: pb, err: error invoking app channel: connection refused",
    );
  });
});

describe("paths that try to be two things", () => {
  const corpus: [string, string | number][] = [
    ["admin%2F..%2Fpublic", "/public"],
    ["admin%2F%2e%2e%2Fpublic", "/public"],
    ["public/../admin", "/admin"],
    ["..%2F..%2F..%2Fx", "/x"],
    ["public/%252E%252E/admin", "/public/%252E%252E/admin"],
    ["a%252Fb", "/a%252Fb"],
    ["a%2Fb%20c", "/a/b%20c"],
    ["a+b;c=d", "/a+b;c=d"],
    ["%C3%A4", "/%C3%A4"],
    ["a%23b", 500],
    ["a%3Fb", 500],
    ["a%00b", 500],
    ["a%0Ab", 500],
    ["a%zzb", 400],
  ];
  for (const [sent, arrived] of corpus) {
    it(`${sent} → ${arrived}`, async () => {
      const { a, seen } = await pair();
      const response = await a.handle(call(`/v1.0/invoke/pb/method/${sent}`));
      expect([seen[0]?.path ?? response.status, seen.length]).toEqual(
        typeof arrived === "number" ? [arrived, 0] : [arrived, 1],
      );
      if (arrived !== 500) return;
      const { errorCode, message } = await error(response);
      expect([errorCode, message.slice(0, 42)]).toEqual([
        "ERR_DIRECT_INVOKE",
        "failed to invoke, id: pb, err: invalid met",
      ]);
    });
    it(`${sent} → ${arrived}, sent by a peer without a sidecar's care`, async () => {
      const { seen, board } = await pair();
      const peer = { appId: "evil", namespace: "default" };
      const callee = board.members.find(({ peer: { appId } }) => appId === "pb");
      const response = await callee?.receive(call(`/${sent}`), peer);
      expect([seen[0]?.path ?? "refused", seen.length]).toEqual(
        typeof arrived === "number" ? ["refused", 0] : [arrived, 1],
      );
      if (typeof arrived === "number") expect(response?.status).toBe(500);
    });
  }
});

it("a path that could not be judged, and names no app, is answered as one that names none", async () => {
  const a = await sidecar("pa", {});
  for (const path of ["/x%00", "/v1.0/invoke//method/a%3Fb", "/v1.0/invoke/a/m/a%23b"]) {
    const response = await a.handle(call(path));
    expect([response.status, (await error(response)).errorCode]).toEqual([404, "ERR_DIRECT_INVOKE"]);
  }
});

describe("an absolute URL", () => {
  it("is called directly, by whichever form it is written", async () => {
    const calls: [string, RequestInit | undefined][] = [];
    const fetch = async (url: string, init?: RequestInit) => {
      calls.push([url, init]);
      return new Response("there", { status: 418, headers: { "x-a": "1", "content-encoding": "identity" } });
    };
    const a = await sidecar("pa", { fetch: fetch as never });
    for (const path of [
      "/v1.0/invoke/http://other.example:81/method/ext?y=1",
      "/v1.0/invoke/http%3A%2F%2Fother.example:81/method/ext?y=1",
    ]) {
      const response = await a.handle(
        call(path, { method: "POST", headers: ["x-b", "2", "host", "me", "daprlet-request-id", "1"] }),
      );
      expect([response.status, await text(response)]).toEqual([418, "there"]);
      expect(values(response.headers, "x-a")).toEqual(["1"]);
      expect(values(response.headers, "content-encoding")).toEqual([]);
    }
    expect(calls.map(([url]) => url)).toEqual(Array(2).fill("http://other.example:81/ext?y=1"));
    expect(calls[0]?.[1]).toMatchObject({ method: "POST", redirect: "manual", headers: [["x-b", "2"]] });
  });

  it("that cannot be reached is an error of invocation", async () => {
    const fetch = async () => {
      throw new TypeError("connection refused");
    };
    const a = await sidecar("pa", { fetch: fetch as never });
    const response = await a.handle(call("/v1.0/invoke/http://other.example/method/x"));
    expect(response.status).toBe(500);
    expect((await error(response)).message).toBe(
      "failed to invoke, id: http://other.example, err: GET http://other.example: connection refused",
    );
  });

  it("with credentials or another scheme is refused", async () => {
    const a = await sidecar("pa", { fetch: (() => expect.fail("called")) as never });
    for (const id of ["http:%2F%2Fu:p@h", "file:%2F%2Fetc"]) {
      expect((await a.handle(call(`/v1.0/invoke/${id}/method/x`))).status).toBe(500);
    }
  });
});

describe("several instances", () => {
  async function cluster(count: number) {
    const board = new Switchboard();
    const clock = new FakeClock();
    const seen = Array.from({ length: count }, (): Seen[] => []);
    const a = await sidecar("pa", { board, clock });
    for (const list of seen) await sidecar("pb", { board, app: echo(list) });
    const members = board.members.filter(({ peer }) => peer.appId === "pb");
    return { a, seen, members, clock };
  }

  it("share the calls evenly", async () => {
    const { a, seen } = await cluster(3);
    await Promise.all(Array.from({ length: 30 }, () => a.handle(call("/v1.0/invoke/pb/method/x"))));
    expect(seen.map((list) => list.length)).toEqual([10, 10, 10]);
  });

  it("go on at once when one is gone", async () => {
    const { a, seen, members, clock } = await cluster(2);
    (members[0] as { gone: boolean }).gone = true;
    const before = clock.now();
    for (let i = 0; i < 10; i++) expect((await a.handle(call("/v1.0/invoke/pb/method/x"))).status).toBe(200);
    expect(clock.now()).toBe(before);
    expect(seen.map((list) => list.length)).toEqual([0, 10]);
  });

  it("that are all gone are tried three times more, a second apart", async () => {
    const { a, members, clock } = await cluster(2);
    for (const member of members) member.gone = true;
    let answered: RuntimeResponse | undefined;
    const done = a.handle(call("/v1.0/invoke/pb/method/x")).then((response) => (answered = response));
    await clock.advance(2999);
    expect(answered).toBeUndefined();
    await clock.advance(1);
    expect((await error(await done)).message).toBe(
      "failed to invoke, id: pb, err: failed to invoke target pb after 3 retries. Error: gone",
    );
  });

  it("that come back within the retries answer", async () => {
    const { a, members, clock } = await cluster(1);
    const [member] = members;
    if (member === undefined) throw new Error("no member");
    member.gone = true;
    const done = a.handle(call("/v1.0/invoke/pb/method/x"));
    await clock.advance(1500);
    member.gone = false;
    await clock.advance(500);
    expect((await done).status).toBe(200);
  });
});
