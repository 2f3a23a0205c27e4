import type { BindingTrigger, FunctionOffer, Prerequisites } from "./manifest.ts";
import { type Field, plainName, plainNameExpected } from "./manifest-reader.ts";

/** A day. */
const KEEP_SECONDS = 86_400;
const LONGEST_SECONDS = 2 ** 31 - 1;

export function readPrerequisites(field: Field): Prerequisites {
  field.only("store", "inputs", "by", "keepSeconds");
  const inputs = field.member("inputs").items();
  const names = inputs.map((one) => one.matching(plainName, plainNameExpected));
  if (names.length === 0) field.member("inputs").fail("must have at least one input");
  if (new Set(names).size < names.length) field.member("inputs").fail("names an input twice");
  const by = field.member("by");
  return {
    store: field.member("store").text("must name a state store"),
    inputs: names,
    by: by.missing ? "/id" : by.matching(/^(\/([^~]|~[01])*)+$/, "must be a JSON pointer such as /order/id"),
    keepSeconds: field.member("keepSeconds").count(KEEP_SECONDS, LONGEST_SECONDS),
  };
}

/** `topics`, `bindings`, `timers` and `prerequisites`: what calls a function, and when. */
export function readTriggers(
  field: Field,
): Pick<FunctionOffer, "topics" | "bindings" | "timers" | "prerequisites"> {
  const needed = field.member("prerequisites");
  const prerequisites = needed.missing ? undefined : readPrerequisites(needed);
  /** Which of the inputs events are: named, or by the name of where they come from. */
  const inputOf = (one: Field, otherwise: string): Pick<BindingTrigger, "input"> => {
    const named = one.member("input");
    if (prerequisites === undefined) {
      if (!named.missing) named.fail("is of functions with prerequisites");
      return {};
    }
    const input = named.missing ? otherwise : named.text();
    if (!prerequisites.inputs.includes(input))
      named.fail(`must be one of the prerequisites: ${prerequisites.inputs.join(", ")}`);
    return { input };
  };
  const timers = field.member("timers");
  if (prerequisites !== undefined && timers.items().length > 0)
    timers.fail("call no function with prerequisites: a timer has no input");
  return {
    topics: field
      .member("topics")
      .items()
      .map((one) => {
        one.only("pubsub", "topic", "input");
        const pubsub = one.member("pubsub").text("must name a pub/sub component");
        const topic = one.member("topic").text("must be a topic");
        return { pubsub, topic, ...inputOf(one, topic) };
      }),
    bindings: field
      .member("bindings")
      .items()
      .map((one) => {
        one.only("binding", "input");
        const binding = one.member("binding").text("must name a binding");
        return { binding, ...inputOf(one, binding) };
      }),
    timers: timers.items().map((one) => {
      one.only("name", "schedule");
      return {
        name: one.member("name").matching(plainName, plainNameExpected),
        schedule: one.member("schedule").text("must be a schedule such as @every 30s, or of cron"),
      };
    }),
    ...(prerequisites !== undefined && { prerequisites }),
  };
}

export function readFunction(field: Field, moduleOf: (member: Field) => string): FunctionOffer {
  field.only("kind", "name", "module", "topics", "bindings", "timers", "prerequisites");
  return {
    kind: "function",
    name: field.member("name").matching(plainName, plainNameExpected),
    module: moduleOf(field.member("module")),
    ...readTriggers(field),
  };
}
