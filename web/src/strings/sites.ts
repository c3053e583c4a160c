/** What the page of websites says: who may show the widget, and how it gets there. */

export const sites = {
  title: "Your websites",
  link: "Be called on your own website",
  lead: "People can call you on any website that you list here: a badge with your price and whether you are there, and the whole call without leaving the page.",
  leadOperator: "These websites may show every expert of this house.",
  none: "No website yet",
  noneText: "Add yours below, and copy two lines into it.",
  add: "Add a website",
  name: "Its name",
  nameHint: "Only you see it.",
  origin: "Its address",
  originHint: "Only the beginning counts: https:// and the name.",
  adding: "Add",
  origins: "Addresses, one a line",
  save: "Save addresses",
  saved: "Saved. It counts from now on.",
  snippet: "To put into the page",
  kind: "Shown as",
  kinds: {
    card: "A card in the page",
    floating: "A button in the corner",
    link: "A link that opens it",
    frame: "A plain frame, without script",
  },
  offer: "Offer",
  defaultOffer: "The first one, whichever it is",
  call: "Call me",
  copy: "Copy",
  copied: "Copied",
  id: "Website’s id",
  details: "Sign in your own users",
  detailsText:
    "Your server can say who its user is, with a JWT signed with the secret (HS256). The same user then finds the same wallet everywhere. iss is the website’s id, aud is",
  secret: "API secret",
  secretText: "Keep it on your server, and copy it now: it is shown this once.",
  secretKnown: "The secret was shown when the website was added. Lost it? Make a new one.",
  renew: "Make a new secret",
  renewSure: "Make a new one? What the old one signs is refused at once.",
  remove: "Remove",
  removeSure: (name: string) => `Remove ${name}? The widget disappears from it at once.`,
  yes: "Yes",
  no: "No",
  refusal: (code: string, detail: string): string => {
    switch (code) {
      case "site.origins":
        return `This is not the address of a website: ${detail}`;
      case "site.limit":
        return "You have as many websites as one may have. Remove one first.";
      case "site.unknown":
        return "This website was removed meanwhile.";
      case "request.rate":
        return "Too many changes at once. Wait a moment.";
      case "request.invalid":
        return "Give it a name, and an address.";
      default:
        return "That did not work. Try again.";
    }
  },
};
