/**
 * Whether an expert can be called, as it changes. The server tells it as server-sent events; where those do not
 * get through (an old proxy, too many listeners) the page asks every few seconds instead.
 */

import type { Live } from "../protocol/api";
import type { Timers } from "./timers";

const ASK_MS = 4_000;
/** After this many failures in a row the stream is given up for asking. */
const PATIENCE = 3;

export interface LiveParts {
  /** Open the stream of an expert. */
  readonly open: (url: string) => EventSource;
  /** Ask once; rejects when the server does not answer. */
  readonly ask: (slug: string) => Promise<Live>;
  readonly timers: Timers;
  /** Whether the page is in sight. */
  readonly sight: Sight;
}

export interface Sight {
  readonly seen: () => boolean;
  /** Call `changed` whenever that may be different, until the returned function is called. */
  readonly watch: (changed: () => void) => () => void;
}

/** What a browser says of its own page. */
export const pageSight: Sight = {
  seen: () => document.visibilityState === "visible",
  watch: (changed) => {
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  },
};

/**
 * Follow an expert until the returned function is called. `tell` gets null while nothing is known. A page that
 * nobody looks at does not listen: a browser has few connections to one server, and many tabs may be open.
 */
export function watchLive(parts: LiveParts, slug: string, tell: (live: Live | null) => void): () => void {
  let stop: () => void = () => {};
  const look = (): void => {
    stop();
    stop = parts.sight.seen() ? listen(parts, slug, tell) : () => {};
  };
  const unwatch = parts.sight.watch(look);
  look();
  return () => {
    unwatch();
    stop();
  };
}

function listen(parts: LiveParts, slug: string, tell: (live: Live | null) => void): () => void {
  let over = false;
  let failures = 0;
  let stop: () => void = () => {};

  const askAgain = async (): Promise<void> => {
    try {
      const live = await parts.ask(slug);
      if (!over) tell(live);
    } catch {
      if (!over) tell(null);
    }
    if (!over) {
      const timer = parts.timers.set(() => void askAgain(), ASK_MS);
      stop = () => parts.timers.clear(timer);
    }
  };

  const source = parts.open(`/api/v1/experts/${encodeURIComponent(slug)}/live`);
  stop = () => source.close();
  source.onmessage = (event: MessageEvent<string>) => {
    failures = 0;
    const live = read(event.data);
    if (live) tell(live);
  };
  source.onerror = () => {
    tell(null);
    failures += 1;
    // Closed: refused for good, for instance by 404 or 503. Else the browser tries again by itself.
    if (source.readyState !== EventSource.CLOSED && failures < PATIENCE) return;
    source.close();
    void askAgain();
  };
  return () => {
    over = true;
    stop();
  };
}

function read(data: string): Live | null {
  try {
    const value: unknown = JSON.parse(data);
    return value !== null && typeof value === "object" && "state" in value ? (value as Live) : null;
  } catch {
    return null;
  }
}
