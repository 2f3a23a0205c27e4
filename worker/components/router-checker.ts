import { RE2JS } from "@bufbuild/re2";
import { routerCheckerMiddleware } from "../../host/components/middleware/routerchecker.ts";

/** With its expressions in the worker, which cannot load a part of itself late. */
export const routerChecker = routerCheckerMiddleware(() => Promise.resolve(RE2JS));
