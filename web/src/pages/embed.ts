/** `/embed/{slug}`: the whole call inside the widget's frame, on somebody else's website. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import type { LiveCall } from "../core/live-call";
import { policyAllows } from "../core/policy";
import { pause } from "../core/timers";
import "../elements/notice";
import "../elements/shell";
import { Bridge, dress } from "../embed/bridge";
import type { HostMessage } from "../embed/wire";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { canKeep, keepHere, keepLogin, login } from "./browser";
import "./call";

const ACK_MS = 15_000;

@customElement("tt-embed-page")
export class EmbedPage extends LitElement {
  @state() private phase: "loading" | "name" | "call" | "problem" = "loading";
  @state() private problem = "";
  @state() private expert = "";
  @state() private name = "";
  @state() private trouble = "";
  @state() private working = false;
  readonly #meta = document.querySelector<HTMLMetaElement>('meta[name="talktime-embed"]');
  readonly #slug = decodeURIComponent(location.pathname.split("/")[2] ?? "");
  #bridge: Bridge | null = null;
  #api = new Api(null);
  #acknowledged: ((ack: Extract<HostMessage, { type: "ack" }> | null) => void) | null = null;

  static override styles = [
    base,
    controls,
    card,
    css`
      form {
        display: grid;
        gap: var(--space-5);
        max-width: var(--dialog);
        margin-inline: auto;
        padding-block: var(--space-6);
      }
      .head {
        display: grid;
        gap: var(--space-2);
      }
      .wait {
        padding-block: var(--space-7);
        text-align: center;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("tt-live", (event) => {
      this.#bridge?.follow((event as CustomEvent<LiveCall>).detail, this.#api);
    });
    this.addEventListener("tt-stage", (event) => {
      const stage = (event as CustomEvent<string>).detail;
      if (stage === "line") this.#bridge?.is("waiting");
      else if (stage === "check" || stage === "over") this.#bridge?.is("ready");
    });
    this.addEventListener("click", this.#link);
    void this.#open();
  }

  override render(): TemplateResult {
    if (this.phase === "call") return html`<tt-call-page></tt-call-page>`;
    return html`<tt-shell width="narrow">${this.#page()}</tt-shell>`;
  }

  #page(): TemplateResult {
    switch (this.phase) {
      case "loading":
      case "call":
        return html`<p class="wait muted" role="status">${t.loading}</p>`;
      case "problem":
        return html`<tt-notice
          icon="warn"
          .code=${this.problem}
          .heading=${t.embed.problem}
          .text=${t.embed.problems[this.problem] ?? t.embed.unreachable}
        >
          <a class="button" href=${`/e/${this.#slug}`} target="_blank" rel="noopener">${t.embed.ownPage}</a>
        </tt-notice>`;
      case "name":
        return html`<form @submit=${this.#submit} novalidate>
          <div class="head">
            <h1>${t.embed.title(this.expert)}</h1>
            <p class="muted">${t.embed.lead}</p>
          </div>
          <label class="field">
            ${t.embed.name}
            <input
              name="name"
              data-testid="visitor-name"
              autocomplete="name"
              maxlength="60"
              required
              .value=${this.name}
              aria-invalid=${this.trouble ? "true" : "false"}
              aria-describedby="trouble"
            />
          </label>
          <p class="note bad" role="alert" id="trouble" ?hidden=${!this.trouble}>${this.trouble || nothing}</p>
          ${
            canKeep()
              ? nothing
              : html`<div class="note" data-testid="forgets">
                <span class="small">${t.embed.forgets}</span>
                <a href=${`/e/${this.#slug}`} target="_blank" rel="noopener">${t.embed.ownPage}</a>
              </div>`
          }
          <button type="submit" class="primary large" data-testid="visitor-go" ?disabled=${this.working}>
            ${t.embed.go}
          </button>
        </form>`;
    }
  }

  // -- who is there ------------------------------------------------------------------------------------------

  async #open(): Promise<void> {
    const origin = this.#meta?.dataset["origin"];
    if (!this.#meta || !origin || window.parent === window) {
      this.#fail("embed.alone");
      return;
    }
    let token = "";
    let failed = false;
    if (new URLSearchParams(location.search).get("host") === "1") {
      const ack = await this.#greet(origin);
      if (!ack) {
        this.#fail("embed.silent");
        return;
      }
      ({ token, failed } = ack);
      this.name = ack.name;
      dress({ ...ack.look }, document.documentElement);
      document.documentElement.style.setProperty("--corner", "var(--space-6)");
    }
    this.#policy();
    try {
      this.expert = (await this.#api.expert(this.#slug)).name;
      if (token) {
        // Somebody else may have used the website on this browser before: nothing of that is taken over.
        keepHere((await this.#api.startEmbed({ embed: this.#meta.content, jwt: token })).token);
        this.#call();
        return;
      }
      if (!failed && (await this.#known())) return;
    } catch (error) {
      this.#fail(error instanceof Refusal ? error.code : "network");
      return;
    }
    this.trouble = failed ? t.embed.stranger : "";
    this.phase = "name";
    this.#bridge?.is("asking");
  }

  /** The handshake. Null when nobody answers. */
  async #greet(origin: string): Promise<Extract<HostMessage, { type: "ack" }> | null> {
    const answered = new Promise<Extract<HostMessage, { type: "ack" }> | null>((resolve) => {
      this.#acknowledged = resolve;
    });
    this.#bridge = new Bridge({ window: window.parent, origin }, (message) => {
      if (message.type === "ack") this.#acknowledged?.(message);
      else if (message.type === "look") dress({ ...message.look }, document.documentElement);
    });
    this.#bridge.tell({ type: "ready", expert: this.#slug });
    return Promise.race([answered, pause(ACK_MS).then(() => null)]);
  }

  /** A guest who was here before, with the wallet of that time. */
  async #known(): Promise<boolean> {
    const token = login();
    if (!token) return false;
    try {
      await new Api(token).me();
    } catch (error) {
      if (error instanceof Refusal && error.passing) throw error;
      return false;
    }
    this.#api = new Api(token);
    this.#call();
    return true;
  }

  #submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const name = String(new FormData(form).get("name") ?? "").trim();
    this.name = name;
    if (!name) {
      this.trouble = t.embed.noName;
      form.querySelector("input")?.focus();
      return;
    }
    this.working = true;
    this.trouble = "";
    try {
      keepLogin((await this.#api.startEmbed({ embed: this.#meta?.content ?? "", name })).token);
      this.#call();
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "network";
      this.trouble = t.embed.problems[code] ?? t.embed.unreachable;
    } finally {
      this.working = false;
    }
  };

  #call(): void {
    const token = login();
    if (token) this.#api = new Api(token);
    this.phase = "call";
    this.#bridge?.is("ready");
  }

  // -- the host page -----------------------------------------------------------------------------------------

  /** What the visitor is told in words, the website's developer is told as an event. */
  #policy(): void {
    if (policyAllows("microphone") && policyAllows("camera")) return;
    const code = policyAllows("microphone") ? "embed.camera_forbidden" : "embed.microphone_forbidden";
    this.#bridge?.tell({ type: "problem", code, detail: t.embed.forbiddenHeader(location.origin) });
  }

  /** Other pages of ours may not stand in this frame: they open in a tab, with the login that is in here. */
  #link = (event: Event): void => {
    const link = event.composedPath().find((each) => each instanceof HTMLAnchorElement);
    if (!link || link.target || link.download || link.origin !== location.origin) return;
    event.preventDefault();
    const token = login();
    window.open(token ? `${link.href}#t=${token}` : link.href, "_blank", "noopener");
  };

  #fail(code: string): void {
    this.problem = code;
    this.phase = "problem";
    this.#bridge?.tell({ type: "problem", code, detail: t.embed.problems[code] ?? t.embed.unreachable });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-embed-page": EmbedPage;
  }
}
