import { defaultLimits, highestLimits, type Limits } from "./manifest.ts";
import type { Field } from "./manifest-reader.ts";

/** What a manifest asks for; what it leaves out is as `otherwise` says. */
export function readLimits(field: Field, otherwise: Limits = defaultLimits): Limits {
  if (field.missing) return otherwise;
  field.only("memory", "timeMs", "concurrency", "calls", "answer");
  const size = (member: "memory" | "answer") =>
    field.member(member).size(otherwise[member], highestLimits[member]);
  const count = (member: "timeMs" | "concurrency" | "calls") =>
    field.member(member).count(otherwise[member], highestLimits[member]);
  return {
    memory: size("memory"),
    timeMs: count("timeMs"),
    concurrency: count("concurrency"),
    calls: count("calls"),
    answer: size("answer"),
  };
}
