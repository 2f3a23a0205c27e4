import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A proxy that leads every name to one server, and the names that it was asked for. */
async function proxied(environment: Record<string, string> = {}) {
  const target = await listening(
    createServer((request, response) => response.end(`${request.method} ${request.headers.host}`)),
  );
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url as string).hostname);
    response.end(`${request.method} ${request.headers.host}`);
  });
  server.on("connect", (request, socket, head) => {
    asked.push((request.url as string).split(":")[0] as string);
    const onward = connect(target, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on("error", () => undefined);
  });
  const proxy = await listening(server);
  const variables = new Map(Object.entries({ HTTP_PROXY: `http://127.0.0.1:${proxy}`, ...environment }));
  const sidecar: NodeSidecar = await startSidecar({
    appId: "a",
    logLevel: "error",
    environment: (name) => variables.get(name),
  });
  closing.push(() => sidecar.stop());
  const invoke = async (base: string) => {
    const answer = await fetch(`${sidecar.url}/v1.0/invoke/${base}/method/x`, { method: "POST", body: "b" });
    return `${answer.status} ${await answer.text()}`;
  };
  return { asked, invoke, target };
}

describe("HTTP_PROXY and NO_PROXY", () => {
  it("lead what a sidecar calls outside through the proxy, and nothing of this machine", async () => {
    const { asked, invoke, target } = await proxied();
    expect(await invoke("http://service.example:8080")).toBe("200 POST service.example:8080");
    expect(asked).toEqual(["service.example"]);
    expect(await invoke(`http://127.0.0.1:${target}`)).toBe(`200 POST 127.0.0.1:${target}`);
    expect(await invoke(`http://localhost:${target}`)).toBe(`200 POST localhost:${target}`);
    for (const own of ["127.0.0.2", "[::1]", "shop.localhost", "LOCALHOST"])
      await invoke(`http://${own}:${target}`);
    expect(asked).toEqual(["service.example"]);
  });

  it("a name of NO_PROXY is called directly, in either spelling of the variables", async () => {
    const { asked, invoke } = await proxied({ no_proxy: "service.invalid" });
    expect(await invoke("http://service.invalid")).toMatch(/^500 .*ERR_DIRECT_INVOKE/);
    expect(await invoke("http://other.example")).toBe("200 POST other.example");
    expect(asked).toEqual(["other.example"]);
  });
});
