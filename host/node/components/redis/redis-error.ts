import { type Code, ComponentError } from "../../../errors/component-error.ts";
import { reasonOf } from "../../../errors/reason-of.ts";

/** The first word of Redis's own errors that says more than "it failed". */
const meanings: Readonly<Record<string, readonly [code: Code, remedy: string]>> = {
  WRONGPASS: ["UNAUTHENTICATED", "redisUsername or redisPassword is wrong"],
  NOAUTH: ["UNAUTHENTICATED", "the server asks for a password; give redisPassword"],
  NOPERM: ["PERMISSION_DENIED", "this user's ACL does not allow the command or the key"],
  OOM: ["RESOURCE_EXHAUSTED", "the server has used its maxmemory; raise it, or let items expire"],
  READONLY: ["FAILED_PRECONDITION", "the server is a replica; give the address of its master"],
  MISCONF: ["UNAVAILABLE", "the server cannot save to its disk and takes no writes until it can"],
  LOADING: ["UNAVAILABLE", "the server still reads its data from disk"],
  BUSY: ["UNAVAILABLE", "a script holds the server up"],
  MASTERDOWN: ["UNAVAILABLE", "the replica has lost its master"],
  NOREPLICAS: ["UNAVAILABLE", "too few replicas are connected for the server's min-replicas-to-write"],
  CLUSTERDOWN: ["UNAVAILABLE", "the cluster is down"],
  MOVED: ["FAILED_PRECONDITION", "the server is part of a cluster; daprlet connects to a single server"],
  CROSSSLOT: ["FAILED_PRECONDITION", "the server is part of a cluster; daprlet connects to a single server"],
  WRONGTYPE: ["FAILED_PRECONDITION", "the key holds another kind of value, written by another program"],
};

/** Redis repeats the arguments of a command it does not know: values and keys have no place in a message. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args beginning with:.*$/s, "");
}

/** What a command failed with, as a component may throw it. Keeps no cause: that would hold the arguments. */
export function redisError(error: unknown, server: string): ComponentError {
  if (error instanceof ComponentError) return error;
  const message = withoutArguments(reasonOf(error));
  const word = /^[A-Z]+(?= )/.exec(message)?.[0] ?? "";
  const meaning = Object.hasOwn(meanings, word) ? meanings[word] : undefined;
  if (meaning !== undefined) {
    return new ComponentError(meaning[0], `Redis at ${server}: ${meaning[1]} (${message})`);
  }
  if (error instanceof Error && error.name === "ReplyError") {
    return new ComponentError("INTERNAL", `Redis at ${server}: ${message}`);
  }
  return unreachable(server, message);
}

/** For whatever is no answer of the server. */
function unreachable(server: string, reason: string): ComponentError {
  const [, silent] = /^Socket timeout.* (\d+ms)\.$/.exec(reason) ?? [];
  const why = silent === undefined ? reason : `it said nothing for ${silent} (readTimeout)`;
  const remedy = /certificate/.test(reason)
    ? "where its authority is your own, name it in NODE_EXTRA_CA_CERTS"
    : "see that it runs, and that redisHost and enableTLS are right";
  return new ComponentError("UNAVAILABLE", `Redis at ${server} does not answer: ${why}; ${remedy}`);
}
