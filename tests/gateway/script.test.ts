import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bake } from "../../host/gateway/bake.ts";
import { encodeTable } from "../../host/gateway/table.ts";
import { missingWasmtime } from "../hosts/wasmtime-host.ts";
import { appRow, gatewayTable, storeRow, upstreamRow } from "./gateway-table.ts";

/** The book's script (chapter 7): a gateway's file as a command. */
describe.skipIf(missingWasmtime !== undefined)("Dapr as a script", () => {
  let folder: string;
  let app: Server;
  let file: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "daprlet-script-"));
    mkdirSync(join(folder, "state"));
    app = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      response.statusCode = request.url === "/broken" ? 418 : 200;
      // Nothing of a script is about actors.
      response.end(`${request.method} ${request.url} ${body}${request.headers["daprlet-actor"] ?? ""}`);
    });
    await new Promise<void>((resolve) => app.listen(0, "127.0.0.1", resolve));
    const { port } = app.address() as AddressInfo;
    const table = gatewayTable({
      stores: [storeRow("my-store")],
      apps: [appRow("greeter", [upstreamRow({ port, transport: 1 })])],
    });
    file = join(folder, "daprlet.wasm");
    const built = readFileSync(new URL("../../dist/gateway/http+folder.wasm", import.meta.url));
    writeFileSync(file, bake(built, encodeTable(table)));
  });
  afterAll(() => {
    app?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function script(...options: string[]): Promise<readonly [code: number, out: string, err: string]> {
    const args = ["run", "-S", "http", "--dir", `${folder}/state::/`, file, ...options];
    return new Promise((resolve) => {
      execFile("wasmtime", args, (error, out, err) => {
        resolve([error === null ? 0 : Number(error.code), out, err]);
      });
    });
  }
  const state = (action: string, ...options: string[]) =>
    script("--capability", "state", "--action", action, "--store", "my-store", ...options);

  it("saves, gets and deletes as the book prints it", async () => {
    expect(
      await script(
        "--capability",
        "state",
        "--action",
        "save",
        "--key",
        "my-key",
        "--value",
        "Hello, World!",
        "--store",
        "my-store",
      ),
    ).toEqual([0, "", ""]);
    expect(await state("get", "--key", "my-key")).toEqual([0, "Hello, World!\n", ""]);
    expect(await state("save", "--key=json", '--value={"n":1}', "--json")).toEqual([0, "", ""]);
    expect(await state("get", "--key=json")).toEqual([0, '{"n":1}\n', ""]);
    expect(await state("delete", "--key", "my-key")).toEqual([0, "", ""]);
    expect(await state("get", "--key", "my-key")).toEqual([
      1,
      "",
      expect.stringMatching(/^there is no item.*\n$/),
    ]);
  });

  it("keeps one of two values whole that are saved at the same time", async () => {
    const values = ["a", "b", "c"].map((letter) => letter.repeat(3000));
    const codes = await Promise.all(values.map((value) => state("save", "--key", "twice", "--value", value)));
    expect(codes.map(([code]) => code)).toEqual([0, 0, 0]);
    expect(values).toContain((await state("get", "--key", "twice"))[1].trimEnd());
  });

  it("calls an app, and tells of its error by the exit code", async () => {
    const invoke = (...options: string[]) => script("--capability", "invoke", "--app", "greeter", ...options);
    expect(await invoke("--method", "hello?name=x")).toEqual([0, "GET /hello?name=x ", ""]);
    expect(await invoke("--method", "/hello", "--data", "hi", "--verb", "PUT")).toEqual([
      0,
      "PUT /hello hi",
      "",
    ]);
    expect(await invoke("--method", "broken")).toEqual([1, "", "GET /broken "]);
    const [code, out, err] = await script("--capability", "invoke", "--app", "nobody", "--method", "x");
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^[^\n]*nobody[^\n]*\n$/);
  });

  it("says in one line what is missing or wrong", async () => {
    for (const options of [[], ["--capability", "dance"], ["--capability", "state", "--action", "save"]]) {
      const [code, out, err] = await script(...options);
      expect([code, out]).toEqual([1, ""]);
      expect(err).toMatch(/^[^\n]+\n$/);
    }
    expect(await script("--capability", "state", "--action", "get", "--store", "none", "--key", "k")).toEqual(
      [1, "", "state store none is not found\n"],
    );
  });

  it("refuses an option that it does not know, as a condition without effect would do harm", async () => {
    for (const wrong of ["--etga", "--e", "--etag-", "etag", "--"]) {
      expect(await state("save", "--key", "guarded", "--value", "--etag", wrong, "1")).toEqual([
        1,
        "",
        expect.stringMatching(new RegExp(`^${wrong} is no option here[^\n]+\n$`)),
      ]);
    }
    expect((await state("get", "--key", "guarded"))[0]).toBe(1);
    expect((await script("drain", "--skp"))[2]).toMatch(/^--skp is no option here/);
    expect((await script("drain", "--skip"))[2]).not.toContain("is no option here");
  });
});
