import { RelayHolder } from "../../../worker/relay/relay-holder.ts";

/** A page's part: `offer` as the client does, and `say` opens a socket in the service worker. */
async function start(): Promise<void> {
  await navigator.serviceWorker.register("relay-worker.js");
  const registration = await navigator.serviceWorker.ready;
  const worker = () => {
    if (registration.active === null) throw new Error("the service worker is not active");
    return registration.active;
  };
  const relay: RelayPage = {
    heard: [],
    ports: 0,
    holder: new RelayHolder({
      locks: navigator.locks,
      name: "relay",
      start: () => new Worker("relay-worker.js"),
      deliver: (port) => {
        relay.ports++;
        worker().postMessage({ port: true }, [port]);
      },
      failed: (reason) => relay.heard.push(`failed: ${reason}`),
    }),
    say(say, url) {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => relay.heard.push(data as string);
      worker().postMessage({ say, url }, [port2]);
    },
  };
  relay.holder.offer();
  Object.assign(globalThis, { relay });
}

export interface RelayPage {
  readonly heard: string[];
  ports: number;
  readonly holder: RelayHolder;
  say(text: string, url: string): void;
}

void start();
