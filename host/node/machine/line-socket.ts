import type { Socket } from "node:net";

/** Longer than any message of placement: ten thousand hosts with their types. */
const longestLine = 16 << 20;

/**
 * Records of JSON over a socket, one a line. What is no JSON closes it, as does a line that never ends; `closed` is called
 * once, however it ends.
 */
export class LineSocket {
  readonly #socket: Socket;
  #rest = "";

  constructor(socket: Socket, received: (record: unknown) => void, closed: () => void) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("error", () => socket.destroy());
    socket.once("close", closed);
    socket.on("data", (text: string) => {
      this.#rest += text;
      for (;;) {
        const end = this.#rest.indexOf("\n");
        if (end === -1) break;
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        try {
          received(JSON.parse(line));
        } catch {
          socket.destroy();
          return;
        }
      }
      if (this.#rest.length > longestLine) socket.destroy();
    });
  }

  send(record: unknown): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(record)}\n`);
  }

  close(): void {
    this.#socket.destroySoon();
  }
}
