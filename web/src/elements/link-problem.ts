/** The link does not work: why, and what to do. One face per reason. */

import { html, LitElement, nothing } from "lit";
import { customElement, property } from "lit/decorators.js";
import { t } from "../strings";
import { base, controls } from "../styles/shared";
import type { IconName } from "./icons";
import "./notice";

@customElement("tt-link-problem")
export class LinkProblem extends LitElement {
  @property() code = "";
  /** Whose link it is, where that is the problem. */
  @property() override role = "";

  static override styles = [base, controls];

  override render() {
    const [icon, heading, text] = this.#words();
    return this.code
      ? html`<tt-notice .icon=${icon} .code=${this.code} .heading=${heading} .text=${text}>
          ${this.code.startsWith("auth.") ? html`<a class="button" href=${this.#signIn()}>${t.signIn.title}</a>` : nothing}
        </tt-notice>`
      : nothing;
  }

  #signIn(): string {
    return `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  }

  #words(): [IconName, string, string] {
    switch (this.code) {
      case "auth.missing":
        return ["lock", t.link.missing, t.link.missingText];
      case "page.role":
      case "auth.forbidden":
        return ["lock", t.link.wrongRole, t.link.wrongRoleText(this.role)];
      case "expert.unknown":
        return ["person", t.link.unknownExpert, t.link.unknownExpertText];
      case "call.ended":
      case "call.unknown":
        return ["clock", t.ended.title, t.refusal(this.code, "")];
      default:
        return this.code.startsWith("auth.")
          ? ["lock", t.link.refused, t.link.refusedText]
          : ["wifi", t.link.unreachable, t.link.unreachableText];
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tt-link-problem": LinkProblem;
  }
}
