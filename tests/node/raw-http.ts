import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Names lower-cased. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Sends exactly these bytes and reads until the server hangs up or `ms` have passed. */
export function exchangeBytes(port: number, bytes: string | Buffer, ms = 3_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, "127.0.0.1");
    let text = "";
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, ms);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("close", end);
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET" || error.code === "EPIPE") return end();
      clearTimeout(timer);
      reject(error);
    });
    socket.write(bytes);
  });
}

/** One request with exactly these header lines; `Connection: close` is added. */
export async function rawRequest(
  port: number,
  line: string,
  headers: readonly string[],
  body = "",
): Promise<RawAnswer> {
  const head = [`${line} HTTP/1.1`, ...headers, "Connection: close"].join("\r\n");
  const text = await exchangeBytes(port, `${head}\r\n\r\n${body}`);
  const [first = "", ...rest] = (text.split("\r\n\r\n")[0] as string).split("\r\n");
  return {
    status: Number(first.split(" ")[1]),
    headers: new Map(
      rest.map((field): [string, string] => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }),
    ),
    body: text.slice(text.indexOf("\r\n\r\n") + 4),
  };
}
