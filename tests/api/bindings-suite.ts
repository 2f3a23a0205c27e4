import { describe, expect, test } from "vitest";
import type { Answer } from "../hosts/host.ts";
import type { Subject } from "../hosts/subject.ts";
import type { Reached } from "../hosts/target.ts";
import { isEmpty, isError } from "./answers.ts";

/** dapr-http-api §1.4 and §2.4. */
export function bindingsSuite(on: Subject): void {
  const call = (name: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
    on.post(`/v1.0/bindings/${name}`, body, headers);
  const failed = (answer: Answer, name: string, cause: string) => {
    isError(answer, 500, "ERR_INVOKE_OUTPUT_BINDING");
    expect(answer.message).toBe(`error invoking output binding ${name}: ${cause}`);
  };
  const json = (answer: Answer) => {
    expect([answer.status, answer.text.slice(0, 1)]).toEqual([200, "{"]);
    return answer.json as Reached;
  };

  describe("output: the request", () => {
    test.each(["nope", "constructor", "memory", "tick", "input-only"])(
      "%s is no output binding",
      async (name) => {
        failed(await call(name, { operation: "create" }), name, `couldn't find output binding ${name}`);
      },
    );

    test.each([{ data: "x" }, {}, "null", { operation: "" }, { operation: null }])(
      "%j has no operation",
      async (body) => {
        const answer = await call("target", body);
        if (on.expected("bindings.no-operation") === 500) {
          failed(answer, "target", "operation field is missing from request");
          return;
        }
        expect(json(answer).method).toBe("POST");
      },
    );

    test("an operation that the binding does not have", async () => {
      failed(
        await call("target", { operation: "GET" }),
        "target",
        "binding target does not support operation GET. supported operations:create get head post put patch delete options trace",
      );
    });

    test.each([
      "",
      "no json",
      "[]",
      '"x"',
      '{"operation":5}',
      '{"operation":"get"',
      '{"operation":"get","metadata":[]}',
      '{"operation":"get","metadata":{"a":1}}',
    ])("%s is malformed", async (body) => {
      const answer = await call("target", body);
      isError(answer, 400, "ERR_MALFORMED_REQUEST");
      expect(answer.message).toMatch(/^failed deserializing HTTP body: /);
    });

    test("what comes after the JSON", async () => {
      expect((await call("target", '{"operation":"get"} more')).status).toBe(
        on.expected("bindings.trailing-data"),
      );
    });

    test("PUT is the same, names are read in any case, and null is nothing", async () => {
      const body = '{"Operation":"post","DATA":1,"Metadata":{"path":null}}';
      const answer = await on.send("PUT", "/v1.0/bindings/target", body);
      expect(json(answer)).toMatchObject({ method: "POST", uri: "/base", body: "1" });
    });

    test("metadata in the query are no metadata of the request", async () => {
      const answer = await on.post("/v1.0/bindings/target?metadata.path=other", { operation: "get" });
      expect(json(answer).uri).toBe("/base");
    });
  });

  describe("bindings.http", () => {
    test.each([
      ['"hi"', '"hi"'],
      ["null", "null"],
      ["undefined", "null"],
      ['"<é>"', undefined],
      ["[1,2]", "[1,2]"],
      ['{"a":1}', '{"a":1}'],
      ["12345678901234567890", undefined],
    ])("data %s arrive as JSON", async (data, arrives) => {
      const given = data === "undefined" ? "" : `,"data":${data}`;
      const { body, headers } = json(await call("target", `{"operation":"create"${given}}`));
      if (arrives !== undefined) expect(body).toBe(arrives);
      else if (on.expected("bindings.data-bytes") === "as it was written") expect(body).toBe(data);
      else expect(JSON.parse(body)).toEqual(JSON.parse(data as string));
      expect(headers["content-type"]).toBe("application/json; charset=utf-8");
    });

    test.each([
      ["create", "POST", true],
      ["get", "GET", false],
      ["post", "POST", true],
      ["put", "PUT", true],
      ["patch", "PATCH", true],
      ["delete", "DELETE", false],
      ["options", "OPTIONS", false],
    ])("%s is %s", async (operation, method, withBody) => {
      const seen = json(await call("target", { operation, data: { n: 1 } }));
      expect(seen).toMatchObject({ method, uri: "/base", body: withBody ? '{"n":1}' : "" });
    });

    test("head has no body, and tells its status", async () => {
      const answer = await call("target", { operation: "head", metadata: { path: "status/200" } });
      expect([answer.status, answer.text, answer.header("metadata.statuscode")]).toEqual([200, "", "200"]);
    });

    test.runIf(on.has("trace"))("trace", async () => {
      expect(json(await call("target", { operation: "trace" })).method).toBe("TRACE");
    });

    test.each([
      ["sub", "/base/sub"],
      ["/sub/", "/base/sub/"],
      ["//a?b=c", "/base/a?b=c"],
      ["http://elsewhere.example/x", "/base/http://elsewhere.example/x"],
      ["@elsewhere.example", "/base/@elsewhere.example"],
    ])("path %s follows the url", async (path, uri) => {
      expect(json(await call("target", { operation: "get", metadata: { path } })).uri).toBe(uri);
    });

    test("dot segments do not lead out of the url", async () => {
      const answer = await call("target", { operation: "get", metadata: { path: "../outside" } });
      if (on.expected("bindings.http.dot-segments") === "refused") {
        failed(answer, "target", "metadata field path leads out of the binding's url");
      } else expect(answer.status).toBe(200);
    });

    test("metadata with a capital are headers", async () => {
      const metadata = { "X-Upper": "one", "x-lower": "two", Accept: "text/plain" };
      const { headers } = json(await call("target", { operation: "get", metadata }));
      expect(headers).toMatchObject({ "x-upper": "one", accept: "text/plain" });
      expect(headers).not.toHaveProperty("x-lower");
    });

    test.runIf(on.has("headers"))("the trace is the caller's", async () => {
      const trace = {
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate: "a=b",
      };
      const { headers } = json(await call("target", { operation: "get" }, trace));
      expect(headers).toMatchObject(trace);
    });

    test.skipIf(on.has("headers"))("no trace leaves a page, whose targets seldom allow it", async () => {
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const { headers } = json(await call("target", { operation: "get" }, { traceparent }));
      expect(headers).not.toHaveProperty("traceparent");
    });

    test.each([{ "X-Bad": "a\nb" }, { "X Bad": "a" }])("%j cannot be a header", async (metadata) => {
      isError(await call("target", { operation: "get", metadata }), 500, "ERR_INVOKE_OUTPUT_BINDING");
    });

    test("the answer's status and headers are metadata", async () => {
      const answer = await call("target", { operation: "get" });
      expect(answer.header("content-type")).toBe("application/json");
      expect(answer.header("metadata.statuscode")).toBe("200");
      expect(answer.header("metadata.status")).toBe("200 OK");
      expect(answer.header("metadata.x-custom")).toBe("one, two");
      expect(answer.header("metadata.content-type")).toBe("application/json");
    });

    test("a status beyond 2xx is an error, with the metadata beside it", async () => {
      const answer = await call("target", { operation: "get", metadata: { path: "status/404" } });
      failed(answer, "target", "received status code 404");
      expect(answer.header("metadata.statuscode")).toBe("404");
    });

    test("errorIfNot2XX of the component, and of the request before it", async () => {
      const metadata = { path: "status/503" };
      const answer = await call("lenient", { operation: "get", metadata });
      expect([answer.status, answer.header("metadata.statuscode")]).toEqual([200, "503"]);
      const strict = { ...metadata, errorIfNot2XX: "true" };
      failed(
        await call("lenient", { operation: "get", metadata: strict }),
        "lenient",
        "received status code 503",
      );
    });

    test("an answer without a body is 200 and empty", async () => {
      const answer = await call("lenient", { operation: "get", metadata: { path: "status/204" } });
      expect([answer.status, answer.text]).toEqual([200, ""]);
    });
  });

  describe.runIf(on.has("files"))("bindings.localstorage", () => {
    const names = () => on.expected("bindings.localstorage.names") === "by their path below `rootPath`";
    const create = (fileName: string, data: unknown) =>
      call("files", { operation: "create", data, metadata: { fileName } });
    const get = (fileName: string) => call("files", { operation: "get", metadata: { fileName } });

    test.each([
      ["text", "hello", "hello"],
      ["escapes", 'é "\n\\', 'é "\n\\'],
      ["base64", "aGk=", "hi"],
      ["an object", { x: 1 }, '{"x":1}'],
      ["nothing", "", ""],
    ])("keeps %s", async (_, data, text) => {
      const name = on.key("file");
      const created = await create(`a/${name}`, data);
      expect([created.status, created.json]).toEqual([200, { fileName: `a/${name}` }]);
      const read = await get(`a/${name}`);
      expect([read.status, read.text, read.header("content-type")]).toEqual([200, text, "application/json"]);
    });

    test("makes up a name where there is none", async () => {
      const { fileName } = (await call("files", { operation: "create", data: "x" })).json as {
        fileName: string;
      };
      expect(fileName).toMatch(/^[0-9a-f-]{36}$/);
      expect((await get(fileName)).text).toBe("x");
    });

    test("lists what is below a name", async () => {
      const folder = on.key("folder");
      for (const name of ["b/c", "a"]) await create(`${folder}/${name}`, name);
      const listed = await call("files", { operation: "list", metadata: { fileName: folder } });
      const found = listed.json as string[];
      expect(found.map((path) => path.slice(path.indexOf(folder)))).toEqual([`${folder}/a`, `${folder}/b/c`]);
      if (names()) expect(found[0]).toBe(`${folder}/a`);
    });

    test("deletes, and answers 204", async () => {
      const name = on.key("file");
      await create(name, "x");
      isEmpty(await call("files", { operation: "delete", metadata: { fileName: name } }));
      isError(await get(name), 500, "ERR_INVOKE_OUTPUT_BINDING");
    });

    test.each(["../outside", "/etc/passwd", "a/../../etc/passwd", "a\0b", "nope"])(
      "%j is not there",
      async (name) => {
        const answer = await get(name);
        isError(answer, 500, "ERR_INVOKE_OUTPUT_BINDING");
        expect(answer.text).not.toContain("root:");
      },
    );

    test("dot segments end at the root", async () => {
      const name = on.key("file");
      await create(`../../${name}`, "x");
      expect((await get(name)).text).toBe("x");
    });

    test.each([
      ["get", "a"],
      ["create", "a"],
      ["get", ""],
      ["delete", ""],
      ["delete", "nope"],
      ["list", "nope"],
    ])("%s of %j fails", async (operation, fileName) => {
      await create("a/file", "x");
      isError(
        await call("files", { operation, data: "x", metadata: { fileName } }),
        500,
        "ERR_INVOKE_OUTPUT_BINDING",
      );
    });
  });

  describe("input: bindings.cron", () => {
    const seen = (path: string, method: string) =>
      on.app.recorded(path).then((all) => all.filter((request) => request.method === method));

    test.each(["/tick", "/events/tick"])("fires at %s, where the app answered OPTIONS", async (path) => {
      const [event] = await on.app.until(path, 1, ({ method }) => method === "POST");
      expect([event?.text, event?.headers["content-type"]]).toEqual(["", "application/json"]);
      expect(event?.headers.readtimeutc).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000 UTC$/);
      expect(event?.headers.timezone).toBe("Local");
      expect(await seen(path, "OPTIONS")).not.toEqual([]);
    });

    test("fires unasked where the direction is input, and never where the app refused or it is output", async () => {
      await on.app.until("/status/201", 1, ({ method }) => method === "POST");
      expect(await seen("/status/201", "OPTIONS")).toEqual([]);
      expect(await seen("/status/404", "OPTIONS")).not.toEqual([]);
      expect(await seen("/status/404", "POST")).toEqual([]);
      expect(await on.app.recorded("/tick-output")).toEqual([]);
    });
  });

  test("input: what the app's answer asks for", async () => {
    const key = on.key();
    const body = JSON.stringify({ storeName: "memory", state: [{ key, value: { n: 1 } }] });
    await on.app.program("/events/tick", { status: 200, body });
    const mine = (seen: { answered?: number; method: string }) => seen.method === "POST";
    const before = (await on.app.recorded("/events/tick")).filter(mine).length;
    await on.app.until("/events/tick", before + 2, mine);
    const followed = (await on.fetch(`/v1.0/state/memory/${key}`)).text === '{"n":1}';
    expect(followed).toBe(on.expected("bindings.directives").startsWith("followed"));
  });

  test("metadata tell what each can", async () => {
    const { components } = (await on.fetch("/v1.0/metadata")).json as {
      components: { name: string; type: string; version: string; capabilities: string[] }[];
    };
    const of = (name: string) => components.find((component) => component.name === name);
    expect(of("target")).toEqual({
      name: "target",
      type: "bindings.http",
      version: "v1",
      capabilities: ["OUTPUT_BINDING"],
    });
    expect(of("tick")?.capabilities).toEqual(["INPUT_BINDING"]);
  });
}
