import type { ServerResponse } from "node:http";
import type { Headers, RuntimeResponse } from "../http.ts";

/** Fields that belong to the connection or are computed here. */
function ours(name: string): boolean {
  switch (name) {
    case "content-length":
    case "transfer-encoding":
    case "connection":
    case "keep-alive":
      return true;
    default:
      return false;
  }
}

/** Bytes of a body that go out in one string with the head: the system is given one piece instead of two. */
const joinedUpTo = 4096;

function sendWhole(response: ServerResponse, body: Uint8Array | undefined): void {
  if (body === undefined || body.byteLength > joinedUpTo) response.end(body);
  else response.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
}

/**
 * Writes a response: bytes in one piece with their length, a stream as it comes with back-pressure, until the promise of
 * that resolves. Throws when the head is not valid HTTP, rejects when the stream fails; what was sent by then is all that
 * was sent.
 */
export function respond(
  response: ServerResponse,
  { status, headers, body }: RuntimeResponse,
  extra: Headers | undefined,
): Promise<void> | undefined {
  const fields: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!ours(name)) fields.push(name, headers[i + 1] as string);
  }
  if (extra !== undefined) fields.push(...extra);
  if (body === undefined || body instanceof Uint8Array) {
    // Of what a GET would answer nothing is known.
    const asked = body !== undefined || response.req.method !== "HEAD";
    if (asked && status !== 204 && status !== 304 && status >= 200) {
      fields.push("content-length", String(body?.byteLength ?? 0));
    }
    response.writeHead(status, fields);
    sendWhole(response, body);
    return undefined;
  }
  response.writeHead(status, fields);
  if (response.req.method === "HEAD" || status === 204 || status === 304) {
    response.end();
    return body.cancel();
  }
  response.flushHeaders();
  return pump(body, response);
}

async function pump(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
  const gone = () => {
    if (!response.writableFinished) reader.cancel().catch(() => undefined);
  };
  response.once("close", gone);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || response.destroyed) break;
      if (!response.write(value)) await drained(response);
    }
    response.end();
  } finally {
    response.off("close", gone);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      response.off("drain", go);
      response.off("close", go);
      resolve();
    };
    response.on("drain", go);
    response.on("close", go);
  });
}
