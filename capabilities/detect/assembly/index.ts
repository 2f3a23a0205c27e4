import { Answer, quoted, Request, serve, Step } from "../../guest";
import { decodeImage, imageFormat, MOST_PIXELS } from "../../guest/image";
import { objects } from "./objects";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

serve((request: Request): Step => {
  const format = imageFormat(request.body);
  if (format.length == 0) return refused(415, "the body is no picture that is known: PNG, JPEG, BMP, QOI, PGM or PPM");
  const image = decodeImage(request.body, format);
  if (image === null) {
    return refused(
      400,
      "the " + format + " is broken, of a kind that is not read, or has more than " + MOST_PIXELS.toString() + " pixels",
    );
  }
  const found = objects(image);
  const texts: string[] = [];
  for (let i = 0; i < found.length; i++) {
    const one = found[i];
    texts.push(
      '{"tag":' + quoted(one.tag) + ',"score":' + rounded(one.score) +
        ',"rectangle":{"x":' + rounded(one.x) + ',"y":' + rounded(one.y) +
        ',"width":' + rounded(one.width) + ',"height":' + rounded(one.height) + "}}",
    );
  }
  return Answer.json(
    '{"width":' + image.width.toString() + ',"height":' + image.height.toString() + ',"objects":[' + texts.join(",") + "]}",
  );
});

function refused(status: i32, message: string): Answer {
  return Answer.error(status, "ERR_IMAGE", message);
}

/** To a tenth. */
function rounded(value: f64): string {
  return (Math.round(value * 10) / 10).toString();
}
