import { ApiError } from "../../errors/api-error.ts";
import { type Headers, header, type RuntimeRequest, type RuntimeResponse, readBody } from "../../http.ts";
import { capabilityError } from "../answer-offer.ts";
import { responseOf } from "../guest-answer.ts";
import type { LoadedPackage } from "../loaded-package.ts";
import type { ActorOffer } from "../manifest.ts";
import { textField } from "../message.ts";

interface FoundType {
  readonly package: LoadedPackage;
  readonly offer: ActorOffer;
}

/** What a sidecar asks of an actor in its turn, and tells of its end. */
const asked = /^\/actors\/([^/]+)\/([^/]+)(?:\/method\/(?:(timer|remind)\/)?([^/]+))?$/;

/** The actors that packages are: any of a type's turns may be any instance's, so what lasts is in their state. */
export class PackageActors {
  readonly #loaded: () => ReadonlyMap<string, LoadedPackage>;
  readonly #maxBodySize: number;

  constructor(loaded: () => ReadonlyMap<string, LoadedPackage>, maxBodySize: number) {
    this.#loaded = loaded;
    this.#maxBodySize = maxBodySize;
  }

  /** Types that were granted, and how they are hosted, as an app says it. */
  get types(): ReadonlyMap<string, ActorOffer["config"]> {
    return new Map(this.#found.map(({ offer }) => [offer.type, offer.config]));
  }

  /** Answers as an app would; undefined: it is about an actor of nobody's here. */
  async answer(request: RuntimeRequest, turn: Headers = []): Promise<RuntimeResponse | undefined> {
    const [, type = "", id = "", trigger, method] = asked.exec(request.path) ?? [];
    const found = this.#found.find(({ offer }) => offer.type === decodeURIComponent(type));
    if (found === undefined) return undefined;
    // No instance is the actor's: there is nothing that it could let go of.
    if (method === undefined) return { status: 200, headers: [], body: undefined };
    const { package: one, offer } = found;
    const actor = {
      type: offer.type,
      id: decodeURIComponent(id),
      chain: header(request.headers, "dapr-reentrancy-id"),
      turn,
    };
    const content = header(request.headers, "content-type");
    one.begin();
    try {
      const fields = [
        textField(":offer", offer.type),
        textField(":operation", decodeURIComponent(method)),
        textField(":trigger", trigger === "remind" ? "reminder" : (trigger ?? "invoke")),
        textField(":actor", actor.id),
        textField(":query", request.query),
        [":body", await readBody(request.body, this.#maxBodySize)] as const,
        ...(content === undefined ? [] : [textField("content-type", content)]),
      ];
      const traceparent = header(request.headers, "traceparent");
      return responseOf(await one.call(offer.module, { fields, checks: [] }, { traceparent, actor }));
    } catch (error) {
      const failure = capabilityError(error, one.manifest.name);
      // To the sidecar it is what the app answered.
      if (failure instanceof ApiError) return failure.response;
      throw failure;
    } finally {
      one.ended();
    }
  }

  get #found(): readonly FoundType[] {
    return [...this.#loaded().values()].flatMap((one) =>
      one.manifest.offers.flatMap((offer) =>
        offer.kind === "actor" && one.authority.granted.hosts.includes(offer.type)
          ? [{ package: one, offer }]
          : [],
      ),
    );
  }
}
