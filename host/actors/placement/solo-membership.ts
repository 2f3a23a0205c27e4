import type { Follower, HostReport, Membership } from "./membership.ts";

/** The membership of an instance that nobody else can know of: it owns whatever it hosts, from the start. */
export class SoloMembership implements Membership {
  readonly name = "this process";
  readonly valid = true;
  #self: HostReport | undefined;
  #follower: Follower | undefined;
  #version = 0;
  #turn: Promise<void> = Promise.resolve();

  join(report: HostReport, follower: Follower): Promise<void> {
    this.#self = report;
    this.#follower = follower;
    return this.report(report.types);
  }

  report(types: readonly string[]): Promise<void> {
    const version = ++this.#version;
    this.#turn = this.#turn.then(() => this.#round(types, version));
    return this.#turn;
  }

  async leave(): Promise<void> {
    this.#follower = undefined;
    await this.#turn;
  }

  async #round(types: readonly string[], version: number): Promise<void> {
    const follower = this.#follower;
    if (follower === undefined || this.#self === undefined) return;
    const { name, appId } = this.#self;
    await follower.lock(version);
    await follower.update({
      version,
      term: 0,
      types: new Map(types.map((type) => [type, [{ name, appId }]])),
    });
    await follower.unlock(version);
  }
}
