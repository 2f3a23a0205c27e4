import type { Message, PublishRequest } from "../../host/components/pubsub/pubsub.ts";
import { FakeClock } from "../../host/fake-clock.ts";
import type { RuntimeRequest, RuntimeResponse } from "../../host/http.ts";
import { Mesh } from "../../host/mesh/mesh.ts";
import { Relay, type RelayConfiguration } from "../../host/mesh/relay.ts";
import { RelayClient } from "../../host/mesh/relay-client.ts";
import type { RelayConnection } from "../../host/mesh/relay-connection.ts";
import { decodeFrame, encodeFrame, type Frame } from "../../host/mesh/relay-protocol.ts";
import type { Receiver } from "../../host/mesh/transport.ts";
import { MemorySockets } from "./memory-sockets.ts";

export const encoder = new TextEncoder();
export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
export const delivery = { concurrency: 10, backOff: { initialMs: 1_000, maxMs: 30_000 } };
export const request = (path: string, rest: Partial<RuntimeRequest> = {}): RuntimeRequest => ({
  method: "GET",
  path,
  query: "",
  headers: [],
  body: undefined,
  ...rest,
});
export const say = (words: string): RuntimeResponse => ({
  status: 200,
  headers: [],
  body: encoder.encode(words),
});
export const event = (topic: string, words: string, extra: Partial<PublishRequest> = {}): PublishRequest => ({
  topic,
  data: encoder.encode(words),
  contentType: undefined,
  metadata: new Map(),
  requestId: undefined,
  ...extra,
});

/** A relay without a network, members that join it, and strangers that say what they like. */
export function room(configuration: Partial<RelayConfiguration> = {}) {
  const clock = new FakeClock();
  const sockets = new MemorySockets(clock);
  const platform = sockets.platform();
  const relay = new Relay({ platform, grants: [], ...configuration });
  sockets.relay = relay;
  let instances = 0;

  async function open(appId: string, token?: string, roomName = "default", namespace = "default") {
    const client = new RelayClient(platform);
    return await client.open({ url: "ws://relay.example", room: roomName, token, appId, namespace });
  }
  async function member(appId: string, receive: Receiver = async () => say(appId)) {
    const connection = await open(appId);
    const instance = `${appId}-${++instances}`;
    await connection.transport.join({ appId, namespace: "default", instance }, receive);
    await clock.advance(0);
    return { ...connection, instance, mesh: new Mesh([connection.transport], platform) };
  }
  /** A socket that says what it likes, and what it hears. */
  async function stranger() {
    const heard: Frame[] = [];
    let closed: number | undefined;
    const socket = relay.accept(
      {
        send: (data) => heard.push(decodeFrame(data as Uint8Array, 1 << 20).frame),
        buffered: 0,
        close: (code) => {
          closed = code;
        },
      },
      "192.0.2.66",
    );
    return {
      heard,
      closed: () => closed,
      async say(frame: unknown, body?: Uint8Array) {
        socket.message(encodeFrame(frame as Frame, body));
        await clock.advance(0);
      },
      raw: (data: string | Uint8Array) => socket.message(data),
      async hello(appId: string, more: Record<string, unknown> = {}) {
        socket.message(
          encodeFrame({ t: "hello", v: 1, room: "default", appId, namespace: "default", ...more } as Frame),
        );
        await clock.advance(0);
      },
    };
  }
  return { clock, sockets, platform, relay, open, member, stranger };
}

/** A subscription that keeps what it gets. */
export function collector(connection: RelayConnection, topic: string, consumerId: string) {
  const got: string[] = [];
  const subscribed = connection.subscribe(
    { topic, consumerId, metadata: new Map() },
    async (message: Message) => void got.push(text(message.data)),
    delivery,
  );
  return { got, subscribed };
}
