import type { Authority } from "../../capability/grants.ts";
import type { HttpOffer, Source } from "../../capability/manifest.ts";
import { OfferSources } from "../../capability/offer-sources.ts";
import { sources as kinds, type OperationRow } from "../table-shape.ts";

type SourceRow = OperationRow["sources"][number];

/** As many as the gateway counts of one operation. */
const MOST = 16;

/** None has failed as a gateway is built, and a gateway runs no containers. */
const sourcesOf = ({ sources }: HttpOffer, authority: Authority) =>
  new OfferSources(sources, authority, { now: () => 0 }, undefined);

function sourceRow(source: Source): readonly SourceRow[] {
  switch (source.kind) {
    case "module":
      return [{ kind: kinds.module, place: "", withinMs: 0 }];
    case "remote": {
      const place = new URL(source.url).href.replace(/\/$/, "");
      return [{ kind: kinds.remote, place, withinMs: source.withinMs ?? 0 }];
    }
    case "app":
      return [{ kind: kinds.app, place: source.app, withinMs: source.withinMs ?? 0 }];
    case "container":
      return [];
  }
}

/** Who answers an offer at a gateway, in the order in which they are asked. Throws where there is nobody. */
export function sourceRows(offer: HttpOffer, authority: Authority): readonly SourceRow[] {
  const sources = sourcesOf(offer, authority);
  const rows = sources.inOrder.flatMap(sourceRow);
  if (rows.length === 0) throw new Error(`nobody answers its offer ${offer.name}: ${sources.refusals}`);
  if (rows.length > MOST)
    throw new Error(`its offer ${offer.name} has more than ${MOST} sources, the most that a gateway asks`);
  return rows;
}

/** Which sources of an offer a gateway passes over, whatever is granted: why, one sentence each. */
export function unasked(offer: HttpOffer, authority: Authority): readonly string[] {
  const sources = sourcesOf(offer, authority);
  return offer.sources.flatMap((source) =>
    source.kind === "container" ? [`of ${offer.name} ${sources.refusal(source)}`] : [],
  );
}
