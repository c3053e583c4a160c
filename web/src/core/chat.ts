/**
 * The chat of a call from one side. What one writes waits here until the server has said that it is kept: one
 * message is under way at a time, so that the order stays, and it is sent again under the same id when no
 * word comes. Without a link everything waits; what waits outlives a reload of the tab (files do not).
 */

import type {
  ChatFile,
  ChatHistoryMessage,
  ChatLine,
  ChatLineMessage,
  ChatMessage,
  Role,
} from "../protocol/messages";
import { Alarms } from "./alarms";
import { Refusal } from "./api";
import type { Timers } from "./timers";

export interface ChatParts {
  readonly timers: Timers;
  /** Whether it went out. */
  readonly send: (message: ChatMessage) => boolean;
  readonly newId: () => string;
  readonly sendFile: (
    id: string,
    file: Blob & { readonly name: string },
    progress: (part: number) => void,
    signal: AbortSignal,
  ) => Promise<ChatFile>;
  /** Survives a reload of the tab. */
  readonly keep: (text: string) => void;
  readonly kept: () => string | null;
}

/** What one wrote and the server has not kept yet. */
export interface Draft {
  readonly id: string;
  readonly text: string;
  /** A file that is being sent, and how much of it. */
  readonly upload: { readonly name: string; readonly size: number; readonly part: number } | null;
  readonly file: ChatFile | null;
  /** Why it was refused for good; empty while it waits. */
  readonly code: string;
}

export const MAX_TEXT = 2_000;
const KEPT_MS = 6_000;
const AGAIN_MS = 2_000;
/** A server that has enough of a file may hang up before it has said so. */
const TRIES = 4;
/** Refusals after which the same message may pass a little later. */
const PASSING = new Set(["chat.rate", "chat.unavailable", "rate.limited", "call.not_open"]);

interface Sending {
  readonly file: Blob & { readonly name: string };
  readonly abort: AbortController;
  running: boolean;
  /** How often nothing came back although there was a link. */
  lost: number;
}

interface Kept {
  readonly seen: number;
  readonly waiting: readonly { readonly id: string; readonly text: string }[];
}

export class Chat {
  readonly #parts: ChatParts;
  readonly #alarms: Alarms<"kept" | "again" | `file:${string}`>;
  readonly #listeners = new Set<() => void>();
  readonly #lines = new Map<number, ChatLine>();
  readonly #uploads = new Map<string, Sending>();
  #drafts: Draft[] = [];
  #role: Role = "payer";
  #up = false;
  #over = false;
  #seen = 0;
  #open = false;
  /** The draft that is under way. */
  #under: string | null = null;
  more = false;

