/** Decides whether an envelope is meant. Throws an Error when it cannot be decided, or when the result is no boolean. */
export type Condition = (event: Envelope) => boolean;

/** A decoded envelope; objects as Maps, so that no member's name means anything to the language that reads it. */
export type Envelope = ReadonlyMap<string, unknown>;

/** The language that the rules of a subscription are written in (dapr-http-api §2.1). */
export interface RuleLanguage {
  /** Throws an Error that says what is wrong with the expression. */
  compile(expression: string): Condition;
  /** As {@link compile}, over whole numbers of these names. */
  condition<Name extends string>(
    expression: string,
    variables: readonly Name[],
  ): (values: Readonly<Record<Name, number>>) => boolean;
}

/** Loads it when the first rule is met: most apps have none. */
export type Rules = () => Promise<RuleLanguage>;
