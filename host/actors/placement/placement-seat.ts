import type { FromMember, ToMember } from "./placement-messages.ts";

/** Whether a name is that of an instance, or of a part of it. */
export function isNameOf(instance: string, name: string): boolean {
  return name === instance || name.startsWith(`${instance}/`);
}

/** The connection by which a member speaks, with what the transport has verified of who is at its other end. */
export interface PlacementSender {
  readonly appId: string;
  /** Whether that one may call an instance so. */
  mayBe(name: string): boolean;
  send(message: ToMember): void;
}

/** What a coordinator keeps of one member. */
export class PlacementSeat {
  readonly key: string;
  readonly incarnation: number;
  readonly name: string;
  readonly appId: string;
  readonly address: string | undefined;
  sender: PlacementSender;
  types: readonly string[] = [];
  /** Equal when app id, address and types are. */
  print = "";
  revision = -1;
  /** When it was heard of last, on the coordinator's monotonic clock. */
  heardAt = 0;
  /** When its types changed last, by the calendar. */
  updatedAt = 0;
  /** False while it waits for the end of a round that began without it. */
  admitted = false;
  /** Its actors may be at work, by a table that it was given and has not yet exchanged for one without it. */
  mayOwn: boolean;
  /** Steps; 0: none. */
  acknowledged = 0;
  sent = 0;
  sentAt = 0;
  /** Until when it has to acknowledge what it was sent. */
  due = Number.POSITIVE_INFINITY;

  constructor(join: FromMember & { t: "join" }, sender: PlacementSender) {
    this.key = join.key;
    this.incarnation = join.incarnation;
    this.name = join.name;
    this.address = join.address;
    this.appId = sender.appId;
    this.sender = sender;
    this.mayOwn = join.held !== undefined;
  }

  /** A round waits for it: its actors may have to stop, or it is about to get some. */
  get awaited(): boolean {
    return this.admitted && (this.mayOwn || this.types.length > 0);
  }

  setTypes(revision: number, types: readonly string[], now: number): void {
    this.revision = revision;
    this.types = [...new Set(types)].sort();
    this.print = JSON.stringify([this.appId, this.address, ...this.types]);
    this.updatedAt = now;
  }
}