  constructor(parts: ChatParts) {
    this.#parts = parts;
    this.#alarms = new Alarms(parts.timers);
    this.#recall();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What was kept, in order. */
  get lines(): readonly ChatLine[] {
    return [...this.#lines.values()].sort((one, other) => one.seq - other.seq);
  }

  /** What was not kept yet, in the order in which it was written. */
  get drafts(): readonly Draft[] {
    return this.#drafts;
  }

  /** Whether there is nobody to take a message at this moment. */
  get waits(): boolean {
    return !this.#up;
  }

  /** What the other side wrote and nobody has seen here. */
  get unread(): number {
    return this.lines.filter((line) => line.seq > this.#seen && line.sender !== this.#role).length;
  }

  isMine(line: ChatLine): boolean {
    return line.sender === this.#role;
  }

  /** The panel is open, so what comes is seen; or it is not any more. */
  look(open: boolean): void {
    this.#open = open;
    this.#look();
    this.#changed();
  }

  say(text: string): void {
    const plain = tidy(text);
    if (!plain || this.#over) return;
    this.#drafts = [...this.#drafts, draft(this.#parts.newId(), { text: plain })];
    this.#changed();
    this.#pump();
  }

  attach(file: Blob & { readonly name: string }): void {
    if (this.#over) return;
    const id = this.#parts.newId();
    const { name, size } = file;
    this.#drafts = [...this.#drafts, draft(id, { upload: { name, size, part: 0 } })];
    this.#uploads.set(id, { file, abort: new AbortController(), running: false, lost: 0 });
    this.#changed();
    void this.#upload(id);
  }

  /** Take back what was not kept yet. A text that is under way may be kept all the same. */
  drop(id: string): void {
    this.#uploads.get(id)?.abort.abort();
    this.#uploads.delete(id);
    this.#alarms.clear(`file:${id}`);
    this.#drafts = this.#drafts.filter((each) => each.id !== id);
    if (this.#under === id) this.#settle();
    this.#changed();
    this.#pump();
  }

  // -- what the session tells --------------------------------------------------------------------------------

  /** The server welcomed a connection of this side. */
  linked(role: Role): void {
    this.#role = role;
    this.#up = true;
    this.#settle();
    for (const id of this.#uploads.keys()) void this.#upload(id);
    this.#changed();
    this.#pump();
  }

  unlinked(): void {
    if (!this.#up) return;
    this.#up = false;
    this.#settle();
    this.#changed();
  }

  /** The call is over: nothing more can be sent. */
  end(): void {
    this.#over = true;
    this.#alarms.clearAll();
    for (const { abort } of this.#uploads.values()) abort.abort();
    this.#uploads.clear();
    this.#drafts = this.#drafts.map((each) => ({ ...each, code: each.code || "call.ended" }));
    this.#changed();
  }

  /** The page goes away. */
  close(): void {
    this.#alarms.clearAll();
    this.#up = false;
  }

  take(message: ChatLineMessage | ChatHistoryMessage): void {
    const lines = message.type === "chat_line" ? [message.line] : message.lines;
    if (message.type === "chat_history") this.more = message.more;
    for (const line of lines) this.#lines.set(line.seq, line);
    const mine = new Set(lines.filter((line) => this.isMine(line)).map((line) => line.id));
    this.#drafts = this.#drafts.filter((each) => !mine.has(each.id));
    if (this.#under !== null && mine.has(this.#under)) this.#settle();
    this.#look();
    this.#changed();
    this.#pump();
  }

  /** Older lines, read over HTTP. */
  older(lines: readonly ChatLine[], more: boolean): void {
    for (const line of lines) this.#lines.set(line.seq, line);
    this.more = more;
    this.#changed();
  }

  refused(id: string, code: string): void {
    if (this.#under === id) this.#settle();
    if (PASSING.has(code)) {
      this.#alarms.set("again", AGAIN_MS, () => this.#pump());
      return;
    }
    this.#change(id, { code });
    this.#pump();
  }

  // -- sending -----------------------------------------------------------------------------------------------

  #pump(): void {
    if (!this.#up || this.#over || this.#under !== null || this.#alarms.has("again")) return;
    const next = this.#drafts.find((each) => !each.code && !each.upload);
    if (!next) return;
    const { id, text, file } = next;
    if (!this.#parts.send({ type: "chat", id, text, file: file?.id ?? null })) return;
    this.#under = id;
    this.#alarms.set("kept", KEPT_MS, () => {
      this.#settle();
      this.#pump();
    });
  }

  /** Nothing is under way any more. */
  #settle(): void {
    this.#under = null;
    this.#alarms.clear("kept", "again");
  }

  async #upload(id: string): Promise<void> {
    const waiting = this.#uploads.get(id);
    if (!waiting || waiting.running) return;
    waiting.running = true;
    this.#alarms.clear(`file:${id}`);
    const progress = (part: number): void => {
      const upload = this.#drafts.find((each) => each.id === id)?.upload;
      if (upload) this.#change(id, { upload: { ...upload, part } });
    };
    let file: ChatFile;
    try {
      file = await this.#parts.sendFile(id, waiting.file, progress, waiting.abort.signal);
    } catch (error) {
      waiting.running = false;
      if (this.#uploads.get(id) !== waiting || waiting.abort.signal.aborted) return;
      const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
      if (refusal.status === 0 && this.#up) waiting.lost++;
      if (refusal.passing && waiting.lost < TRIES) {
        progress(0);
        this.#alarms.set(`file:${id}`, refusal.retryAfterMs ?? AGAIN_MS, () => void this.#upload(id));
      } else {
        this.#uploads.delete(id);
        this.#change(id, { code: refusal.code });
      }
      return;
    }
    if (!this.#uploads.delete(id)) return;
    this.#change(id, { upload: null, file });
    this.#pump();
  }

  #change(id: string, part: Partial<Draft>): void {
    this.#drafts = this.#drafts.map((each) => (each.id === id ? { ...each, ...part } : each));
    this.#changed();
  }

  // -- what is kept in the tab -------------------------------------------------------------------------------

  #look(): void {
    if (this.#open) this.#seen = Math.max(this.#seen, ...this.#lines.keys());
  }

  #changed(): void {
    const waiting = this.#drafts
      .filter((each) => each.text && !each.code)
      .map(({ id, text }) => ({ id, text }));
    this.#parts.keep(JSON.stringify({ seen: this.#seen, waiting } satisfies Kept));
    for (const listener of this.#listeners) listener();
  }

  #recall(): void {
    try {
      const kept = JSON.parse(this.#parts.kept() ?? "null") as Kept | null;
      this.#seen = Number(kept?.seen) || 0;
      this.#drafts = (kept?.waiting ?? []).map(({ id, text }) =>
        draft(String(id), { text: tidy(String(text)) }),
      );
    } catch {
      // Somebody else's: begin with nothing.
    }
  }
}

function draft(id: string, part: Partial<Draft>): Draft {
  return { id, text: "", upload: null, file: null, code: "", ...part };
}

/** As the server takes it: no control characters but line feeds and tabs, at most `MAX_TEXT` characters. */
export function tidy(text: string): string {
  const lines = text.replaceAll(/\r\n?/g, "\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = lines.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]|\p{Cs}/gu, "");
  return [...plain.trim()].slice(0, MAX_TEXT).join("").trim();
}
