import type { PlacementScheme } from "../../actors/placement/membership.ts";
import { isNameOf, type PlacementSender } from "../../actors/placement/placement-seat.ts";
import { PlacementService } from "../../actors/placement/placement-service.ts";
import { type PlacementState, placementScheme } from "../../actors/placement/placement-state.ts";
import { type PlacementTimes, placementTimes } from "../../actors/placement/placement-times.ts";
import type { Platform } from "../../platform.ts";
import { decodeRecord, encodeRecord } from "../placement-record.ts";
import type { RelayMember } from "./relay-member.ts";

/**
 * The coordinators of a room, one for each namespace. A member's lost connection says nothing: its lease does, since
 * it may come back. What a relay before this one has agreed with members is over once this one has run for as long as
 * take-over takes.
 */
export class RelayPlacement {
  readonly #platform: Platform;
  readonly #times: PlacementTimes;
  readonly #scheme: PlacementScheme | undefined;
  readonly #unknownUntil: number;
  readonly #services = new Map<string, PlacementService>();
  readonly #senders = new WeakMap<RelayMember, PlacementSender>();
  #term = 0;

  /** `startedAt`: when the relay was started, on the monotonic clock. */
  constructor(
    platform: Platform,
    startedAt: number,
    times: PlacementTimes = placementTimes,
    scheme?: PlacementScheme,
  ) {
    this.#platform = platform;
    this.#scheme = scheme;
    this.#times = times;
    this.#unknownUntil = startedAt + times.takeOverMs;
  }

  receive(member: RelayMember, body: Uint8Array): void {
    const { namespace } = member;
    const service = this.#service(namespace);
    service.receive(this.#sender(member), decodeRecord(body));
    if (!service.idle) return;
    service.close();
    this.#services.delete(namespace);
  }

  /** Of one namespace, or of all. */
  state(namespace?: string): PlacementState {
    const states = [...this.#services]
      .filter(([each]) => namespace === undefined || each === namespace)
      .map(([, service]) => service.state());
    return {
      hostList: states.flatMap(({ hostList }) => hostList),
      ...placementScheme(this.#scheme),
      tableVersion: Math.max(0, ...states.map(({ tableVersion }) => tableVersion)),
    };
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
    this.#services.clear();
  }

  #service(namespace: string): PlacementService {
    let service = this.#services.get(namespace);
    if (service === undefined) {
      const { clock, log } = this.#platform;
      this.#term = Math.max(this.#term + 1, Math.ceil(clock.now()));
      const unknownMs = Math.max(0, this.#unknownUntil - (clock.monotonic?.() ?? clock.now()));
      const times = this.#times;
      this.#forgetIdle();
      service = new PlacementService({
        clock,
        log,
        namespace,
        term: this.#term,
        unknownMs,
        times,
        scheme: this.#scheme,
      });
      this.#services.set(namespace, service);
    }
    return service;
  }

  /** Members may also have gone by silence. */
  #forgetIdle(): void {
    for (const [namespace, service] of this.#services) {
      if (!service.idle) continue;
      service.close();
      this.#services.delete(namespace);
    }
  }

  #sender(member: RelayMember): PlacementSender {
    let sender = this.#senders.get(member);
    if (sender === undefined) {
      sender = {
        appId: member.appId,
        // The instance that it has joined as, and what that one is made of.
        mayBe: (name) => member.instance !== undefined && isNameOf(member.instance, name),
        send: (message) => member.send({ t: "placement" }, encodeRecord(message)),
      };
      this.#senders.set(member, sender);
    }
    return sender;
  }
}
