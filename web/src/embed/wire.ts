/**
 * What the widget on a host page (`embed.js`) and the page in its frame say to each other, by postMessage.
 *
 *     frame  ──ready──▶  host        the frame is there; nothing was begun
 *     frame  ◀──ack────  host        how it shall look, and who the visitor is, if the website says so
 *     frame  ──…──────▶  host        what the call does
 *     frame  ◀──hangUp─  host
 *
 * Both sides send to one exact origin and listen to one window of one exact origin. A message of another
 * version, or of none, is not for us. Types only, and what is short enough to be in both bundles.
 */

export const VERSION = 1;

/** What is known at the end of a call. Amounts in minor units of `currency`, durations in ms. */
export interface Ended {
  readonly call: string;
  readonly reason: string;
  readonly duration_ms: number;
  readonly cost_minor: number;
  readonly currency: string;
}

/** The meter, once a second while it runs. */
export interface Tick {
  readonly call: string;
  readonly duration_ms: number;
  readonly cost_minor: number;
  readonly currency: string;
  /** How long the money lasts; null where nobody knows. */
  readonly left_ms: number | null;
}

export type FrameState =
  | "loading"
  | "asking"
  | "ready"
  | "waiting"
  | "ringing"
  | "connecting"
  | "call"
  | "ended";

export type FrameMessage =
  | { readonly type: "ready"; readonly expert: string }
  | { readonly type: "state"; readonly state: FrameState }
  | { readonly type: "ringing"; readonly call: string }
  | { readonly type: "started"; readonly call: string }
  | ({ readonly type: "tick" } & Tick)
  | ({ readonly type: "ended" } & Ended)
  | { readonly type: "problem"; readonly code: string; readonly detail: string };

/** How the frame shall look. Values are CSS, checked by the frame before it uses them. */
export interface Look {
  readonly scheme: "light" | "dark" | "auto";
  readonly accent: string;
  readonly onAccent: string;
  readonly font: string;
  readonly radius: string;
}

export type HostMessage =
  | {
      readonly type: "ack";
      readonly look: Look;
      /** A JWT that the website signed, or nothing for guests. */
      readonly token: string;
      /** The website meant to sign its user in and could not. */
      readonly failed: boolean;
      /** A name to begin with, which guests can change. */
      readonly name: string;
    }
  | { readonly type: "look"; readonly look: Look }
  | { readonly type: "hangUp" };

export type Envelope<Message> = Message & { readonly talktime: typeof VERSION };

/** The message in `event`, if it is one of this version from exactly this window and origin. */
export function received<Message>(
  event: MessageEvent<unknown>,
  from: MessageEventSource | null,
  origin: string,
): Message | null {
  if (!from || event.source !== from || event.origin !== origin) return null;
  const data = event.data as Partial<Envelope<{ type: unknown }>> | null;
  return data?.talktime === VERSION && typeof data.type === "string" ? (data as Message) : null;
}
