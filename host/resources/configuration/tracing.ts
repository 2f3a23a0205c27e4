import { present } from "../../present.ts";
import { fail, isFields, member, optionalFlag, optionalText, type Place, scalar } from "../fields.ts";
import type { TracingSection } from "../tracing-section.ts";
import type { SectionReader } from "./section.ts";

type Path = readonly (string | number)[];

function rate(value: unknown, place: Place, path: Path): number | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && number >= 0 && number <= 1) return number;
  return fail(place, path, 'must be text from "0" (off) to "1" (every trace)');
}

/** A list of `{ name, value }` or of `name=value`, a mapping, or the text of OTEL_EXPORTER_OTLP_HEADERS. */
function headers(value: unknown, place: Place, path: Path): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  const pair = (name: unknown, text: unknown) => `${scalar(name)}=${encodeURIComponent(scalar(text))}`;
  if (isFields(value))
    return Object.entries(value)
      .map(([name, text]) => pair(name, text))
      .join(",");
  if (!Array.isArray(value)) fail(place, path, "must be a list of entries with name and value");
  const entries = value.map((entry: unknown, i) => {
    if (typeof entry === "string" && entry.includes("=")) return entry;
    if (!isFields(entry)) fail(place, [...path, i], "must be a mapping with name and value");
    return pair(member(entry, "name"), member(entry, "value"));
  });
  return entries.join(",");
}

/** The mapping that stands under `name`. */
function mapping(section: Readonly<Record<string, unknown>>, name: string, place: Place, path: Path) {
  const value = member(section, name);
  if (value === undefined || value === null) return undefined;
  if (!isFields(value)) fail(place, [...path, name], "must be a mapping with endpointAddress");
  return value;
}

function zipkin(section: Readonly<Record<string, unknown>>, place: Place, path: Path) {
  const given = mapping(section, "zipkin", place, path);
  if (given === undefined) return undefined;
  const at = [...path, "zipkin", "endpointAddress"];
  const endpointAddress = optionalText(member(given, "endpointAddress"), place, at);
  return present<NonNullable<TracingSection["zipkin"]>>({ endpointAddress });
}

function otel(section: Readonly<Record<string, unknown>>, place: Place, path: Path) {
  const given = mapping(section, "otel", place, path);
  if (given === undefined) return undefined;
  const own = [...path, "otel"];
  const text = (name: string) => optionalText(member(given, name), place, [...own, name]);
  const address = text("endpointAddress") || undefined;
  const protocol = text("protocol") || undefined;
  if (protocol !== undefined && !/^(http(\/json|\/protobuf)?|grpc)$/.test(protocol)) {
    fail(place, [...own, "protocol"], "must be grpc or http");
  }
  const secure = optionalFlag(member(given, "isSecure"), place, [...own, "isSecure"]) ?? true;
  const scheme = secure ? "https" : "http";
  const timeout = member(given, "timeout");
  return present<NonNullable<TracingSection["otel"]>>({
    endpointAddress: address === undefined || address.includes("://") ? address : `${scheme}://${address}`,
    headers: headers(member(given, "headers"), place, [...own, "headers"]),
    timeout: timeout === undefined || timeout === null ? undefined : scalar(timeout),
    protocol,
  });
}

/** `spec.tracing`: how many traces are sampled, and where their spans go. */
export const tracing: SectionReader = (section, place, path) => {
  if (!isFields(section)) fail(place, path, "must be a mapping with samplingRate");
  // An absent member must not hide that of a Configuration below.
  return {
    tracing: present<TracingSection>({
      samplingRate: rate(member(section, "samplingRate"), place, [...path, "samplingRate"]),
      stdout: optionalFlag(member(section, "stdout"), place, [...path, "stdout"]),
      zipkin: zipkin(section, place, path),
      otel: otel(section, place, path),
    }),
  };
};
