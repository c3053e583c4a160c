/** A message as text with links in it. */

import { html, type TemplateResult } from "lit";
import { textParts } from "../core/text-links";

/** The text, with links in it that tell the other end nothing about this page. */
export function chatWords(text: string): (TemplateResult | string)[] {
  return textParts(text).map((part) =>
    part.href === null
      ? part.text
      : html`<a href=${part.href} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`,
  );
}
