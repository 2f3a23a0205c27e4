import { createServer, type Socket } from "node:net";

export interface RawUpstream {
  readonly port: number;
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>;
  /** Bytes that came, of all connections. */
  received(): number;
  close(): Promise<void>;
}

/** Answers each request, once its head is there, by writing to its connection what it likes, or by nothing at all. */
export async function startRawUpstream(
  answer: (socket: Socket, head: string) => unknown,
): Promise<RawUpstream> {
  const open = new Set<Socket>();
  let received = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    let head: string | undefined = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      if (head === undefined) return;
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      const whole = head;
      head = undefined;
      void answer(socket, whole);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    open,
    received: () => received,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
