/** The same bookkeeping as plain JavaScript would do it: objects in maps, and one queue each. */
export class MapDirectory {
  readonly #actors = new Map<string, MapActor>();
  /** In the order in which they became idle. */
  readonly #idle = new Set<MapActor>();

  get size(): number {
    return this.#actors.size;
  }

  activate(id: string, now: number): MapActor {
    let actor = this.#actors.get(id);
    if (actor === undefined) {
      actor = { id, since: now, groups: [] };
      this.#actors.set(id, actor);
      this.#idle.add(actor);
    }
    return actor;
  }

  enter(id: string, chain: string | undefined): MapCall {
    const actor = this.#actors.get(id) as MapActor;
    if (actor.groups.length === 0) this.#idle.delete(actor);
    let group = chain === undefined ? undefined : actor.groups.find((each) => each.chain === chain);
    if (group === undefined) {
      group = { chain, calls: new Set() };
      actor.groups.push(group);
    }
    const call = { actor, group };
    group.calls.add(call);
    return call;
  }

  leave(call: MapCall, now: number, begins: (call: MapCall) => void): void {
    const { actor, group } = call;
    group.calls.delete(call);
    if (group.calls.size > 0) return;
    const place = actor.groups.indexOf(group);
    actor.groups.splice(place, 1);
    if (actor.groups.length === 0) {
      actor.since = now;
      this.#idle.add(actor);
    } else if (place === 0) for (const each of actor.groups[0]?.calls ?? []) begins(each);
  }

  idle(before: number, limit: number): MapActor[] {
    const found: MapActor[] = [];
    for (const actor of this.#idle) {
      if (actor.since > before || found.length === limit) break;
      found.push(actor);
    }
    return found;
  }

  remove(actor: MapActor): void {
    this.#idle.delete(actor);
    this.#actors.delete(actor.id);
  }
}

interface MapActor {
  readonly id: string;
  readonly groups: MapGroup[];
  since: number;
}

interface MapGroup {
  readonly chain: string | undefined;
  readonly calls: Set<MapCall>;
}

interface MapCall {
  readonly actor: MapActor;
  readonly group: MapGroup;
}
