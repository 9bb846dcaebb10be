/** Files of sheets: a PNG of one, a PDF of several, which is a picture on each page. */

const ENCODER = new TextEncoder();
/** A PDF's unit is 1/72 inch: as wide as A4 lying. */
const PAGE_WIDTH = 842;

/** @typedef {{jpeg: Uint8Array, width: number, height: number}} Page in pixels */

/** Hands the person a file. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Returns a canvas as a page. @param {HTMLCanvasElement} canvas @returns {Promise<Page>} */
export async function pageOf(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  if (!(blob instanceof Blob)) throw new Error("The picture could not be made.");
  return { jpeg: new Uint8Array(await blob.arrayBuffer()), width: canvas.width, height: canvas.height };
}

/** Returns a PDF with each picture on a page of its shape. @param {Page[]} pages @returns {Uint8Array<ArrayBuffer>} */
export function pdf(pages) {
  const first = 3;
  const kids = pages.map((_page, index) => `${first + index * 3} 0 R`).join(" ");
  const objects = [
    bytes("<< /Type /Catalog /Pages 2 0 R >>"),
    bytes(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`),
    ...pages.flatMap((page, index) => pageObjects(page, first + index * 3)),
  ];
  const parts = [bytes("%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n")];
  /** @type {number[]} */ const places = [];
  let length = parts[0].length;
  objects.forEach((object, index) => {
    const part = join([bytes(`${index + 1} 0 obj\n`), object, bytes("\nendobj\n")]);
    places.push(length);
    parts.push(part);
    length += part.length;
  });
  const rows = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  const count = objects.length + 1;
  parts.push(bytes(`xref\n0 ${count}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${count} /Root 1 0 R >>\n`));
  parts.push(bytes(`startxref\n${length}\n%%EOF\n`));
  return join(parts);
}

/** A page, what it draws, and its picture. @param {Page} page @param {number} number of the first of the three */
function pageObjects({ jpeg, width, height }, number) {
  const pageHeight = Math.round((PAGE_WIDTH * height) / width);
  const draws = `q ${PAGE_WIDTH} 0 0 ${pageHeight} 0 0 cm /P Do Q`;
  const picture =
    `<< /Type /XObject /Subtype /Image /Width ${width} /Height ${height} /ColorSpace /DeviceRGB ` +
    `/BitsPerComponent 8 /Filter /DCTDecode /Length ${jpeg.length} >>\nstream\n`;
  return [
    bytes(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${PAGE_WIDTH} ${pageHeight}] ` +
        `/Resources << /XObject << /P ${number + 2} 0 R >> >> /Contents ${number + 1} 0 R >>`,
    ),
    bytes(`<< /Length ${draws.length} >>\nstream\n${draws}\nendstream`),
    join([bytes(picture), jpeg, bytes("\nendstream")]),
  ];
}

/** @param {string} text @returns {Uint8Array} */
function bytes(text) {
  return ENCODER.encode(text);
}

/** @param {Uint8Array[]} parts @returns {Uint8Array<ArrayBuffer>} */
function join(parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
