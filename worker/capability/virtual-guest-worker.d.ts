/** Supplied by the build: guest-worker.js, inside the bundle, so that the two can never differ. */
declare module "virtual:daprlet-guest-worker" {
  export const script: string;
}
