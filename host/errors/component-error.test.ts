import { expect, it } from "vitest";
import { RemoteError } from "../components/dapr/remote-error.ts";
import { ComponentError } from "./component-error.ts";

it("is known in every copy of its module, and no error of a class that derives from it", () => {
  const plain = new ComponentError("UNAVAILABLE", "away");
  const foreign = Object.assign(new Error("away"), { [Symbol.for("daprlet.ComponentError")]: true });
  const remote = new RemoteError("UNAVAILABLE", "away", 503, "");
  expect([plain, foreign, remote, new Error("away")].map((error) => error instanceof ComponentError)).toEqual(
    [true, true, true, false],
  );
  expect([plain, foreign, remote].map((error) => error instanceof RemoteError)).toEqual([false, false, true]);
});
