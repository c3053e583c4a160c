/** A link to another view of the page that one is on. Fires `tt-go` as the navigation above does. */

import { html, type TemplateResult } from "lit";

export function viewLink(from: EventTarget, path: string, words: string): TemplateResult {
  return html`<a href=${path} data-path=${path} @click=${(event: MouseEvent) => go(event, from, path)}>${words}</a>`;
}

/** Ask the page whether it stays; if it does, the browser does not go. */
export function go(event: MouseEvent, from: EventTarget, path: string): void {
  // A click that asks for another tab or window gets one.
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const asked = new CustomEvent("tt-go", { detail: path, cancelable: true });
  if (!from.dispatchEvent(asked)) event.preventDefault();
}
