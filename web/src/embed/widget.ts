/**
 * `<talktime-call expert="ada">` for any website: a badge, a button, and after a click the whole call in a
 * frame. Before the click it is this file and nothing else. See docs/widget.md for attributes, events, styles.
 */

import { widget as words } from "../strings/widget";
import { type Face, follow, money } from "./badge";
import { look } from "./look";
import { type FrameMessage, type FrameState, type HostMessage, type Look, received, VERSION } from "./wire";

const SERVER = new URL(import.meta.url).origin;
const ALLOW = [
  "camera",
  "microphone",
  "display-capture",
  "autoplay",
  "fullscreen",
  "clipboard-write",
  "screen-wake-lock",
];
/**
 * A frame that may be shown says that it is ready before it has loaded. One that may not stays silent. To hear of it
 * late is better than that a slow phone is refused.
 */
const READY_MS = 5_000;
const HANG_UP_MS = 4_000;
const BUSY: readonly string[] = ["ringing", "connecting", "call"];

export type WidgetState = "closed" | "opening" | "refused" | FrameState;

const sheet = new CSSStyleSheet();
sheet.replaceSync(look);

type Child = Node | string;

function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  set: Partial<HTMLElementTagNameMap[K]>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), set);
  made.append(...children);
  return made;
}

export class TalktimeCall extends HTMLElement {
  static readonly observedAttributes = ["expert", "theme"];
  /** Called for every opening: a fresh JWT that says who the website's own user is. */
  signIn: (() => Promise<string>) | null = null;
  readonly #root = this.attachShadow({ mode: "open" });
  readonly #title = make("b", {});
  readonly #badge = make("p", { className: "badge" });
  readonly #button = make("button", { type: "button", onclick: () => this.open() });
  readonly #card = make(
    "div",
    { className: "card" },
    make("div", {}, this.#title, this.#badge),
    this.#button,
  );
  #panel: HTMLElement | null = null;
  #close: HTMLButtonElement | null = null;
  #frame: HTMLIFrameElement | null = null;
  #state: WidgetState = "closed";
  #face: Face | null = null;
  #unfollow: (() => void) | null = null;
  #leaving = 0;
  #greeted = false;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
    this.#card.part.add("card");
    this.#badge.part.add("badge");
    this.#button.part.add("button");
    this.#root.append(this.#card);
  }

  /** What it does now; every change is told by the event `state`. */
  get state(): WidgetState {
    return this.#state;
  }

  get expert(): string {
    return this.getAttribute("expert") ?? "";
  }

  connectedCallback(): void {
    addEventListener("message", this.#heard);
    document.addEventListener("securitypolicyviolation", this.#forbidden);
    this.#draw();
    this.#follow();
  }

  disconnectedCallback(): void {
    removeEventListener("message", this.#heard);
    document.removeEventListener("securitypolicyviolation", this.#forbidden);
    this.#unfollow?.();
    this.#gone();
  }

  attributeChangedCallback(name: string): void {
    if (!this.isConnected) return;
    if (name === "theme") this.#say({ type: "look", look: this.#look() });
    else this.#follow();
  }

  // -- for the host page -------------------------------------------------------------------------------------

  /** Show the call. It costs nothing and rings nobody: that is the visitor's own click, in the frame. */
  open(): void {
    if (this.#panel) this.#reveal();
    if (this.#panel || !this.isConnected) return;
    const dialog = this.getAttribute("mode") === "dialog";
    const title = this.#words("title");
    this.#frame = make("iframe", { title, allow: ALLOW.map((each) => `${each} ${SERVER}`).join("; ") });
    this.#close = make("button", { className: "close", type: "button", onclick: () => this.close() }, "×");
    this.#close.setAttribute("aria-label", this.#words("close"));
    this.#panel = make(
      dialog ? "dialog" : "div",
      { className: "panel", ariaLabel: title },
      make("div", { className: "say", role: "status" }, this.#words("loading")),
      this.#frame,
      this.#close,
    );
    this.#panel.part.add("panel");
    if (!dialog) this.#panel.role = "group";
    const leave = (event: Event): void => {
      event.preventDefault();
      if (!BUSY.includes(this.#state)) this.close();
    };
    this.#panel.oncancel = leave;
    // Browsers let a second Escape close what refused the first. A call that goes on stays in sight.
    this.#panel.onclose = () => {
      if (this.#panel?.hidden === false) (this.#panel as HTMLDialogElement).showModal();
    };
    this.#panel.onkeydown = (event) => {
      if (event.key === "Escape" && !dialog) leave(event);
    };
    this.#greeted = false;
    this.#frame.onload = () => setTimeout(() => this.#late(), READY_MS);
    const offer = this.getAttribute("offer") ?? "";
    const query = new URLSearchParams({ origin: location.origin, host: "1", offer });
    this.#frame.src = `${SERVER}/embed/${encodeURIComponent(this.expert)}?${query}`;
    this.#root.append(this.#panel);
    this.#panel.hidden = true;
    this.#reveal();
    this.#is("opening");
  }

  /**
   * Take the call away. One that goes on is hung up first, so that no meter runs unseen. A place in line is
   * kept, out of sight: the call shows itself again when it is the visitor's turn.
   */
  close(): void {
    if (this.#state === "waiting" && this.#panel) {
      if (this.#panel instanceof HTMLDialogElement) this.#panel.close();
      this.#panel.hidden = true;
      this.#draw();
      this.#button.focus();
      return;
    }
    if (!BUSY.includes(this.#state)) {
      this.#gone();
      return;
    }
    this.hangUp();
    this.#leaving ||= window.setTimeout(() => this.#gone(), HANG_UP_MS);
  }

  #reveal(): void {
    const panel = this.#panel;
    if (!panel?.hidden) return;
    panel.hidden = false;
    this.#draw();
    if (panel instanceof HTMLDialogElement) panel.showModal();
    else {
      this.#close?.focus({ preventScroll: true });
      panel.scrollIntoView({ block: "nearest" });
    }
  }

  hangUp(): void {
    this.#say({ type: "hangUp" });
  }

  // -- the frame ---------------------------------------------------------------------------------------------

  #heard = (event: MessageEvent<unknown>): void => {
    const message = received<FrameMessage>(event, this.#frame?.contentWindow ?? null, SERVER);
    if (!message) return;
    const { type, ...detail } = message;
    if (message.type === "state") {
      this.#is(message.state);
      return;
    }
    if (message.type === "ready") {
      this.#greeted = true;
      void this.#acknowledge();
    }
    this.#tell(type, detail);
    if (message.type === "ended" && this.#leaving) this.#gone();
  };

  async #acknowledge(): Promise<void> {
    let token = this.getAttribute("token") ?? "";
    let failed = false;
    try {
      if (this.signIn) token = await this.signIn();
    } catch {
      failed = true;
    }
    this.#say({ type: "ack", look: this.#look(), token, failed, name: this.getAttribute("name") ?? "" });
  }

  #say(message: HostMessage): void {
    // To one exact origin: whatever else the frame may show by then does not hear it.
    this.#frame?.contentWindow?.postMessage({ ...message, talktime: VERSION }, SERVER);
  }

  #late(): void {
    if (this.#state === "opening" && !this.#greeted) this.#refused("embed.refused", this.#words("refused"));
  }

  #forbidden = (event: SecurityPolicyViolationEvent): void => {
    if (this.#state !== "opening" || !event.blockedURI.startsWith(SERVER)) return;
    const directive = event.effectiveDirective;
    this.#refused("embed.forbidden", this.#words("forbidden").replace("{directive}", directive));
  };

  #refused(code: string, text: string): void {
    this.#frame?.remove();
    const name = this.#words("page");
    const link = make("a", { href: `${SERVER}/e/${this.expert}`, target: "_blank", rel: "noopener" }, name);
    this.#panel?.querySelector(".say")?.replaceChildren(make("p", {}, text), link);
    this.#is("refused");
    this.#tell("problem", { code, detail: text });
  }

  #gone(): void {
    clearTimeout(this.#leaving);
    this.#leaving = 0;
    if (!this.#panel) return;
    const focused = this.#root.activeElement;
    this.#panel.remove();
    this.#panel = this.#frame = this.#close = null;
    this.#draw();
    if (focused) this.#button.focus();
    this.#is("closed");
  }

  // -- what is seen ------------------------------------------------------------------------------------------

  #is(state: WidgetState): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state !== "waiting") this.#reveal();
    if (this.#close) this.#close.hidden = BUSY.includes(state);
    this.#tell("state", { state });
  }

  #tell(type: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #follow(): void {
    this.#unfollow?.();
    if (!this.expert) return;
    this.#unfollow = follow(SERVER, this.expert, (face) => {
      this.#face = face;
      this.#draw();
    });
  }

  #draw(): void {
    const face = this.#face;
    const waiting = this.#panel?.hidden === true;
    this.#card.hidden = this.#panel ? !waiting : this.getAttribute("mode") === "dialog";
    this.#title.textContent = face?.name ?? this.expert;
    this.#button.textContent = waiting
      ? this.#words("show")
      : (this.getAttribute("label") ?? this.#words("call"));
    this.#badge.hidden = !face;
    if (!face) return;
    const offer = this.getAttribute("offer");
    const { tariff } = face.offers.find((each) => each.id === offer) ?? face;
    const { currency, price_minor: price, per_ms: per } = tariff;
    // A price for another time than a minute is told by the minute, rounded up.
    const minute = Math.ceil((price * 60_000) / per);
    const parts = [
      this.#words(waiting ? "waiting" : face.live.state),
      price ? this.#words("perMinute").replace("{price}", money(minute, currency)) : this.#words("free"),
    ];
    const minutes = Math.ceil(face.live.wait_ms / 60_000);
    if (minutes > 0 && !waiting) parts.push(this.#words("wait").replace("{min}", String(minutes)));
    this.#badge.textContent = parts.join(" · ");
    this.#badge.dataset["state"] = face.live.state;
  }

  #words(which: keyof typeof words): string {
    return (this.getAttribute(`text-${which.toLowerCase()}`) ?? words[which])
      .replace("{name}", this.#face?.name ?? this.expert)
      .replace("{origin}", location.origin)
      .replace("{server}", SERVER);
  }

  #look(): Look {
    const style = getComputedStyle(this);
    const of = (name: string): string => style.getPropertyValue(`--talktime-${name}`).trim();
    const scheme = style.colorScheme;
    const both = scheme.includes("light") && scheme.includes("dark");
    return {
      scheme: both ? "auto" : scheme.includes("dark") ? "dark" : "light",
      accent: of("accent"),
      onAccent: of("on-accent"),
      font: of("font"),
      radius: of("radius"),
    };
  }
}

/** Any element opens a call: `data-talktime-open="ada"`, or what a widget names by its attribute `opener`. */
function opened(event: MouseEvent): void {
  const target = event.target as Element | null;
  const named = target?.closest<HTMLElement>("[data-talktime-open]")?.dataset["talktimeOpen"];
  const all = [...document.querySelectorAll<TalktimeCall>("talktime-call")];
  let found = all.find((each) => {
    const opener = each.getAttribute("opener");
    return opener ? target?.closest(opener) : false;
  });
  if (named !== undefined) found ??= all.find((each) => !named || each.expert === named);
  if (!found && named) {
    found = document.createElement("talktime-call") as TalktimeCall;
    found.setAttribute("expert", named);
    found.setAttribute("mode", "dialog");
    document.body.append(found);
  }
  if (!found) return;
  event.preventDefault();
  found.open();
}

if (!customElements.get("talktime-call")) {
  customElements.define("talktime-call", TalktimeCall);
  document.addEventListener("click", opened);
}

declare global {
  interface HTMLElementTagNameMap {
    "talktime-call": TalktimeCall;
  }
}
