/** The one purse of a page, and the bank's page over it, which outlives whatever asked for it. */

import { css, html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Api } from "../core/api";
import { money } from "../core/money";
import { Purse, type Tab } from "../core/purse";
import { pause, realTimers } from "../core/timers";
import type { Wallet } from "../protocol/api";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import "./dialog";
import { follow } from "./follow";

const purses = new WeakMap<Api, Purse>();

/** The purse of whoever this page asks as. */
export function purseOf(api: Api): Purse {
  let purse = purses.get(api);
  if (!purse) {
    purse = new Purse({
      api,
      timers: realTimers,
      pause,
      newId: () => crypto.randomUUID(),
      leave: (url) => location.assign(url),
      openTab,
    });
    purses.set(api, purse);
    const bank = document.createElement("tt-bank");
    bank.purse = purse;
    document.body.append(bank);
    const known = purse;
    document.addEventListener("visibilitychange", () => known.soon());
  }
  return purse;
}

/** In a frame there is no room for the processor's page, and it refuses to be shown there. */
export function framed(): boolean {
  return window.self !== window.top;
}

function openTab(): Tab | null {
  const tab = window.open("", "_blank");
  if (!tab) return null;
  // What is opened has no business with this page.
  tab.opener = null;
  return {
    go: (url) => {
      tab.location.href = url;
    },
    close: () => tab.close(),
  };
}

/**
 * The person came back from the processor's page: its address names the payment, which is followed. The money may
 * be here before them, or after: then `filled` is told of the new wallet.
 */
export function followReturned(api: Api, filled: (wallet: Wallet) => void = () => {}): void {
  const url = new URL(location.href);
  const payment = url.searchParams.get("payment");
  if (!payment) return;
  url.searchParams.delete("payment");
  history.replaceState(history.state, "", url.pathname + url.search + url.hash);
  const purse = purseOf(api);
  const stop = purse.subscribe(() => {
    const { came, known } = purse.state;
    if (came === 0 || !known) return;
    stop();
    filled(known.wallet);
  });
  void purse.follow(payment);
}

@customElement("tt-bank")
export class Bank extends LitElement {
  @property({ attribute: false }) purse: Purse | null = null;

  constructor() {
    super();
    follow(this, () => this.purse);
  }

  static override styles = [
    base,
    controls,
    css`
      iframe {
        display: block;
        width: var(--full);
        height: var(--bank-height);
        border: var(--hair) solid var(--line);
        border-radius: var(--radius-m);
        /* Banks' pages are made for white paper. */
        color-scheme: light;
        background: var(--paper);
      }
      .row {
        justify-content: space-between;
      }
    `,
  ];

  override render() {
    const state = this.purse?.state;
    const payment = state?.payment;
    if (!state?.bank || !payment?.url) return nothing;
    return html`<tt-dialog
      .heading=${t.wallet.bank.title}
      data-testid="bank"
      @tt-close=${() => this.purse?.hideBank()}
    >
      <div class="stack">
        <p class="small muted">${t.wallet.bank.text(money(payment.amount_minor, payment.currency))}</p>
        <iframe
          title=${t.wallet.bank.title}
          src=${payment.url}
          referrerpolicy="no-referrer"
          data-testid="bank-page"
        ></iframe>
        <div class="row small">
          <a href=${payment.url} target="_blank" rel="noopener noreferrer">${t.wallet.bank.tab}</a>
          <button type="button" class="quiet" data-testid="bank-let-go" @click=${() => void this.purse?.letGo()}>
            ${t.wallet.bank.letGo}
          </button>
        </div>
      </div>
    </tt-dialog>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-bank": Bank;
  }
}
