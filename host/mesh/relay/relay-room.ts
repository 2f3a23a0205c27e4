import { equalTokens } from "../../security/token.ts";
import { closeCodes } from "../relay-protocol.ts";
import { RelayCalls } from "./relay-calls.ts";
import type { RelayLog } from "./relay-log.ts";
import type { RelayMember } from "./relay-member.ts";
import type { RelayPlacement } from "./relay-placement.ts";

/** Members named in one frame of presence, so that its head stays within bounds. */
const namedAtOnce = 200;

/** Members that share topics and may call each other; rooms know nothing of one another. */
export class RelayRoom {
  readonly calls = new RelayCalls((instance) => this.#callable.get(instance));
  readonly #sessions = new Map<string, RelayMember>();
  readonly #callable = new Map<string, RelayMember>();

  constructor(
    readonly log: RelayLog,
    readonly placement: RelayPlacement,
  ) {}

  get members(): Iterable<RelayMember> {
    return this.#sessions.values();
  }

  bySession(session: string): RelayMember | undefined {
    return this.#sessions.get(session);
  }

  enter(member: RelayMember): void {
    this.#sessions.set(member.session, member);
  }

  forget(member: RelayMember): void {
    this.leave(member);
    this.#sessions.delete(member.session);
  }

  /** Makes a member callable and known to all. False when the name is another's. */
  join(member: RelayMember, instance: string): boolean {
    const holder = this.#callable.get(instance);
    if (holder !== undefined && holder !== member) {
      if (!isSame(holder, member)) return false;
      // It is dead, or its runtime is.
      holder.end(closeCodes.replaced, "the instance came back on another connection");
    }
    if (member.instance !== undefined && member.instance !== instance) this.leave(member);
    this.#callable.set(instance, member);
    this.#tellAll([instance, member.appId, member.namespace], []);
    return true;
  }

  /** Nobody calls it any more; it keeps its subscriptions. */
  leave(member: RelayMember): void {
    const { instance } = member;
    if (instance === undefined || this.#callable.get(instance) !== member) return;
    this.#callable.delete(instance);
    this.#tellAll([], [instance]);
  }

  /** Tells one member of all who are callable. */
  tellPresence(to: RelayMember): void {
    const names: string[] = [];
    for (const [instance, { appId, namespace }] of this.#callable) names.push(instance, appId, namespace);
    for (let i = 0; i < names.length; i += 3 * namedAtOnce) {
      to.send({ t: "presence", joined: names.slice(i, i + 3 * namedAtOnce), left: [] });
    }
  }

  #tellAll(joined: readonly string[], left: readonly string[]): void {
    for (const member of this.#sessions.values()) member.send({ t: "presence", joined, left });
  }
}

/** Whether two connections are of one instance. */
function isSame(a: RelayMember, b: RelayMember): boolean {
  const { secret } = b;
  if (secret === undefined || a.secret === undefined || !equalTokens(a.secret, secret)) return false;
  return a.appId === b.appId && a.namespace === b.namespace && a.vouched === b.vouched;
}
