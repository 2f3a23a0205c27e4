import {
  FAILURE_CONNECT_TIMEOUT,
  FAILURE_ENDED,
  FAILURE_MOVED,
  FAILURE_NAME,
  FAILURE_OPEN,
  FAILURE_PROTOCOL,
  FAILURE_REFUSED,
  FAILURE_ROUND,
  FAILURE_SECRET,
  FAILURE_STATUS,
  FAILURE_TIMEOUT,
  FAILURE_TLS,
  FAILURE_TOO_LARGE,
} from "./exchange";

/** What callers are told of a failure: nothing of where the upstream is. */
export function failureText(failure: i32): string {
  switch (failure) {
    case FAILURE_CONNECT_TIMEOUT:
      return "the upstream could not be connected to in time";
    case FAILURE_TIMEOUT:
      return "the upstream did not answer in time";
    case FAILURE_ENDED:
      return "the upstream ended the connection before it had answered";
    case FAILURE_PROTOCOL:
      return "the upstream ended the connection, or its answer is no valid HTTP";
    case FAILURE_REFUSED:
      return "the upstream refused the connection";
    case FAILURE_NAME:
      return "the upstream's name is not known";
    case FAILURE_TLS:
      return "no secure connection to the upstream: its certificate or its protocol is not accepted";
    case FAILURE_TOO_LARGE:
      return "stream too large";
    case FAILURE_SECRET:
      return "a secret for the upstream is not in the gateway's environment; see its configuration";
    case FAILURE_OPEN:
      return "circuit breaker is open";
    case FAILURE_STATUS:
      return "the upstream's answer counts as a failure";
    case FAILURE_ROUND:
      return "the call goes round in circles: an upstream leads back to a gateway that it has passed";
    case FAILURE_MOVED:
      return "the actor's owner is changing";
    default:
      return "the upstream could not be reached";
  }
}
