/**
 * A call as the page sees it: a pure function from (state, event) to the next state.
 *
 *     joining ──welcome──▶ room ──ended──▶ ended
 *        │                  │ ▲
 *        │        superseded│ │use here
 *        │                  ▼ │
 *        └──refused──▶ failed, superseded          (a guest's hanging up: left)
 *
 * Beside the phase two things live and die on their own: `link` (the socket) and `media` (the peer
 * connection). While the link is up the server's word on the meter counts. When both are down the page knows
 * by itself that nothing can be charged, and stops drawing at `stoppedAt`.
 */

import type {
  CallServerMessage,
  CallView,
  EndedMessage,
  MeterView,
  ParticipantView,
  QualityMessage,
  Role,
} from "../protocol/messages";

export type Phase = "joining" | "room" | "superseded" | "ended" | "left" | "failed";
export type LinkState = "connecting" | "up" | "lost";
export type MediaState = "idle" | "connecting" | "up" | "lost" | "blocked";

export interface CallState {
  readonly phase: Phase;
  readonly link: LinkState;
  readonly media: MediaState;
  /** Media was up at least once: what comes later is a reconnection, not a beginning. */
  readonly wasUp: boolean;
  /** Attempts to come back since the last success; 0 while all is well. */
  readonly attempt: number;
  /** The server said it is going down. */
  readonly stopping: boolean;
  readonly leaving: boolean;
  readonly callId: string;
  readonly you: string;
  readonly role: Role;
  readonly call: CallView | null;
  readonly participants: readonly ParticipantView[];
  readonly meter: MeterView | null;
  readonly meterAt: number;
  readonly stoppedAt: number | null;
  readonly ended: EndedMessage | null;
  readonly failure: Failure | null;
  /** The last refusal that did not end anything. */
  readonly notice: Failure | null;
  /** The last tip, and when it came; for the host. */
  readonly tip: Tip | null;
  /** How good both sides' connections are, as last told. */
  readonly quality: QualityMessage | null;
}

