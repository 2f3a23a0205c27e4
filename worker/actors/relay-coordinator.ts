import type { PlacementChannel, PlacementLink } from "../../host/actors/placement/placement-link.ts";
import type { FromMember, ToMember } from "../../host/actors/placement/placement-messages.ts";
import type { CoordinatedPage, PageCoordinator } from "./page-coordinator.ts";

/** The coordinator in a relay, as the worker speaks to it for the pages of one app. */
export class RelayCoordinator implements PageCoordinator {
  /** `instance`: the app's, as it has joined the relay. */
  constructor(
    readonly link: PlacementLink,
    readonly instance: string,
  ) {}

  get name(): string {
    return this.instance;
  }

  channel(page: CoordinatedPage): PlacementChannel {
    return new PageWay(this.link, page);
  }
}

/**
 * A page's own way to the coordinator in a relay, opened by what the page says first, or at its end. Of what it says until it
 * is open the latest counts; where there is no relay that is lost, and the page says it again.
 */
class PageWay implements PlacementChannel {
  readonly #link: PlacementLink;
  readonly #page: CoordinatedPage;
  #channel: PlacementChannel | undefined;
  #opening = false;
  #latest: FromMember | undefined;
  #over = false;

  constructor(link: PlacementLink, page: CoordinatedPage) {
    this.#link = link;
    this.#page = page;
  }

  send(message: FromMember): void {
    if (this.#channel !== undefined) {
      this.#channel.send(message);
      return;
    }
    // A coordinator that has not heard its join would put it out.
    if (message.t === "alive") return;
    this.#latest = message;
    if (this.#opening) return;
    this.#opening = true;
    this.#open()
      .catch(() => undefined)
      .finally(() => {
        this.#opening = false;
      });
  }

  close(): void {
    this.#over = true;
    this.#channel?.close();
  }

  async #open(): Promise<void> {
    let lost = false;
    const channel = await this.#link.open({
      received: (message) => this.#page.send(message as ToMember),
      closed: () => {
        lost = true;
        this.#channel = undefined;
        if (!this.#over) this.#page.lost();
      },
    });
    if (lost) return;
    if (this.#latest !== undefined) channel.send(this.#latest);
    if (this.#over) channel.close();
    else this.#channel = channel;
  }
}
