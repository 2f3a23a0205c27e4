/** Supplied by the build: core.wasm, deflated and as base64, inside the bundle, so that the two can never differ. */
declare module "virtual:daprlet-core" {
  export const core: string;
}
