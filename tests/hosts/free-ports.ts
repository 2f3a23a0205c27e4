import { createServer } from "node:net";

/** Below the ports that the system hands out by itself, so that no outgoing connection takes one meanwhile. */
const lowest = 20_000;
const span = 12_000;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

/** `count` ports of this machine that nothing listens on, all different; a port stays free between two uses. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = lowest + Math.floor(Math.random() * span);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}
