/** `/paid`: where the bank's page, and a payment page in a tab of its own, lead to. Nobody is asked who they are. */

import { html, LitElement } from "lit";
import { customElement } from "lit/decorators.js";
import "../elements/notice";
import "../elements/shell";
import { t } from "../strings";

@customElement("tt-paid-page")
export class PaidPage extends LitElement {
  override render() {
    return html`<tt-shell width="narrow">
      <tt-notice icon="check" .heading=${t.wallet.paid.title} .text=${t.wallet.paid.text}></tt-notice>
    </tt-shell>`;
  }
}
