import { Answer, Request, serve, Step } from "../../guest";
import { escapes } from "./escapes";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

const LARGEST = 1024;
const MOST_ITERATIONS = 65_535;

serve((request: Request): Step => {
  const x = request.number("x", -0.5);
  const y = request.number("y", 0);
  const width = request.number("width", 3);
  const size = <i32>request.number("size", 256);
  const iterations = <i32>request.number("iterations", 256);
  if (!(width > 0) || size < 1 || size > LARGEST || iterations < 1 || iterations > MOST_ITERATIONS) {
    return Answer.error(
      400,
      "ERR_BAD_REQUEST",
      "width must be positive, size 1 to " + LARGEST.toString() + ", iterations 1 to " + MOST_ITERATIONS.toString(),
    );
  }
  if (request.field("as") == "pgm") {
    const head = String.UTF8.encode("P5\n" + size.toString() + " " + size.toString() + "\n255\n");
    const picture = new Uint8Array(head.byteLength + size * size);
    memory.copy(picture.dataStart, changetype<usize>(head), head.byteLength);
    const counts = escapes(x, y, width, size, iterations);
    // Inside of the set is black; the logarithm keeps the bands near to it apart.
    const scale = 255 / Math.log(<f64>iterations + 1);
    for (let i = 0; i < counts.length; i++) {
      const count = counts[i];
      picture[head.byteLength + i] = <i32>count == iterations ? 0 : <u8>(255 - scale * Math.log(<f64>count + 1));
    }
    return Answer.bytes(picture, "image/x-portable-graymap");
  }
  const counts = escapes(x, y, width, size, iterations);
  return Answer.bytes(Uint8Array.wrap(counts.buffer));
});
