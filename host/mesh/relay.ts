import type { PlacementScheme } from "../actors/placement/membership.ts";
import { type PlacementState, placementState } from "../actors/placement/placement-state.ts";
import type { PlacementTimes } from "../actors/placement/placement-times.ts";
import { toHex } from "../hex.ts";
import type { Platform, Socket, SocketEvents } from "../platform.ts";
import { equalTokens } from "../security/token.ts";
import { ByteBudget, MemoryRelayLog, relayMemory } from "./relay/memory-relay-log.ts";
import { defaultLimits, type RelayLimits } from "./relay/relay-limits.ts";
import type { RelayLog } from "./relay/relay-log.ts";
import { RelayMember } from "./relay/relay-member.ts";
import { RelayPlacement } from "./relay/relay-placement.ts";
import { RelayRoom } from "./relay/relay-room.ts";
import { closeCodes, decodeFrame, encodeFrame, FrameError, type FrameOf, version } from "./relay-protocol.ts";

/** A token, and what it entitles to; what is left out may be anything. */
export interface RelayGrant {
  readonly token: string;
  readonly room?: string;
  readonly appId?: string;
  readonly namespace?: string;
}

export interface RelayConfiguration {
  readonly platform: Platform;
  /** Who may enter; empty: everybody. */
  readonly grants: readonly RelayGrant[];
  readonly limits?: Partial<RelayLimits>;
  /** Of members that host actors. */
  readonly placementTimes?: PlacementTimes;
  readonly placementScheme?: PlacementScheme;
  /** The log of a room, made when its first member comes. In memory when left out. */
  openLog?(room: string): RelayLog;
}

/** Of rooms, app ids and namespaces. */
const name = /^[^\p{Cc}/]{1,128}$/u;

/**
 * A relay: members join by message sockets, publish and subscribe, and call each other. It knows nothing of how the
 * sockets come about. Who a member is was settled when it said hello, and is told to others as registered here.
 */
export class Relay {
  readonly #configuration: RelayConfiguration;
  readonly #limits: RelayLimits;
  readonly #rooms = new Map<string, RelayRoom>();
  readonly #memory = new ByteBudget(relayMemory);
  readonly #startedAt: number;
  #connections = 0;
  #closed = false;

  constructor(configuration: RelayConfiguration) {
    this.#configuration = configuration;
    const { clock } = configuration.platform;
    this.#startedAt = clock.monotonic?.() ?? clock.now();
    this.#limits = { ...defaultLimits, ...configuration.limits };
  }

