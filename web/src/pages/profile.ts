/** `/e/{slug}`: the server has written the page; this adds what moves, and the way into a call. */

import { html, render } from "lit";
import { Api } from "../core/api";
import { recall } from "../core/logins";
import type { Caller } from "../elements/caller";
import "../elements/caller";
import "../elements/entry";
import "../elements/local-time";
import type { Expert, OfferView } from "../protocol/api";
import { stores } from "./browser";

const place = document.querySelector<Caller>("tt-caller");
if (place) begin(place);

function begin(caller: Caller): void {
  const path = `/call/${caller.slug}`;
  // A link of old that this browser remembers, else the login cookie.
  const api = new Api(recall(stores, path));
  void caller.begin(api);
  const room = document.createElement("div");
  room.className = "entry";
  caller.after(room);
  caller.addEventListener("tt-call", (event) => {
    const { expert, offer } = (event as CustomEvent<{ expert: Expert; offer: OfferView }>).detail;
    const close = (): void => {
      render(html``, room);
      caller.hidden = false;
    };
    caller.hidden = true;
    render(
      html`<tt-entry
        .api=${api}
        .expert=${expert}
        .offer=${offer}
        @tt-go=${() => location.assign(`${path}?offer=${encodeURIComponent(offer.id)}`)}
        @tt-back=${close}
      ></tt-entry>`,
      room,
    );
  });
}
