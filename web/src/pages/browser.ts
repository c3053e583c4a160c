/** What pages take from the browser itself: storages, the link's token, the socket and the peer connection. */

import { Api, Refusal } from "../core/api";
import { Devices } from "../core/devices";
import { openLink } from "../core/link";
import {
  all,
  Forgetful,
  forget,
  type KeyValue,
  last,
  recall,
  remember,
  rememberHere,
  type Storages,
  settled,
  tokenOf,
} from "../core/logins";
import { policyAllows } from "../core/policy";
import type { Presence, PresenceParts } from "../core/presence";
import type { SessionParts } from "../core/session";
import { realTimers } from "../core/timers";
import type { WaitingParts } from "../core/waiting";

/** A storage, or one that forgets where the browser forbids it (even touching it may throw). */
function storage(which: "localStorage" | "sessionStorage"): KeyValue {
  try {
    const found = window[which];
    found.getItem("");
    return found;
  } catch {
    return new Forgetful();
  }
}

/** Whether what is kept outlives this page: browsers may forbid it, above all to frames on other websites. */
export function canKeep(): boolean {
  return !(stores.browser instanceof Forgetful);
}

export const stores: Storages = { tab: storage("sessionStorage"), browser: storage("localStorage") };

/** The login token of this page: from the link, else remembered. Leaves a clean address bar. */
export function login(path = location.pathname): string | null {
  const given = tokenOf(location.hash);
  if (given) {
    remember(stores, path, given);
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return given ?? recall(stores, path);
}

/** Who asks on the page at `path`: a remembered link that is still good, else the login cookie. */
export async function standing(path: string): Promise<Api> {
  const works = async (token: string): Promise<boolean> => {
    try {
      await new Api(token).me();
      return true;
    } catch (error) {
      // Only what the server says of the link counts; a network that is down says nothing.
      return !(error instanceof Refusal && error.code.startsWith("auth."));
    }
  };
  return new Api(await settled(stores, path, works));
}

/** Who asks on this page: the link that was opened just now, whatever it is worth, else who stands here. */
export async function whoever(): Promise<Api> {
  return tokenOf(location.hash) ? new Api(login()) : standing(location.pathname);
}

/** The link that was opened last in this tab, for the pages that one person has beside the link's own. */
export function lastLogin(): string | null {
  return last(stores);
}

/** Forget the links that were opened here: who signs in wants to be that person on every page. */
export function forgetLinks(): void {
  forget(stores);
}

/** Keep a login that did not come by a link, for this page and its next visits. */
export function keepLogin(token: string): void {
  remember(stores, location.pathname, token);
}

/** Keep a login for this tab alone. */
export function keepHere(token: string): void {
  rememberHere(stores, location.pathname, token);
}

export function everyLogin(): string[] {
  return all(stores);
}

export function newDevices(): Devices {
  return new Devices({
    media: navigator.mediaDevices,
    allowed: (kind) => policyAllows(kind === "mic" ? "microphone" : "camera"),
    remember: (kind, id) => stores.browser.setItem(`tt.device:${kind}`, id),
    recall: (kind) => stores.browser.getItem(`tt.device:${kind}`),
  });
}

let warm: RTCPeerConnection | null = null;

/** The server is the only other end and says where it is: there is no STUN server to ask. */
function newConnection(): RTCPeerConnection {
  return new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
}

/** A call is likely: the first connection of a page takes a browser a while, so it is made before the click. */
export function warmUp(): void {
  warm ??= newConnection();
}

export function sessionParts(api: Api): SessionParts {
  return {
    api,
    openLink,
    newConnection: () => {
      const made = warm ?? newConnection();
      warm = null;
      return made;
    },
    timers: realTimers,
    random: Math.random,
    chat: (callId) => ({
      newId: () => crypto.randomUUID(),
      sendFile: (id, file, progress, signal) => api.sendFile(callId, id, file, progress, signal),
      keep: (text) => stores.tab.setItem(CHAT + callId, text),
      kept: () => stores.tab.getItem(CHAT + callId),
    }),
  };
}

/** What one wrote in a call and was not kept yet. */
const CHAT = "tt.chat:";

export function waitingParts(api: Api): WaitingParts {
  return { api, openLink, timers: realTimers, random: Math.random };
}

export function presenceParts(api: Api): PresenceParts {
  return { api, openLink, timers: realTimers, random: Math.random };
}

/** Call `run` when another link is opened in this very tab. */
export function onNewLink(): void {
  addEventListener("hashchange", () => {
    if (tokenOf(location.hash)) location.reload();
  });
}

/** The page leaves: `leave` closes what is open. When it comes back from the cache it starts anew. */
export function onLeave(leave: () => void): void {
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

/** The network is back, or the person looks at the page again: do not wait for the next attempt. */
export function onBack(back: () => void): void {
  addEventListener("online", back);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") back();
  });
}

/** What a tab was doing, so that a reload goes on: the call, and how the devices were. */
export interface Resume {
  readonly call: string;
  readonly media: "video" | "voice";
  readonly muted: boolean;
  readonly camera: boolean;
}

const RESUME = "tt.resume:";

export function keepResume(path: string, resume: Resume | null): void {
  if (resume) stores.tab.setItem(RESUME + path, JSON.stringify(resume));
  else stores.tab.removeItem(RESUME + path);
}

export function findResume(path: string): Resume | null {
  try {
    const found: unknown = JSON.parse(stores.tab.getItem(RESUME + path) ?? "null");
    return found !== null && typeof found === "object" && "call" in found ? (found as Resume) : null;
  } catch {
    return null;
  }
}

export { Api, type Presence };