export interface Tip {
  readonly minor: number;
  readonly currency: string;
  readonly at: number;
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

export type CallEvent =
  | { readonly type: "server"; readonly message: CallServerMessage; readonly at: number }
  | { readonly type: "link_lost"; readonly at: number }
  | { readonly type: "retry"; readonly attempt: number }
  | { readonly type: "media"; readonly media: MediaState; readonly at: number }
  | { readonly type: "leave" }
  | { readonly type: "left" }
  | { readonly type: "use_here" }
  | { readonly type: "notice_read" }
  | { readonly type: "failed"; readonly failure: Failure };

export function initial(callId: string, role: Role): CallState {
  return {
    phase: "joining",
    link: "connecting",
    media: "idle",
    wasUp: false,
    attempt: 0,
    stopping: false,
    leaving: false,
    callId,
    you: "",
    role,
    call: null,
    participants: [],
    meter: null,
    meterAt: 0,
    stoppedAt: null,
    ended: null,
    failure: null,
    notice: null,
    tip: null,
    quality: null,
  };
}

/** Whether nothing can happen any more without a new call. */
export function isOver(state: CallState): boolean {
  return state.phase === "ended" || state.phase === "left" || state.phase === "failed";
}

export function reduce(state: CallState, event: CallEvent): CallState {
  if (isOver(state)) return state;
  switch (event.type) {
    case "server":
      return state.phase === "superseded" && event.message.type !== "ended"
        ? state
        : onMessage(state, event.message, event.at);
    case "link_lost":
      return stopDrawing({ ...state, link: "lost" }, event.at);
    case "retry":
      return { ...state, attempt: event.attempt, link: "connecting" };
    case "media":
      return stopDrawing(
        {
          ...state,
          media: event.media,
          wasUp: state.wasUp || event.media === "up",
          attempt: event.media === "up" && state.link === "up" ? 0 : state.attempt,
        },
        event.at,
      );
    case "leave":
      return { ...state, leaving: true };
    case "left":
      return { ...state, phase: "left", link: "lost", media: "idle" };
    case "use_here":
      return { ...state, phase: "joining", link: "connecting", media: "idle" };
    case "notice_read":
      return { ...state, notice: null };
    case "failed":
      return { ...state, phase: "failed", link: "lost", media: "idle", failure: event.failure };
  }
}

function onMessage(state: CallState, message: CallServerMessage, at: number): CallState {
  switch (message.type) {
    case "welcome":
      return {
        ...state,
        phase: "room",
        link: "up",
        stopping: false,
        you: message.you,
        role: message.role,
        call: message.call,
        participants: message.participants,
        meter: message.meter,
        meterAt: at,
        stoppedAt: null,
      };
    case "room":
      return { ...state, call: message.call, participants: message.participants };
    case "meter":
      return { ...state, meter: message.meter, meterAt: at, stoppedAt: null };
    case "tip":
      return { ...state, tip: { minor: message.amount_minor, currency: message.currency, at } };
    case "ended":
      return { ...state, phase: "ended", media: "idle", ended: message };
    case "superseded":
      return { ...state, phase: "superseded", link: "lost", media: "idle" };
    case "stopping":
      return { ...state, stopping: true };
    case "error":
      return { ...state, notice: { code: message.code, message: message.message } };
    case "quality":
      return { ...state, quality: message };
    case "answer":
    case "chat_line":
    case "chat_history":
      return state;
  }
}

/** With neither link nor media nothing is delivered, so nothing can be charged: the figure stands still. */
function stopDrawing(state: CallState, at: number): CallState {
  if (state.link === "up" || state.media === "up" || state.stoppedAt !== null) return state;
  return { ...state, stoppedAt: at };
}

/** The instant to draw the meter at. */
export function drawAt(state: CallState, now: number): number {
  return state.stoppedAt === null ? now : Math.min(now, state.stoppedAt);
}

/** What the room shows above all else. */
export type Face =
  | "joining"
  | "ringing"
  | "connecting"
  | "blocked"
  | "reconnecting"
  | "soft_landing"
  | "call"
  | "superseded"
  | "ended"
  | "left"
  | "failed";

export function face(state: CallState): Face {
  if (state.phase !== "room" && state.phase !== "joining") return state.phase;
  if (state.wasUp && (state.link !== "up" || state.media === "lost")) return "reconnecting";
  if (state.media === "blocked") return "blocked";
  if (state.phase === "joining") return state.wasUp ? "reconnecting" : "joining";
  if (state.call?.state === "ringing") return "ringing";
  if (state.meter?.state === "exhausted") return "soft_landing";
  if (state.media !== "up") return state.wasUp ? "reconnecting" : "connecting";
  return "call";
}

export function others(state: CallState): readonly ParticipantView[] {
  return state.participants.filter((each) => each.id !== state.you);
}

export function self(state: CallState): ParticipantView | null {
  return state.participants.find((each) => each.id === state.you) ?? null;
}

/** A track to subscribe to, whether or not it exists yet. */
export interface Wanted {
  readonly track: string;
  readonly kind: "audio" | "video";
}

/** Everything to hear and see of the others. */
export function wanted(state: CallState, video: boolean): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const each of others(state)) {
    // The two tracks almost everybody has are asked for before they exist: the first offer is enough.
    found.set(`${each.id}.mic`, { track: `${each.id}.mic`, kind: "audio" });
    if (video) found.set(`${each.id}.camera`, { track: `${each.id}.camera`, kind: "video" });
    for (const { id, kind } of each.tracks) found.set(id, { track: id, kind });
  }
  return [...found.values()];
}

/** Whether I am (one of) those who hold the call. */
export function pausedByMe(call: CallState): boolean {
  const why = call.meter?.why;
  if (why === "both_paused") return call.role !== "guest";
  return (why === "payer_paused" && call.role === "payer") || (why === "host_paused" && call.role === "host");
}
