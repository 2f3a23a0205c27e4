import type { Limits } from "./manifest.ts";

/** A container that answers an offer. */
export interface Container {
  readonly image: string;
  readonly status: ContainerStatus;
  /** Where it answers, once it does; it is started where it does not run. Rejects where it cannot be, and says why. */
  address(): Promise<string>;
  /**
   * Says that a call there failed so: before the next one it is looked at whether it lives. True: the call was not sent, and may be made
   * again.
   */
  failed(error: unknown): boolean;
  /** At once; what is under way rejects. */
  end(): void;
}

/** A container, for who asks what there is. */
export interface ContainerStatus {
  readonly status: "stopped" | "starting" | "running";
  /** How often it was. */
  readonly started: number;
  /** Why it does not run, where it was to. */
  readonly cause?: string | undefined;
}

/** What runs containers. */
export interface Containers {
  /** Why there are none here; undefined: there are. */
  readonly refusal: string | undefined;
  /** One that runs from its first call on. `port` is where it listens within. */
  open(image: string, port: number, limits: Limits): Container;
  /** Ends all of them. */
  close(): Promise<void>;
}
