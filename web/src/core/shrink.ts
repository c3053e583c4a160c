/** A large picture before it is sent in a call: made smaller, so that a phone's photo fits and travels fast. */

const SIDE = 2560;
const LARGE_BYTES = 3_000_000;
const QUALITY = 0.88;

/** The picture, smaller when it is large and the browser can read it; every other file as it is. */
export async function shrunk(file: File): Promise<File> {
  if (file.size <= LARGE_BYTES || !/^image\/(jpeg|png|webp|heic|heif|avif|bmp)$/.test(file.type)) return file;
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const brush = canvas.getContext("2d");
    if (!brush) return file;
    brush.fillStyle = "white";
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    const name = `${file.name.replace(/\.[^.]+$/, "")}.jpg`;
    return made && made.size < file.size ? new File([made], name, { type: made.type }) : file;
  } catch {
    // What cannot be read here is judged by the server.
    return file;
  }
}
