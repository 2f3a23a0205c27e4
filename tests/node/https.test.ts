import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type NodeSidecar, startSidecar } from "../../host/node/start-sidecar.ts";
import { certificate } from "../certificate.ts";
import { rawRequest } from "./raw-http.ts";

let folder: string;
let sidecar: NodeSidecar;
const files = () => ({ cert: join(folder, "cert.pem"), key: join(folder, "key.pem") });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dt-"));
  writeFileSync(files().cert, certificate.cert);
  writeFileSync(files().key, certificate.key);
  sidecar = await startSidecar({
    appId: "a",
    logLevel: "error",
    certificate: files(),
    app: async (incoming) => new Response(`${incoming.method} ${(await incoming.arrayBuffer()).byteLength}`),
    // With a certificate, that is not in the clear.
    listenAddresses: ["0.0.0.0"],
  });
});
afterAll(async () => {
  await sidecar.stop();
  rmSync(folder, { recursive: true });
});

const call = (path: string, body?: Buffer, ca: string | undefined = certificate.cert) =>
  new Promise<{ status: number; text: string }>((resolve, reject) => {
    const options = { port: sidecar.port, path, method: body === undefined ? "GET" : "POST", ca };
    const asked = request({ host: "localhost", ...options }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });

describe("the API by HTTPS", () => {
  it("answers who believes the certificate, with bodies both ways, and nobody in the clear", async () => {
    expect(sidecar.url).toBe(`https://localhost:${sidecar.port}`);
    expect(await call("/v1.0/healthz")).toEqual({ status: 204, text: "" });
    const large = await call("/v1.0/invoke/a/method/x", Buffer.alloc(1_000_000));
    expect(large).toEqual({ status: 200, text: "POST 1000000" });
    await expect(call("/v1.0/healthz", undefined, "")).rejects.toThrow(/self-signed|unable to verify/);
    expect((await rawRequest(sidecar.port, "GET /v1.0/healthz", ["Host: localhost"])).status).toBeNaN();
  });

  it("refuses rebound names and pages as it does in the clear", async () => {
    const status = await new Promise((resolve, reject) => {
      const socket = connect({ port: sidecar.port, ca: certificate.cert, servername: "localhost" });
      socket.on("secureConnect", () => {
        socket.write("GET /v1.0/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
      });
      socket.once("data", (data) => resolve(String(data).split(" ")[1]));
      socket.on("error", reject);
    });
    expect(status).toBe("403");
  });

  it.each([
    [
      "a file that is not there",
      { cert: "none.pem", key: "key.pem" },
      /--tls-cert-file .*none\.pem cannot be read/,
    ],
    ["a key for a certificate", { cert: "key.pem", key: "key.pem" }, /are no certificate and its key/],
  ])("%s ends the start, and shows nothing of a key", async (_, { cert, key }, message) => {
    const started = startSidecar({
      appId: "b",
      logLevel: "error",
      certificate: { cert: join(folder, cert), key: join(folder, key) },
    });
    await expect(started).rejects.toThrow(message);
    await started.catch((error: Error) => expect(error.message).not.toContain("PRIVATE KEY"));
  });
});
