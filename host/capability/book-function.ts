import {
  type CapabilityManifest,
  defaultLimits,
  highestLimits,
  type Limits,
  type Offer,
  type ProcessEntry,
} from "./manifest.ts";
import { type Field, inside, plainName, plainNameExpected } from "./manifest-reader.ts";
import { readTriggers } from "./read-function.ts";
import { noNeeds, withOffers } from "./read-needs.ts";

/** A program takes longer to start than a module. */
const TIME_MS = 10_000;

/** Whether it is a function as the book registers it: a command and what runs it. */
export function isBookFunction(root: Field): boolean {
  const { cmd, runtime, modules, offers } = root.fields();
  return cmd !== undefined && runtime !== undefined && modules === undefined && offers === undefined;
}

function processOf(root: Field): ProcessEntry {
  const runtime = root.member("runtime");
  if (runtime.value !== "bash")
    runtime.fail("must be bash: a function in another language is a module of WebAssembly");
  const word = /^\S+$/;
  const given = (name: string) => {
    const field = root.member(name);
    return field.missing
      ? undefined
      : field.matching(word, "must be a switch such as --input, without spaces");
  };
  const [idSwitch, inputSwitch] = [given("id-switch"), given("input-switch")];
  const type = root.member("input-type");
  return {
    runtime: "bash",
    command: root.member("cmd").matching(inside, "must be a file of the package"),
    ...(idSwitch !== undefined && { idSwitch }),
    ...(inputSwitch !== undefined && { inputSwitch }),
    inputType: type.oneOf(["text", "string", "json"], "text") === "json" ? "json" : "text",
  };
}

/**
 * The book's registration of a function: `name`, `cmd`, `input-switch`, `id-switch`, `input-type` and `runtime`. What calls it
 * besides HTTP is written as in our own manifests.
 */
export function readBookFunction(root: Field): CapabilityManifest {
  root.only(
    ...["name", "version", "description", "cmd", "input-switch", "id-switch", "input-type", "runtime"],
    ...["topics", "bindings", "timers", "prerequisites", "limits"],
  );
  const name = root.member("name").matching(plainName, plainNameExpected);
  const offers: readonly Offer[] = [
    { kind: "function", name, process: processOf(root), ...readTriggers(root) },
  ];
  return {
    name,
    version: root.member("version").version(),
    description: root.member("description").optionalText() ?? "",
    modules: [],
    offers,
    needs: withOffers(noNeeds, offers),
    limits: limitsOf(root.member("limits")),
  };
}

function limitsOf(field: Field): Limits {
  const otherwise = { ...defaultLimits, timeMs: TIME_MS };
  if (field.missing) return otherwise;
  field.only("timeMs", "concurrency", "answer");
  return {
    ...otherwise,
    timeMs: field.member("timeMs").count(TIME_MS, highestLimits.timeMs),
    concurrency: field.member("concurrency").count(otherwise.concurrency, highestLimits.concurrency),
    answer: field.member("answer").size(otherwise.answer, highestLimits.answer),
  };
}
