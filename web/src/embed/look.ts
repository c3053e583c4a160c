/**
 * How the widget looks on a host page. It stands among strangers, where tokens.css does not reach: so it has
 * defaults of its own, and every one gives way to a custom property of the host's (docs/widget.md lists them).
 * A constructed style sheet needs no `style-src` of the host page's policy.
 */
export const look = /* css */ `
:host {
  --accent: var(--talktime-accent, light-dark(#0a6b58, #48cba9));
  --on-accent: var(--talktime-on-accent, light-dark(#fff, #05211a));
  --surface: var(--talktime-surface, light-dark(#fff, #141c1a));
  --ink: var(--talktime-ink, light-dark(#11201c, #e9f1ee));
  --muted: var(--talktime-muted, light-dark(#4c5d58, #a3b5af));
  --line: var(--talktime-line, light-dark(#d7e0dd, #2a3734));
  --radius: var(--talktime-radius, 1rem);
  display: block;
  max-width: 100%;
  color: var(--ink);
  font: 1rem/1.4 var(--talktime-font, system-ui, sans-serif);
  text-align: start;
}
:host([hidden]), [hidden] { display: none !important; }
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host([theme=auto]) { color-scheme: light dark; }
:host([mode=dialog]) { display: contents; }
* { box-sizing: border-box; }
.card, .panel, dialog {
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--surface);
  color: inherit;
}
.card {
  display: grid;
  grid-template-columns: minmax(0, 1fr) auto;
  gap: .75rem 1.25rem;
  align-items: center;
  padding: 1.25rem;
  container-type: inline-size;
}
:host(:is([mode=floating], [mode=dialog])) .card {
  position: fixed;
  inset: auto 1.25rem 1.25rem auto;
  z-index: var(--talktime-layer, 2147483000);
  width: max-content;
  max-width: calc(100vw - 2.5rem);
  container-type: normal;
  padding: .625rem .625rem .625rem 1.25rem;
  border-radius: 2.5rem;
  box-shadow: 0 .5rem 2rem rgb(0 0 0 / 18%);
}
b { display: block; font-size: 1.0625rem; font-weight: 650; overflow-wrap: anywhere; }
p { margin: 0; }
.badge { font-size: .875rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.badge::before {
  content: "";
  display: inline-block;
  width: .5em;
  height: .5em;
  margin-inline-end: .5em;
  border-radius: 50%;
  background: var(--muted);
}
[data-state=available]::before { background: var(--accent); }
button {
  min-height: 2.75rem;
  padding: .5rem 1.25rem;
  border: 0;
  border-radius: 2rem;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
button:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.panel, dialog {
  position: relative;
  width: 100%;
  height: var(--talktime-height, 44rem);
  max-height: 100dvh;
  padding: 0;
  overflow: hidden;
}
dialog { max-width: min(68rem, 100vw); margin: auto; }
dialog::backdrop { background: rgb(6 16 13 / 60%); }
:host([mode=floating]) .panel {
  position: fixed;
  inset: auto 1.25rem 1.25rem auto;
  z-index: var(--talktime-layer, 2147483000);
  width: 25rem;
  max-width: calc(100vw - 2.5rem);
  max-height: calc(100dvh - 2.5rem);
  box-shadow: 0 1rem 4rem rgb(0 0 0 / 28%);
}
iframe { position: relative; display: block; width: 100%; height: 100%; border: 0; }
.close {
  position: absolute;
  inset: .5rem .5rem auto auto;
  display: grid;
  place-items: center;
  width: 2.75rem;
  padding: 0;
  background: transparent;
  color: var(--muted);
  font-size: 1.5rem;
  line-height: 1;
}
.say { position: absolute; inset: 0; display: grid; gap: 1rem; place-content: center; padding: 2.5rem; text-align: center; }
.say a { color: var(--accent); }
@container (max-width: 20rem) { .card > button { grid-column: 1 / -1; } }
@media (max-width: 40rem) {
  .card > button { grid-column: 1 / -1; }
  :host(:is([mode=floating], [mode=dialog])) .card { display: flex; }
  :host([mode=floating]) .panel, dialog.panel {
    position: fixed;
    inset: 0;
    width: 100%;
    max-width: none;
    height: 100dvh;
    max-height: none;
    border: 0;
    border-radius: 0;
  }
}
`;
