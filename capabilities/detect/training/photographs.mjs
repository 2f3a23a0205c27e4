// Takes the photographs that the tests look through out of published packages, and makes them small enough to be kept here:
// `node capabilities/detect/training/photographs.mjs` (python3 with pip). pictures/README.md says whose they are.
import { writeFileSync } from "node:fs";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { fromPackage } from "./from-package.mjs";

const images = "scikit-image==0.26.0";
const faces = "face_recognition==1.3.0";
const LARGEST = 400;

/** Name, package, file, and the part of it that is kept: left, top, width, height, as shares of it. */
const photographs = [
  ["collins", images, "skimage/data/astronaut.png"],
  ["hopper", "matplotlib==3.11.2", "matplotlib/mpl-data/sample_data/grace_hopper.jpg"],
  ["obama-1", faces, "tests/test_images/obama.jpg"],
  ["obama-2", faces, "tests/test_images/obama2.jpg"],
  ["obama-3", faces, "tests/test_images/obama3.jpg", [0.1, 0, 0.8, 0.5]],
  ["biden", faces, "tests/test_images/biden.jpg", [0, 0, 1, 0.5]],
  ["cat", images, "skimage/data/chelsea.png"],
  ["coffee", images, "skimage/data/coffee.png"],
  ["rocket", images, "skimage/data/rocket.jpg"],
  ["stars", images, "skimage/data/hubble_deep_field.jpg"],
  ["eye", images, "skimage/data/retina.jpg"],
  ["gravel", images, "skimage/data/gravel.png"],
];

/** Each pixel the average of what it covers. */
function shrunk({ width, height, data }, [left, top, across, down], target) {
  const out = {
    width: target.width,
    height: target.height,
    data: Buffer.alloc(target.width * target.height * 4, 255),
  };
  for (let y = 0; y < out.height; y++) {
    const y0 = Math.floor((top + (down * y) / out.height) * height);
    const y1 = Math.max(y0 + 1, Math.floor((top + (down * (y + 1)) / out.height) * height));
    for (let x = 0; x < out.width; x++) {
      const x0 = Math.floor((left + (across * x) / out.width) * width);
      const x1 = Math.max(x0 + 1, Math.floor((left + (across * (x + 1)) / out.width) * width));
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let i = y0; i < y1; i++)
          for (let j = x0; j < x1; j++) sum += data[(i * width + j) * 4 + channel];
        out.data[(y * out.width + x) * 4 + channel] = Math.round(sum / ((y1 - y0) * (x1 - x0)));
      }
    }
  }
  return out;
}

for (const [name, from, file, part = [0, 0, 1, 1]] of photographs) {
  const bytes = fromPackage(from, file, { source: from === faces });
  const image = file.endsWith(".png") ? PNG.sync.read(bytes) : jpeg.decode(bytes);
  const [width, height] = [image.width * part[2], image.height * part[3]];
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const small = shrunk(image, part, { width: Math.round(width * scale), height: Math.round(height * scale) });
  writeFileSync(new URL(`../pictures/photographs/${name}.jpg`, import.meta.url), jpeg.encode(small, 85).data);
}
