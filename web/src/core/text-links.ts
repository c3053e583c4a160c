/** Plain text with the links in it. What becomes a link is http or https and says where it leads, no more. */

export interface TextPart {
  readonly text: string;
  /** Where it leads; null: plain text. */
  readonly href: string | null;
}

const FOUND = /\bhttps?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence around a link, and not the link. */
const TAIL = /[.,;:!?)\]}»”’…]$/;

/** The text in parts, none of them empty; joined they are the text again. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const found of text.matchAll(FOUND)) {
    const shown = trimmed(found[0]);
    const href = address(shown);
    if (href === null) continue;
    if (found.index > at) parts.push({ text: text.slice(at, found.index), href: null });
    parts.push({ text: shown, href });
    at = found.index + shown.length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), href: null });
  return parts;
}

function trimmed(found: string): string {
  let shown = found;
  while (TAIL.test(shown)) {
    // A bracket that was opened inside belongs to the address, as in Wikipedia's.
    if (shown.endsWith(")") && count(shown, "(") >= count(shown, ")")) break;
    shown = shown.slice(0, -1);
  }
  return shown;
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

/** The address, when it is one to follow. A name before an @ would pass for where it leads. */
function address(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  const follows = url.protocol === "http:" || url.protocol === "https:";
  return follows && url.hostname !== "" && url.username === "" && url.password === "" ? url.href : null;
}
