import type { Code } from "../../host/errors/component-error.ts";

/** A worker is wanted for one instance of a capability. */
export interface LendRequest {
  readonly kind: "lend-worker";
  /** Of the script. */
  readonly address: string;
  /** Unique in the world. */
  readonly name: string;
  /** For the worker. */
  readonly guest: MessagePort;
}

/** What only a page can do: it has the user in front of it, and may start workers. */
export type DeviceRequest =
  | LendRequest
  /** Nothing: it has now what it takes to lend, also when there will be no network. */
  | { readonly kind: "prepare-lending" }
  | { readonly kind: "read-clipboard" }
  | { readonly kind: "write-clipboard"; readonly text: string }
  | { readonly kind: "pick-files"; readonly accept: string; readonly multiple: boolean }
  | {
      readonly kind: "save-file";
      readonly name: string;
      readonly type: string;
      readonly contents: Uint8Array;
    };

export interface PickedFile {
  readonly name: string;
  readonly type: string;
  readonly contents: Uint8Array;
}

export interface DeviceAnswer {
  readonly text?: string;
  readonly files?: readonly PickedFile[];
  /** Why it could not be done. */
  readonly error?: { readonly code: Code; readonly message: string };
}

/** What a notification says; members as in the Notifications API. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  readonly icon: string | undefined;
  readonly tag: string | undefined;
  /** Handed back with the click. */
  readonly data: unknown;
}

/** A click on a notification of one binding. */
export interface NoticeClick {
  readonly title: string;
  /** Of the button; empty for the notification itself. */
  readonly action: string;
  readonly data: unknown;
}

/** How components reach the user. What fails is a ComponentError. */
export interface PageDevices {
  /** Asks a visible page of the app. */
  ask(appId: string, request: DeviceRequest, signal: AbortSignal | undefined): Promise<DeviceAnswer>;
  /** `source` names app and component: clicks are told to who listens under it. */
  notify(source: string, notice: Notice): Promise<void>;
  /** The answer ends the listening. */
  onClick(source: string, listener: (click: NoticeClick) => void): () => void;
}
