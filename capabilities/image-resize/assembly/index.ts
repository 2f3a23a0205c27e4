import { Answer, Request, serve, Step } from "../../guest";
import {
  decodeImage,
  encodeBmp,
  encodePng,
  encodePpm,
  encodeQoi,
  Image,
  imageFormat,
  isSize,
  MOST_PIXELS,
  resample,
} from "../../guest/image";

export { cap_abi_version, cap_alloc, cap_handle } from "../../guest/abi";

serve((request: Request): Step => {
  const bytes = request.body;
  const format = imageFormat(bytes);
  if (format.length == 0) return refused(415, "the body is no picture that is known: PNG, JPEG, BMP, QOI, PGM or PPM");
  const source = decodeImage(bytes, format);
  if (source === null) {
    return refused(
      400,
      "the " + format + " is broken, of a kind that is not read, or has more than " + MOST_PIXELS.toString() + " pixels",
    );
  }
  if (request.operation == "describe") {
    return Answer.json(
      '{"format":"' + format + '","width":' + source.width.toString() + ',"height":' + source.height.toString() + "}",
    );
  }
  return resized(request, source, format);
});

function refused(status: i32, message: string): Answer {
  return Answer.error(status, "ERR_IMAGE", message);
}

/** A side that is left out follows from the other; without both, the picture stays as large as it is. */
function resized(request: Request, source: Image, format: string): Step {
  const ratio = <f64>source.width / <f64>source.height;
  let width = request.number("width", 0);
  let height = request.number("height", 0);
  const both = width > 0 && height > 0;
  if (width <= 0 && height <= 0) width = source.width;
  if (width <= 0) width = Math.max(Math.round(height * ratio), 1);
  if (height <= 0) height = Math.max(Math.round(width / ratio), 1);
  let x: f64 = 0;
  let y: f64 = 0;
  let sourceWidth = <f64>source.width;
  let sourceHeight = <f64>source.height;
  const fit = request.field("fit");
  if (fit === null || fit == "contain") {
    const scale = Math.min(width / sourceWidth, height / sourceHeight);
    // One side alone decides already.
    if (both) {
      width = Math.max(Math.round(sourceWidth * scale), 1);
      height = Math.max(Math.round(sourceHeight * scale), 1);
    }
  } else if (fit == "cover") {
    const scale = Math.max(width / sourceWidth, height / sourceHeight);
    x = (sourceWidth - width / scale) / 2;
    y = (sourceHeight - height / scale) / 2;
    sourceWidth = width / scale;
    sourceHeight = height / scale;
  } else if (fit != "fill") return refused(400, "fit is contain, cover or fill");
  if (!(width < 32_768) || !(height < 32_768) || !isSize(<i32>width, <i32>height)) {
    return refused(400, "the size asked for has more than " + MOST_PIXELS.toString() + " pixels");
  }
  const same = <i32>width == source.width && <i32>height == source.height;
  const target = same ? source : resample(source, x, y, sourceWidth, sourceHeight, <i32>width, <i32>height);
  const wanted = request.field("format");
  return encoded(target, wanted !== null ? wanted : format == "jpeg" ? "png" : format);
}

function encoded(image: Image, format: string): Step {
  if (format == "png") return Answer.bytes(encodePng(image), "image/png");
  if (format == "bmp") return Answer.bytes(encodeBmp(image), "image/bmp");
  if (format == "qoi") return Answer.bytes(encodeQoi(image), "image/qoi");
  if (format == "ppm") return Answer.bytes(encodePpm(image), "image/x-portable-pixmap");
  return refused(400, "format is png, bmp, qoi or ppm");
}
