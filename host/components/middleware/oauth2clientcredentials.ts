import { ComponentError } from "../../errors/component-error.ts";
import { withChanges, withoutHeader } from "../../http.ts";
import { text } from "../metadata-schema.ts";
import type { Expressions } from "./expressions.ts";
import { defineMiddleware, type MiddlewareDefinition } from "./middleware.ts";
import { ClientToken } from "./oauth2/client-token.ts";
import { clientFields, scopeOf } from "./oauth2/metadata.ts";
import { TokenEndpoint } from "./oauth2/token-endpoint.ts";
import { pathFilter } from "./path-filter.ts";
import { plainAnswer } from "./plain-answer.ts";

/** Sends requests on with a token of the client's own (RFC 6749 §4.4). */
export function clientCredentialsMiddleware(expressions: () => Promise<Expressions>): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.oauth2clientcredentials",
    version: "v1",
    summary: "Gives requests a token that it has a provider grant the client itself.",
    metadata: {
      ...clientFields,
      scopes: text.required("What the token is for, separated by commas."),
      headerName: text.required("The header that carries the token."),
      endpointParamsQuery: text("More that the token endpoint is sent: `resource=a&audience=b`.", ""),
    },
    features: [],
    async open(metadata, context) {
      const { platform, log } = context;
      const { tokenURL: url, clientId, clientSecret, authStyle, scopes, endpointParamsQuery } = metadata;
      const meant = await pathFilter(metadata.pathFilter, expressions, context);
      const name = metadata.headerName.trim().toLowerCase();
      const endpoint = new TokenEndpoint({ url, clientId, clientSecret, authStyle }, platform);
      const parameters = new URLSearchParams(endpointParamsQuery);
      parameters.set("grant_type", "client_credentials");
      const scope = scopeOf(scopes);
      if (scope !== "") parameters.set("scope", scope);
      const token = new ClientToken(platform.clock, () => endpoint.token(parameters));
      return {
        async handle(request, next) {
          if (!meant(request)) return await next(request);
          let value: string;
          try {
            value = await token.header();
          } catch (error) {
            log.error("a request is not sent on without a token", {
              cause: ComponentError.from(error).message,
            });
            return plainAnswer(502, "no token for this request could be had");
          }
          const headers = [...withoutHeader(request.headers, name), name, value];
          return await next(withChanges(request, { headers }));
        },
        close: () => Promise.resolve(),
      };
    },
  });
}
