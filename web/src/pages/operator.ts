/** `/operator`: what happens on this server, its people, their disputes and payments, and who did what. */

import { html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { Api, Refusal } from "../core/api";
import { backoff } from "../core/backoff";
import { House } from "../core/house";
import { placeAt } from "../core/places";
import { pause } from "../core/timers";
import "../elements/house-audit";
import "../elements/house-disputes";
import "../elements/house-live";
import "../elements/house-payments";
import "../elements/house-people";
import "../elements/house-person";
import "../elements/link-problem";
import "../elements/shell";
import type { Me } from "../protocol/api";
import { t } from "../strings";
import { desk } from "../styles/desk";
import { base } from "../styles/shared";
import { login, onNewLink } from "./browser";

const PEOPLE = "/operator/people/";

@customElement("tt-operator-page")
export class OperatorPage extends LitElement {
  @state() private me: Me | null = null;
  @state() private problem = "";
  readonly #api = new Api(login("/operator"));
  readonly #house = new House(this.#api);

  static override styles = [base, desk];

  override connectedCallback(): void {
    super.connectedCallback();
    onNewLink();
    const place = placeAt("operator", location.pathname);
    document.title = `${place && place.name !== "live" ? t.desk.places[place.name] : t.operator.title} · ${t.brand}`;
    void this.#enter();
  }

  override render(): TemplateResult {
    return html`<tt-shell width="wide" .area=${this.me ? "operator" : ""} .who=${this.me?.name ?? ""}>
      ${this.#page()}
    </tt-shell>`;
  }

  #page(): TemplateResult {
    if (this.problem)
      return html`<tt-link-problem .code=${this.problem} .role=${this.me?.role ?? ""}></tt-link-problem>`;
    if (!this.me) return html`<p class="muted loading" role="status">${t.loading}</p>`;
    const house = this.#house;
    switch (placeAt("operator", location.pathname)?.name) {
      case "people": {
        const id = location.pathname.startsWith(PEOPLE) ? location.pathname.slice(PEOPLE.length) : "";
        return id
          ? html`<tt-house-person .house=${house} .person=${decodeURIComponent(id)}></tt-house-person>`
          : html`<tt-house-people .house=${house}></tt-house-people>`;
      }
      case "disputes":
        return html`<tt-house-disputes .house=${house} .api=${this.#api}></tt-house-disputes>`;
      case "payments":
        return html`<tt-house-payments .house=${house}></tt-house-payments>`;
      case "audit":
        return html`<tt-house-audit .house=${house}></tt-house-audit>`;
      default:
        return html`<tt-house-live
          .api=${this.#api}
          @tt-refused=${(event: CustomEvent<string>) => {
            this.problem = event.detail;
          }}
        ></tt-house-live>`;
    }
  }

  async #enter(): Promise<void> {
    for (let attempt = 1; !this.me; attempt++) {
      try {
        const me = await this.#api.me();
        if (me.role !== "operator") throw new Refusal("page.role", 403, "");
        this.problem = "";
        this.me = me;
      } catch (error) {
        const refusal = error instanceof Refusal ? error : new Refusal("network", 0, String(error));
        this.problem = refusal.code;
        if (!refusal.passing) return;
        await pause(backoff(attempt, Math.random()));
      }
    }
  }
}
