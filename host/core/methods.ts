/**
 * The verbs that the endpoint table and access policies name. A verb's position is its bit in the core's tables; one
 * outside the list only matches what is for any verb (`*`).
 */
export const methods: readonly string[] = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "CONNECT",
];
