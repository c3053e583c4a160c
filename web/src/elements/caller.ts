/** On an expert's public page: whether one can call now, what for, at what price, and the way to the call. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Api } from "../core/api";
import { words } from "../core/duration";
import { pageSight, watchLive } from "../core/live";
import { soon } from "../core/moment";
import { money } from "../core/money";
import { conditions, headline } from "../core/price";
import { charge } from "../core/tariff";
import { realTimers } from "../core/timers";
import type { Expert, Live, OfferView } from "../protocol/api";
import { t } from "../strings";
import { base, card, controls } from "../styles/shared";
import { icon } from "./icons";

/** The length of the call whose price is the example. */
export const EXAMPLE_MS = 440_000;

@customElement("tt-caller")
export class Caller extends LitElement {
  @property() slug = "";
  @property() name = "";
  @state() private expert: Expert | null = null;
  @state() private live: Live | null = null;
  @state() private chosen = "";
  #stop: () => void = () => {};

  static override styles = [
    base,
    controls,
    card,
    css`
      .state {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-1) var(--space-2);
        font-weight: var(--weight-medium);
      }
      .state::before {
        content: "";
        width: var(--dot);
        height: var(--dot);
        border-radius: var(--radius-full);
        background: var(--line-strong);
      }
      .state[data-state="available"] {
        color: var(--accent);
      }
      .state[data-state="available"]::before {
        background: var(--accent);
        box-shadow: 0 0 0 var(--space-1) var(--accent-soft);
      }
      .state[data-state="busy"]::before,
      .state[data-state="paused"]::before {
        background: var(--warn-line);
      }
      .state span {
        color: var(--muted);
        font-weight: var(--weight);
      }
      .offer {
        display: grid;
        gap: var(--space-1);
      }
      .price {
        font-size: var(--text-2xl);
        font-weight: var(--weight-strong);
        letter-spacing: var(--tracking-tight);
        line-height: var(--leading-tight);
      }
      .choices {
        display: grid;
        gap: var(--space-2);
      }
      .choices label {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--space-1) var(--space-3);
        align-items: baseline;
        padding: var(--space-3) var(--space-4);
        border: var(--hair) solid var(--line-strong);
        border-radius: var(--radius-m);
        font-size: var(--text-m);
        cursor: pointer;
      }
      .choices input {
        position: absolute;
        inset: var(--none);
        width: var(--full);
        height: var(--full);
        opacity: 0;
        cursor: pointer;
      }
      .choices label:has(:checked) {
        border-color: var(--accent);
        background: var(--accent-soft);
        box-shadow: inset 0 0 0 var(--hair) var(--accent);
      }
      .choices label:has(:focus-visible) {
        outline: var(--focus) solid var(--accent);
        outline-offset: var(--space-0);
      }
      .choices .small {
        grid-column: 1 / -1;
        font-weight: var(--weight);
      }
      .go {
        width: var(--full);
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
  }

  /** Look whether one can call, and follow it from here on. */
  async begin(api: Api): Promise<void> {
    this.#stop();
    const ask = async (slug: string): Promise<Live> => (await api.expert(slug)).live;
    this.#stop = watchLive(
      { open: (url) => new EventSource(url), ask, timers: realTimers, sight: pageSight },
      this.slug,
      (live) => {
        this.live = live;
      },
    );
    try {
      this.expert = await api.expert(this.slug);
      this.live ??= this.expert.live;
    } catch {
      // The page itself tells who it is and what it costs; a reload brings the rest.
    }
  }

  override render(): TemplateResult {
    const { expert } = this;
    // Until more is known, what the server wrote into the page stands.
    if (!expert) return html`<slot></slot>`;
    const offer = expert.offers.find((each) => each.id === this.chosen) ?? expert.offers[0];
    return html`<section class="card stack" aria-label=${t.caller.prices}>
      ${offer ? this.#badge(offer) : html`<p class="state" data-testid="live">${t.caller.nothing}</p>`}
      ${offer ? this.#offers(expert.offers, offer) : html`<p class="muted">${t.caller.nothingText(expert.name)}</p>`}
      ${offer ? this.#action(expert, offer) : nothing}
    </section>`;
  }

  #badge(offer: OfferView): TemplateResult {
    const { live } = this;
    const state = live?.state ?? "unknown";
    const said = [headline(offer.tariff), ...(live ? rest(live) : [])];
    return html`<p class="state" data-testid="live" data-state=${state} aria-live="polite">
      ${live ? t.caller.states[live.state] : t.caller.unknown}
      <span class="figures">· ${said.join(" · ")}</span>
    </p>`;
  }

  #offers(offers: readonly OfferView[], chosen: OfferView): TemplateResult {
    if (offers.length === 1)
      return html`<div class="offer">
        <h2>${chosen.title}</h2>
        <p class="price figures" data-testid="price">${headline(chosen.tariff)}</p>
        ${this.#fine(chosen)}
      </div>`;
    return html`<fieldset>
        <legend class="hidden">${t.caller.choose}</legend>
        <div class="choices">
          ${offers.map(
            (each) => html`<label>
              <input
                type="radio"
                name="offer"
                .checked=${each === chosen}
                @change=${() => {
                  this.chosen = each.id;
                }}
              />
              <strong>${each.title}</strong>
              <span class="figures">${headline(each.tariff)}</span>
              <span class="small muted">${each.media === "voice" ? t.caller.voice : t.caller.video}</span>
            </label>`,
          )}
        </div>
      </fieldset>
      <div class="offer">${this.#fine(chosen)}</div>`;
  }

  #fine({ tariff }: OfferView): TemplateResult {
    const cost = money(charge(tariff, EXAMPLE_MS), tariff.currency);
    return html`
      ${conditions(tariff).map((each) => html`<p class="small muted">${each}</p>`)}
      ${
        tariff.price_minor > 0
          ? html`<p class="small muted figures" data-testid="example">
            ${t.caller.example(words(EXAMPLE_MS), cost)}
          </p>`
          : nothing
      }
    `;
  }

  #action(expert: Expert, offer: OfferView): TemplateResult {
    const state = this.live?.state;
    const waits = state === "busy" || state === "paused";
    return html`
      <button
        type="button"
        class="primary large go"
        data-testid=${waits ? "join-line" : "call-now"}
        ?disabled=${state !== "available" && !waits}
        @click=${() => this.dispatchEvent(new CustomEvent("tt-call", { detail: { expert, offer } }))}
      >
        ${icon(waits ? "clock" : offer.media === "voice" ? "phone" : "camera")}
        ${waits ? t.caller.join : t.caller.call}
      </button>
      <p class="small muted">${hint(expert.name, state)}</p>
    `;
  }
}

/** What else the badge says: the wait, the line, or when the expert comes back. */
function rest(live: Live): string[] {
  const said: string[] = [];
  if (live.wait_ms > 0) said.push(t.caller.wait(Math.max(1, Math.round(live.wait_ms / 60_000))));
  if (live.line > 0) said.push(t.caller.waiting(live.line));
  if (live.back_at) said.push(t.caller.backAt(soon(live.back_at)));
  return said;
}

function hint(name: string, state: Live["state"] | undefined): string {
  switch (state) {
    case "available":
      return t.caller.free;
    case "busy":
    case "paused":
      return t.caller.joinText(name);
    case "away":
      return t.caller.awayText(name);
    case undefined:
      return t.caller.unknown;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-caller": Caller;
  }
}
