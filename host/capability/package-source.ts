/** Where a package comes from: a folder, a site, what was dropped onto a page. */
export interface PackageSource {
  /** For messages. */
  readonly origin: string;
  /** What `capability.json` says, parsed; an Error where it could not be. */
  readonly manifest: unknown;
  /** Where its files are, for programs of the machine; undefined where they are elsewhere. */
  readonly folder?: string;
  /** A file of the package, by a path that stays inside of it. */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}
