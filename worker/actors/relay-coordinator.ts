import type { PlacementChannel, PlacementLink } from "../../host/actors/placement/placement-link.ts";
import type { FromMember, ToMember } from "../../host/actors/placement/placement-messages.ts";
import type { Clock } from "../../host/platform.ts";
import type { CoordinatedPage, PageCoordinator } from "./page-coordinator.ts";

/** For so long it is seen to that the coordinator hears of a page's end, and so often where it cannot be spoken to. Milliseconds. */
const farewellMs = 5_000;
const againMs = 300;

/** The coordinator in a relay, as the worker speaks to it for the pages of one app. */
export class RelayCoordinator implements PageCoordinator {
  /** `instance`: the app's, as it has joined the relay. */
  constructor(
    readonly link: PlacementLink,
    readonly instance: string,
    readonly clock: Clock,
  ) {}

  get name(): string {
    return this.instance;
  }

  channel(page: CoordinatedPage): PlacementChannel {
    return new PageWay(this.link, page, this.clock);
  }
}

/**
 * A page's own way to the coordinator in a relay, opened by what the page says first, or at its end. Of what it says until it
 * is open the latest counts; where there is no relay that is lost, and the page says it again. Its end may be that of the
 * connection to the relay, too, which another page holds a moment later: so it is told by both.
 */
class PageWay implements PlacementChannel {
  readonly #link: PlacementLink;
  readonly #page: CoordinatedPage;
  readonly #clock: Clock;
  #channel: PlacementChannel | undefined;
  #opening = false;
  #latest: FromMember | undefined;
  /** It is closed but for a word of farewell. */
  #leaving = false;
  #over = false;

  constructor(link: PlacementLink, page: CoordinatedPage, clock: Clock) {
    this.#link = link;
    this.#page = page;
    this.#clock = clock;
  }

  send(message: FromMember): void {
    this.#latest = message;
    if (this.#channel !== undefined) this.#channel.send(message);
    // A coordinator that has not heard its join would put it out.
    else if (message.t !== "alive") void this.#begin();
  }

  close(): void {
    const end = () => {
      this.#over = true;
      this.#channel?.close();
    };
    this.#leaving = this.#latest?.t === "leave";
    if (this.#leaving) this.#clock.after(farewellMs, end);
    else end();
  }

  async #begin(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    try {
      await this.#open();
    } catch {
      if (this.#leaving && !this.#over) this.#clock.after(againMs, () => void this.#begin());
    } finally {
      this.#opening = false;
    }
  }

  async #open(): Promise<void> {
    let lost = false;
    const channel = await this.#link.open({
      received: (message) => this.#page.send(message as ToMember),
      closed: () => {
        lost = true;
        this.#channel = undefined;
        if (this.#leaving) void this.#begin();
        else this.#page.lost();
      },
    });
    if (lost) throw new Error("the connection was lost meanwhile");
    if (this.#latest !== undefined) channel.send(this.#latest);
    if (this.#over) channel.close();
    else this.#channel = channel;
  }
}
