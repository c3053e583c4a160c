/** The icons: one stroke, one size, drawn for this product. Decorative; the words stand beside them. */

import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";

const drawings = {
  mic: svg`<rect x="9" y="3" width="6" height="11" rx="3"/><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>`,
  "mic-off": svg`<path d="M9 9.5V6a3 3 0 0 1 6 0v4.5M15 13.5a3 3 0 0 1-6-.5M5.5 11.5A6.5 6.5 0 0 0 16.8 16M18.5 11.5c0 .8-.1 1.5-.4 2.2M12 18v3M4 4l16 16"/>`,
  camera: svg`<rect x="3" y="6.5" width="12.5" height="11" rx="2.5"/><path d="m15.5 11 5.5-3v8l-5.5-3"/>`,
  "camera-off": svg`<path d="M7.5 6.5H13a2.5 2.5 0 0 1 2.5 2.5v4M15.5 15.5A2.5 2.5 0 0 1 13 17.5H5.5A2.5 2.5 0 0 1 3 15V9c0-1 .6-1.9 1.5-2.3M15.5 11 21 8v8l-2.5-1.4M4 4l16 16"/>`,
  screen: svg`<rect x="3" y="4.5" width="18" height="12" rx="2"/><path d="M8.5 20h7M12 13.5v-5M9.5 10.5 12 8l2.5 2.5"/>`,
  "screen-off": svg`<rect x="3" y="4.5" width="18" height="12" rx="2"/><path d="M8.5 20h7M9.5 8l5 5M14.5 8l-5 5"/>`,
  pause: svg`<path d="M9 5.5v13M15 5.5v13"/>`,
  play: svg`<path d="M8 5.5v13l10.5-6.5z"/>`,
  hangup: svg`<path d="M3.5 13.8c5-4.7 12-4.7 17 0 .6.6.6 1.5.1 2.1l-1.3 1.5c-.5.5-1.3.6-1.9.3l-2.3-1.3a1.5 1.5 0 0 1-.7-1.3v-1.4a9.5 9.5 0 0 0-4.8 0v1.4c0 .5-.3 1-.7 1.3l-2.3 1.3c-.6.3-1.4.2-1.9-.3l-1.3-1.5c-.5-.6-.5-1.5.1-2.1z"/>`,
  phone: svg`<path d="M5 4.5h3l1.7 4.2-2 1.5a11.5 11.5 0 0 0 6.1 6.1l1.5-2 4.2 1.7v3a1.5 1.5 0 0 1-1.6 1.5A15.5 15.5 0 0 1 3.5 6.1 1.5 1.5 0 0 1 5 4.5z"/>`,
  devices: svg`<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>`,
  invite: svg`<circle cx="10" cy="8" r="3.5"/><path d="M3.5 19.5a6.5 6.5 0 0 1 13 0M18.5 8.5v5M16 11h5"/>`,
  wallet: svg`<rect x="3" y="6" width="18" height="13" rx="2.5"/><path d="M3 10h18M16 14.5h2"/>`,
  check: svg`<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  warn: svg`<path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1"/>`,
  clock: svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>`,
  receipt: svg`<path d="M6 3.5h12v17l-2-1.5-2 1.5-2-1.5-2 1.5-2-1.5-2 1.5zM9 8.5h6M9 12h6M9 15.5h3"/>`,
  wifi: svg`<path d="M3.5 9.5a12.5 12.5 0 0 1 17 0M6.5 13a8 8 0 0 1 11 0M9.5 16.3a3.8 3.8 0 0 1 5 0M12 19.5v.1"/>`,
  tabs: svg`<rect x="3.5" y="8" width="12.5" height="12" rx="2"/><path d="M8 4.5h10.5a2 2 0 0 1 2 2V16"/>`,
  lock: svg`<rect x="5" y="10.5" width="14" height="9.5" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>`,
  bell: svg`<path d="M6 16.5v-6a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 20.5h4"/>`,
  copy: svg`<rect x="8.5" y="8.5" width="11.5" height="11.5" rx="2"/><path d="M15.5 8.5V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v7.5a2 2 0 0 0 2 2h2.5"/>`,
  sound: svg`<path d="M4 9.5v5h3.5l5 4v-13l-5 4zM16 9a4.2 4.2 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11"/>`,
  gift: svg`<rect x="4" y="11" width="16" height="9.5" rx="1.5"/><path d="M3 7.5h18V11H3zM12 7.5v13M12 7.5C9 7.5 7 6.3 7 4.8 7 3.5 8 3 9 3c1.700 0 3 2 3 4.500 0-2.500 1.300-4.500 3-4.500 1 0 2 .5 2 1.800 0 1.500-2 2.700-5 2.700z"/>`,
  chat: svg`<path d="M5 4.500h14a1.500 1.500 0 0 1 1.500 1.500v9.500a1.500 1.500 0 0 1-1.500 1.500h-7.500L7 20.500V17H5a1.500 1.500 0 0 1-1.500-1.500V6A1.500 1.500 0 0 1 5 4.500zM8 9h8M8 12.500h5"/>`,
  clip: svg`<path d="m19.500 11.500-7.300 7.300a4.600 4.600 0 0 1-6.500-6.500l7.600-7.600a3 3 0 0 1 4.300 4.300l-7.500 7.500a1.500 1.500 0 0 1-2.100-2.100l6.800-6.800"/>`,
  send: svg`<path d="M20.500 3.500 10 14M20.500 3.500 14 20.500l-4-6.500-6.500-4z"/>`,
  star: svg`<path d="m12 3.800 2.500 5.200 5.700.8-4.100 4 1 5.700-5.100-2.700-5.100 2.700 1-5.700-4.100-4 5.700-.8z"/>`,
  print: svg`<path d="M7 8.5v-5h10v5M7 16.5H4v-8h16v8h-3M7 13.5h10v7H7z"/>`,
  download: svg`<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4.5 20h15"/>`,
  person: svg`<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20a7.5 7.5 0 0 1 15 0"/>`,
} satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof drawings;

export function icon(name: IconName, size: "s" | "m" | "l" = "m"): TemplateResult {
  return html`<svg
    class=${`icon icon-${size}`}
    viewBox="0 0 24 24"
    aria-hidden="true"
    focusable="false"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linecap="round"
    stroke-linejoin="round"
  >
    ${drawings[name]}
  </svg>`;
}
