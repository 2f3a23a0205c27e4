import type { JWTVerifyGetKey } from "jose";
import { ComponentError } from "../../errors/component-error.ts";
import { header } from "../../http.ts";
import type { ComponentContext } from "../component.ts";
import { text } from "../metadata-schema.ts";
import { type Jose, SigningKeys } from "./bearer/signing-keys.ts";
import { defineMiddleware, type HttpMiddleware, type MiddlewareDefinition } from "./middleware.ts";
import { address } from "./oauth2/metadata.ts";
import { plainAnswer } from "./plain-answer.ts";

/** How far the clocks of issuer and sidecar may be apart, as daprd has it. */
const CLOCK_SKEW_SECONDS = 5 * 60;
/** More is no token, and not worth its decoding. */
const LONGEST_TOKEN = 1 << 16;

const unauthorized = () => plainAnswer(401, "Unauthorized", ["www-authenticate", "Bearer"]);

/** Lets through who has a token of the issuer for this audience (OpenID Connect, RFC 7519). `load` is called when it opens. */
export function bearerMiddleware(load: () => Promise<Jose>): MiddlewareDefinition {
  return defineMiddleware({
    type: "middleware.http.bearer",
    version: "v1",
    summary: "Lets through callers who show a signed token of an issuer, meant for this audience.",
    metadata: {
      issuer: text("Who signs: the `iss` of its tokens."),
      issuerURL: text("Another name of issuer."),
      audience: text("Whom tokens are for: one of their `aud`."),
      clientID: text("Another name of audience."),
      jwksURL: address(
        "Where the issuer's keys are; found through its discovery document where it is left out.",
      ),
    },
    features: [],
    async open({ issuer, issuerURL, audience, clientID, jwksURL }, context): Promise<HttpMiddleware> {
      const iss = required(issuer ?? issuerURL, "issuer", context);
      const aud = required(audience ?? clientID, "audience", context);
      const { clock } = context.platform;
      const jose = await load();
      const { jwtVerify, errors } = jose;
      const keys = await SigningKeys.fetch(iss, jwksURL, context, jose);
      const getKey: JWTVerifyGetKey = (protectedHeader, token) => keys.key(protectedHeader, token);
      return {
        async handle(request, next) {
          const token = /^bearer +(\S+)$/i.exec(header(request.headers, "authorization") ?? "")?.[1];
          if (token === undefined || token.length > LONGEST_TOKEN) return unauthorized();
          try {
            await jwtVerify(token, getKey, {
              issuer: iss,
              audience: aud,
              clockTolerance: CLOCK_SKEW_SECONDS,
              currentDate: new Date(clock.now()),
              // A token without an end would be good for ever.
              requiredClaims: ["exp"],
            });
          } catch (error) {
            const code = error instanceof errors.JOSEError ? error.code : "unknown";
            context.log.debug("a token was refused", { cause: code });
            return unauthorized();
          }
          return await next(request);
        },
        close: () => Promise.resolve(),
      };
    },
  });
}

function required(value: string | undefined, name: string, context: ComponentContext): string {
  if (value !== undefined && value !== "") return value;
  throw new ComponentError(
    "INVALID_ARGUMENT",
    `component ${context.name}: metadata field ${name} is required`,
  );
}
