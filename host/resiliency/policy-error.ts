import { ComponentError } from "../errors/component-error.ts";

/** What a policy ended an operation with: its timeout, or a circuit breaker that lets nothing pass. */
export class PolicyError extends ComponentError {
  constructor(code: "DEADLINE_EXCEEDED" | "UNAVAILABLE", message: string) {
    super(code, message);
    this.name = "PolicyError";
  }
}
