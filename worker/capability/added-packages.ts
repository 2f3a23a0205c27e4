import { type Grants, readGrants } from "../../host/capability/grants.ts";
import { ManifestError } from "../../host/capability/manifest-reader.ts";
import type { PackageSource } from "../../host/capability/package-source.ts";
import { readManifest } from "../../host/capability/read-manifest.ts";
import type { KeptFiles } from "../../host/capability/site-package.ts";

/** What a page hands over. */
export interface GivenPackage {
  readonly manifest: unknown;
  /** As in `grants.yaml`. */
  readonly grant: unknown;
  /** By their paths inside of the package. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** As it is kept. */
interface AddedPackage {
  readonly name: string;
  readonly manifest: unknown;
  readonly grant: unknown;
  /** The address that its files' paths are appended to: of this version alone. */
  readonly folder: string;
  readonly paths: readonly string[];
}

export interface AddedPackagesOptions {
  /** Under which all of it is kept. Ends with a slash. */
  readonly base: string;
  readonly kept: KeptFiles;
  readonly uuid: () => string;
  /** Brings everybody who runs packages to the present ones. Throws where the one of this origin is refused. */
  readonly use: (origin?: string) => Promise<void>;
  /** Runs a change while nobody else makes one; left out where nobody else can. */
  readonly alone?: <T>(change: () => Promise<T>) => Promise<T>;
  /** Tells others who keep theirs in the same place. */
  readonly changed?: () => void;
}

/** The packages that pages added to a scope. A change is there for all of it, or not at all: the index is written last. */
export class AddedPackages {
  readonly #options: AddedPackagesOptions;
  readonly #index: string;
  #packages: readonly AddedPackage[] = [];
  /** One change after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AddedPackagesOptions) {
    this.#options = options;
    this.#index = `${options.base}index.json`;
  }

  /** Reads what was added before, or by others. */
  load(): Promise<void> {
    return this.#next(async () => undefined);
  }

  /** Others have changed them. */
  follow(): Promise<void> {
    return this.#next(() => this.#options.use());
  }

  get sources(): readonly PackageSource[] {
    return this.#packages.map(({ name, manifest, folder }) => ({
      origin: this.#originOf(name),
      manifest,
      read: async (path) => {
        const bytes = await this.#options.kept.read(folder + path);
        if (bytes === undefined) throw new ManifestError(`${path} is not among its files`);
        return bytes;
      },
    }));
  }

  get grants(): Grants {
    return new Map(
      this.#packages.flatMap(({ name, grant }) => [...readGrants({ [name]: grant }, "what was granted")]),
    );
  }

  /** Adds a package, or puts it in the place of the one of its name. Throws, with all as it was, for one that is refused. */
  add({ manifest, grant, files }: GivenPackage): Promise<void> {
    return this.#next(async () => {
      const { name } = readManifest(manifest, "capability.json");
      readGrants({ [name]: grant }, "what was granted");
      const folder = `${this.#originOf(name)}/${this.#options.uuid()}/`;
      const added = { name, manifest, grant, folder, paths: [...files.keys()] };
      try {
        for (const [path, bytes] of files) await this.#options.kept.write(folder + path, bytes);
        const others = this.#packages.filter((one) => one.name !== name);
        await this.#become([...others, added], this.#originOf(name));
      } catch (error) {
        await this.#forget(added);
        throw error;
      }
    });
  }

  /** False where there is none of that name. Throws, with all as it was, where it is in use. */
  remove(name: string): Promise<boolean> {
    return this.#next(async () => {
      const others = this.#packages.filter((one) => one.name !== name);
      if (others.length === this.#packages.length) return false;
      await this.#become(others, this.#originOf(name));
      return true;
    });
  }

  /** For messages, and so that a successor is known as one. */
  #originOf(name: string): string {
    return this.#options.base + name;
  }

  async #next<T>(change: () => Promise<T>): Promise<T> {
    const { kept, alone = (work) => work() } = this.#options;
    const read = async () => {
      const bytes = await kept.read(this.#index);
      if (bytes !== undefined) this.#packages = JSON.parse(new TextDecoder().decode(bytes));
      return await change();
    };
    const changing = this.#turn.then(() => alone(read));
    this.#turn = changing.catch(() => undefined);
    return await changing;
  }

  async #become(packages: readonly AddedPackage[], origin?: string): Promise<void> {
    const { use, kept } = this.#options;
    const before = this.#packages;
    try {
      this.#packages = packages;
      await use(origin);
      await kept.write(this.#index, new TextEncoder().encode(JSON.stringify(packages)));
    } catch (error) {
      this.#packages = before;
      await use().catch(() => undefined);
      throw error;
    }
    for (const one of before) if (!packages.includes(one)) await this.#forget(one);
    this.#options.changed?.();
  }

  async #forget({ folder, paths }: AddedPackage): Promise<void> {
    for (const path of paths) await this.#options.kept.delete(folder + path);
  }
}
