/** Which browser's settings to explain. Only ever used for words, never to decide what works. */

export type HelpFor = "chrome" | "firefox" | "safari" | "ios" | "other";

export function helpFor(userAgent: string): HelpFor {
  if (/iPhone|iPad/.test(userAgent)) return "ios";
  if (/Firefox\//.test(userAgent)) return "firefox";
  if (/Chrome\/|Chromium\/|Edg\//.test(userAgent)) return "chrome";
  if (/Safari\//.test(userAgent)) return "safari";
  return "other";
}
