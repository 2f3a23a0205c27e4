/** What is used of the library, which comes without types. */
declare module "http-cache-semantics" {
  interface CacheRequest {
    readonly url: string;
    readonly method: string;
    readonly headers: Readonly<Record<string, string>>;
  }
  interface CacheResponse {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
  }
  export default class CachePolicy {
    constructor(request: CacheRequest, response: CacheResponse, options?: { readonly shared?: boolean });
    now(): number;
    storable(): boolean;
    satisfiesWithoutRevalidation(request: CacheRequest): boolean;
    responseHeaders(): Record<string, string>;
    timeToLive(): number;
    revalidationHeaders(request: CacheRequest): Record<string, string>;
    revalidatedPolicy(
      request: CacheRequest,
      response: CacheResponse,
    ): { readonly policy: CachePolicy; readonly modified: boolean };
  }
}
