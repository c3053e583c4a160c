/** A photo before it is sent: cut to a square and made small, so that it travels fast. The server does it again. */

const SIDE = 1024;
const QUALITY = 0.9;

/** The middle of a picture as a JPEG. Rejects when the browser cannot read it. */
export async function squared(file: Blob): Promise<Blob> {
  const picture = await createImageBitmap(file);
  try {
    const edge = Math.min(picture.width, picture.height);
    const side = Math.min(edge, SIDE);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const brush = canvas.getContext("2d");
    if (!brush) throw new Error("no canvas");
    // Transparent parts would turn black.
    brush.fillStyle = "white";
    brush.fillRect(0, 0, side, side);
    const [left, top] = [(picture.width - edge) / 2, (picture.height - edge) / 2];
    brush.drawImage(picture, left, top, edge, edge, 0, 0, side, side);
    return await new Promise((resolve, reject) => {
      canvas.toBlob(
        (made) => (made ? resolve(made) : reject(new Error("no picture"))),
        "image/jpeg",
        QUALITY,
      );
    });
  } finally {
    picture.close();
  }
}
