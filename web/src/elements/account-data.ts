/** What is kept about me: take it away as a file, or delete my profile. Fires `tt-deleted`, and `tt-stale`. */

import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import type { Account } from "../core/account";
import { Refusal, UNREACHABLE } from "../core/api";
import { dayOf } from "../core/days";
import { save } from "../core/desk";
import { money } from "../core/money";
import type { Me, Wallet } from "../protocol/api";
import { t } from "../strings";
import { account } from "../styles/account";
import { base, card, controls } from "../styles/shared";
import type { Dialog } from "./dialog";
import "./dialog";
import { icon } from "./icons";

@customElement("tt-account-data")
export class AccountData extends LitElement {
  @property({ attribute: false }) account: Account | null = null;
  @property({ attribute: false }) me: Me | null = null;
  @property({ attribute: false }) wallet: Wallet | null = null;
  @state() private asking = false;
  @state() private working = false;
  @state() private giveUp = false;
  @state() private name = "";
  @state() private told = "";
  @state() private problem = "";
  @query("tt-dialog") private dialog!: Dialog;

  static override styles = [
    base,
    controls,
    card,
    account,
    css`
      section {
        display: grid;
        gap: var(--space-4);
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--space-3) var(--space-4);
        padding-block: var(--space-3);
        border-block-end: var(--hair) solid var(--line);
      }
      .choice p {
        flex: 1 1 var(--page-half);
      }
      .choice:last-of-type {
        border-block-end: none;
      }
      .agree {
        display: flex;
        align-items: center;
        gap: var(--space-2);
        min-height: var(--touch);
      }
      .agree input {
        width: auto;
        min-height: auto;
      }
    `,
  ];

  override render(): TemplateResult {
    const words = t.account.data;
    return html`<section class="card" aria-labelledby="data">
      <h2 id="data">${words.title}</h2>
      <div>
        <div class="choice">
          <p class="small muted">${words.exportText}</p>
          <button type="button" data-testid="export" ?disabled=${this.working} @click=${this.#export}>
            ${icon("download", "s")} ${words.export}
          </button>
        </div>
        <div class="choice">
          <p class="small muted">${words.removeText}</p>
          <button type="button" data-testid="delete" ?disabled=${this.working} @click=${this.#ask}>
            ${words.remove}
          </button>
        </div>
      </div>
      <p class="small muted" role="status" data-testid="data-told">${this.told}</p>
      ${this.asking && this.me && this.wallet ? this.#dialog(this.me, this.wallet) : nothing}
    </section>`;
  }

  #dialog(me: Me, wallet: Wallet): TemplateResult {
    const words = t.account.data;
    const left_minor = wallet.available_minor + wallet.held_minor;
    const amount = money(left_minor, wallet.currency);
    const ready = this.name.trim() === me.name && (left_minor === 0 || this.giveUp);
    return html`<tt-dialog
      .heading=${words.dialog}
      @tt-close=${() => {
        this.asking = false;
      }}
    >
      <form class="stack" data-testid="delete-dialog" @submit=${this.#remove}>
        <p>${words.goes}</p>
        <p class="muted small">${words.stays}</p>
        ${
          left_minor
            ? html`<div class="note warn">
              <p><strong>${words.money(amount)}</strong> ${words.moneyText}</p>
              <label class="agree">
                <input
                  type="checkbox"
                  data-testid="give-up"
                  .checked=${this.giveUp}
                  @change=${(event: Event) => {
                    this.giveUp = (event.target as HTMLInputElement).checked;
                  }}
                />
                ${words.giveUp(amount)}
              </label>
            </div>`
            : nothing
        }
        <div class="field">
          <label for="name" class="name">${words.name(me.name)}</label>
          <input
            id="name"
            autocomplete="off"
            spellcheck="false"
            data-testid="delete-name"
            .value=${this.name}
            @input=${(event: Event) => {
              this.name = (event.target as HTMLInputElement).value;
            }}
          />
        </div>
        <p class="small bad" role="alert" data-testid="delete-problem" ?hidden=${!this.problem}>${this.problem}</p>
        <div class="row">
          <button class="danger" data-testid="delete-confirm" ?disabled=${!ready || this.working}>
            ${this.working ? words.working : words.confirm}
          </button>
          <button type="button" @click=${() => this.dialog.close()}>${words.keep}</button>
        </div>
      </form>
    </tt-dialog>`;
  }

  #ask = (): void => {
    [this.asking, this.giveUp, this.name, this.problem, this.told] = [true, false, "", "", ""];
    // What is in the wallet may have changed since the page was opened.
    this.dispatchEvent(new CustomEvent("tt-stale"));
  };

  #export = async (): Promise<void> => {
    const { account } = this;
    if (!account || this.working) return;
    this.working = true;
    this.told = "";
    try {
      save(await account.exported(), `talktime-${dayOf(new Date())}.json`);
      this.told = t.account.data.exported;
    } catch (error) {
      this.told = t.account.refusal(error instanceof Refusal ? error.code : UNREACHABLE);
    } finally {
      this.working = false;
    }
  };

  #remove = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { account, me } = this;
    if (!account || !me || this.working) return;
    this.working = true;
    this.problem = "";
    try {
      await account.remove({ name: me.name, money: this.giveUp ? "give_up" : "keep" });
      this.dispatchEvent(new CustomEvent("tt-deleted", { bubbles: true, composed: true }));
    } catch (error) {
      this.problem = t.account.refusal(error instanceof Refusal ? error.code : UNREACHABLE);
      this.dispatchEvent(new CustomEvent("tt-stale"));
    } finally {
      this.working = false;
    }
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-account-data": AccountData;
  }
}
