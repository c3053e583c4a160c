/** `/e/{slug}`: the server has written the page; this adds what moves, and the way into a call. */

import { html, render } from "lit";
import { Api } from "../core/api";
import type { Caller } from "../elements/caller";
import "../elements/caller";
import "../elements/entry";
import "../elements/local-time";
import type { Expert, OfferView } from "../protocol/api";
import { standing } from "./browser";

const place = document.querySelector<Caller>("tt-caller");
if (place) begin(place);

function begin(caller: Caller): void {
  const path = `/call/${caller.slug}`;
  void caller.begin(new Api(null));
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
    void standing(path).then((api) => enter(api, expert, offer, close));
  });

  function enter(api: Api, expert: Expert, offer: OfferView, close: () => void): void {
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
  }
}