  /** What a token entitles to; undefined when it does not, or when the relay asks for none. */
  grant(token: string | undefined): RelayGrant | undefined {
    let found: RelayGrant | undefined;
    // All are compared: the time tells nothing of which one was close.
    for (const grant of this.#configuration.grants)
      if (equalTokens(token ?? "", grant.token)) found ??= grant;
    return found;
  }

  /** Takes an open socket. What it receives goes to the events that are answered. */
  accept(socket: Socket, address: string | undefined): SocketEvents {
    const { clock, log } = this.#configuration.platform;
    let member: RelayMember | undefined;
    let last = clock.now();
    let over = false;
    this.#connections++;
    const end = (code: number, reason: string) => {
      over = true;
      log.debug("a relay's connection was ended", { code, reason });
      // A close frame has room for 123 bytes.
      socket.close(code, reason.slice(0, 120));
    };
    let cancel = clock.after(this.#limits.helloMs, () => end(closeCodes.protocol, "no hello came"));
    const watch = () => {
      const left = last + this.#limits.silentMs - clock.now();
      if (left <= 0) end(closeCodes.silent, "nothing was heard for too long");
      else cancel = clock.after(left, watch);
    };
    if (this.#closed || this.#connections > this.#limits.connections) {
      end(1013, "the relay takes no more connections");
    }
    return {
      open: () => undefined,
      message: (data) => {
        if (over) return;
        last = clock.now();
        try {
          const { frame, body } = decodeFrame(data);
          if (member !== undefined) {
            member.receive(frame, body);
            return;
          }
          if (frame.t !== "hello") throw new FrameError("the first frame is hello");
          const admitted = this.#hello(frame, socket, address);
          if (admitted instanceof RelayMember) {
            member = admitted;
            cancel();
            watch();
          } else {
            const [code, reason] = admitted;
            socket.send(encodeFrame({ t: "refused", id: 0, code: codeName(code), message: reason }));
            end(code, reason);
          }
        } catch (error) {
          if (error instanceof FrameError) {
            end(closeCodes.protocol, error.message);
            return;
          }
          log.error("the relay failed on a frame", {
            cause: error instanceof Error ? (error.stack ?? error.message) : "unknown",
          });
          end(1011, "the relay failed");
        }
      },
      closed: (code) => {
        over = true;
        cancel();
        this.#connections--;
        member?.detach(socket, code === 1000 || code === 1001);
      },
    };
  }

  /** The member, registered and welcomed; or why it is not. */
  #hello(
    frame: FrameOf<"hello">,
    socket: Socket,
    address: string | undefined,
  ): RelayMember | [number, string] {
    const { v, room: roomName, token, appId, namespace, session } = frame;
    if (v !== version) {
      return [
        closeCodes.protocol,
        `the relay speaks version ${version} of the protocol, the member ${v}; use the same release`,
      ];
    }
    if (![roomName, appId, namespace].every((each) => name.test(each))) {
      return [closeCodes.identity, "room, app id and namespace have 1 to 128 characters, and no slash"];
    }
    const grant = this.grant(token);
    if (grant === undefined && this.#configuration.grants.length > 0) {
      return [
        closeCodes.token,
        token === undefined ? "the relay asks for a token" : "the relay does not know the token",
      ];
    }
    const allowed = (granted: string | undefined, asked: string) =>
      granted === undefined || granted === asked;
    if (
      !allowed(grant?.room, roomName) ||
      !allowed(grant?.appId, appId) ||
      !allowed(grant?.namespace, namespace)
    ) {
      return [closeCodes.identity, "the token is for another room, app id or namespace"];
    }
    if (!this.#rooms.has(roomName) && this.#rooms.size >= this.#limits.rooms) {
      return [closeCodes.identity, `the relay has ${this.#rooms.size} rooms, which is the most it keeps`];
    }
    const room = this.#room(roomName);
    const vouched = grant?.appId !== undefined;
    const known = session === undefined ? undefined : room.bySession(session);
    if (
      known !== undefined &&
      known.appId === appId &&
      known.namespace === namespace &&
      known.vouched === vouched
    ) {
      known.address = address;
      known.attach(socket, true);
      return known;
    }
    const { platform } = this.#configuration;
    const id = toHex(platform.random(new Uint8Array(32)));
    const member = new RelayMember(id, appId, namespace, vouched, address, room, platform, this.#limits);
    room.enter(member);
    member.attach(socket, false);
    return member;
  }

  #room(name: string): RelayRoom {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      const { openLog, platform, placementTimes, placementScheme } = this.#configuration;
      const log = openLog?.(name) ?? new MemoryRelayLog(platform, { budget: this.#memory });
      room = new RelayRoom(
        log,
        new RelayPlacement(platform, this.#startedAt, placementTimes, placementScheme),
      );
      this.#rooms.set(name, room);
    }
    return room;
  }

  /** Who hosts which actors, in one namespace or in all of them. */
  placement(room: string, namespace?: string): PlacementState {
    return this.#rooms.get(room)?.placement.state(namespace) ?? placementState(undefined, "");
  }

  /** Ends every connection; members that come back find another relay, or none. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const room of this.#rooms.values()) {
      for (const member of [...room.members]) member.end();
      room.placement.close();
      await room.log.close();
    }
    this.#rooms.clear();
  }
}

function codeName(code: number): string {
  if (code === closeCodes.token) return "UNAUTHENTICATED";
  return code === closeCodes.identity ? "PERMISSION_DENIED" : "INVALID_ARGUMENT";
}
