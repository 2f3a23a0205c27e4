/**
 * The verbs that the endpoint table names. A verb's position is its bit in the core's router tables, which are
 * generated from this list; a verb outside it only matches rows of any verb (`*`).
 */
export const methods: readonly string[] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
