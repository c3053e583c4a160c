/** Sends a file with progress, which `fetch` cannot tell. */

export interface Upload {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
  /** Part of the bytes that are on their way, 0 to 1. */
  readonly progress: (part: number) => void;
  readonly signal: AbortSignal;
}

/** As long as the server waits for a file, and a little. */
const TIMEOUT_MS = 125_000;

/** The answer, whatever it says. Throws when there was none, and after the signal. */
export function upload({ url, headers, body, progress, signal }: Upload): Promise<Response> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.timeout = TIMEOUT_MS;
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total);
    });
    for (const type of ["error", "timeout", "abort"] as const)
      request.addEventListener(type, () => fail(new Error(type)));
    request.addEventListener("load", () => {
      const wait = request.getResponseHeader("Retry-After");
      const { status, responseText } = request;
      done(new Response(responseText, { status, headers: wait ? { "Retry-After": wait } : {} }));
    });
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) fail(new Error("abort"));
    else request.send(body);
  });
}
