/** The Service Worker Static Routing API, where the browser has it. */
interface RouterEvent extends ExtendableEvent {
  addRoutes?(rule: { readonly condition: Condition; readonly source: "network" }): Promise<void>;
}

type Condition =
  | { readonly urlPattern: URLPatternInit }
  | { readonly requestDestination: string }
  | { readonly or: readonly Condition[] }
  | { readonly not: Condition };

interface URLPatternInit {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
}

const at = (hostname: string, port: string, pathname: string): Condition => ({
  urlPattern: { protocol: "http{s}?", hostname, port, pathname },
});

/**
 * Lets the browser fetch what is certainly not the API's without asking the worker: falling through a fetch event is
 * the slowest way to the network. Scripts' own requests may carry `dapr-app-id` and are always asked about.
 */
export function declareStaticRoutes(event: ExtendableEvent, scope: string): void {
  const { hostname, port, pathname } = new URL(scope);
  const paths = [...new Set(["/", pathname])].flatMap((base) => [`${base}v1.0*`, `${base}v1/*`]);
  const own = [...paths, `${pathname}__daprlet/*`].map((path) => at(hostname, port, path));
  // Which of its ports are ours is known at run time only.
  const otherLoopback = ["localhost", "127.0.0.1", "[\\:\\:1]"].map(
    (name): Condition => ({ not: { or: [{ not: at(name, "*", "*") }, at(hostname, port, "*")] } }),
  );
  const condition: Condition = { not: { or: [{ requestDestination: "" }, ...own, ...otherLoopback] } };
  // A browser that does not know a condition refuses the rule; then every request is asked about.
  void (event as RouterEvent).addRoutes?.({ condition, source: "network" }).catch(() => undefined);
}
