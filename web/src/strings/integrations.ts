/** API keys, webhook endpoints and their delivery log. */

export const integrations = {
  title: "Integrations",
  lead: "Let your own server know of calls, and ask about them.",

  keys: "API keys",
  keysLead: "Your server sends a key as Authorization: Bearer. It acts as you, within what you allow.",
  noKeys: "No keys yet",
  noKeysText: "Make one for each server that asks, so that you can revoke it alone.",
  newKey: "New key",
  keyName: "Name",
  keyNameHint: "Where it will be used, such as “Website”",
  mayDo: "What it may do",
  expires: "Works",
  never: "until it is revoked",
  days: (days: number) => (days === 365 ? "for a year" : `for ${days} days`),
  make: "Make key",
  made: (moment: string) => `Made ${moment}`,
  usedAt: (moment: string) => `last used ${moment}`,
  unused: "never used",
  until: (moment: string) => `works until ${moment}`,
  keyStates: { active: "Active", expired: "Expired", revoked: "Revoked" } as Record<string, string>,
  revoke: "Revoke",
  revokeLabel: (name: string) => `Revoke the key ${name}`,
  revokeAsk: (name: string) => `Revoke “${name}”?`,
  revokeText: "Whatever uses it is refused from this moment on. This cannot be undone.",
  keep: "Keep it",

  secretKey: "Your new key",
  secretHook: "The endpoint's signing secret",
  once: "Copy it now: it is not shown again.",
  copy: "Copy",
  copied: "Copied",
  done: "I have it",

  hooks: "Webhooks",
  hooksLead: "An endpoint is told of what happens by a signed POST, tried again for three days.",
  hooksHouse: "As an operator you see the endpoints of the whole house. They are told of everything.",
  noHooks: "No endpoints yet",
  noHooksText: "Add the address on your server that shall hear of calls.",
  newHook: "New endpoint",
  url: "Address",
  urlHint: "https://…",
  about: "Note",
  aboutHint: "What it is for",
  events: "Events",
  all: "It is told of every event, also of those that come later.",
  some: "Only some events",
  allEvents: "All events",
  add: "Add endpoint",
  states: { active: "Active", disabled: "Disabled" } as Record<string, string>,
  failing: (moment: string) => `Takes nothing since ${moment}`,
  rotating: (moment: string) => `The former secret signs too until ${moment}`,
  test: "Send a test",
  tested: "A test is on its way.",
  rotate: "New secret",
  rotateAsk: "Make a new secret?",
  rotateText:
    "The former one goes on signing for a day beside it, so nothing is missed while you change over.",
  disable: "Disable",
  enable: "Enable",
  delete: "Delete",
  deleteAsk: "Delete this endpoint?",
  deleteText: "What waits for it is cancelled, and its log is not shown any more.",
  log: "Deliveries",
  hideLog: "Hide deliveries",

  noDeliveries: "Nothing was sent yet",
  noDeliveriesText: "Send a test to see how your server answers.",
  deliveryStates: {
    waiting: "Waits",
    delivered: "Delivered",
    dead: "Given up",
    cancelled: "Cancelled",
  } as Record<string, string>,
  retries: "Will be tried again",
  noAnswer: "No answer",
  http: (status: number) => `HTTP ${status}`,
  body: "What is sent",
  answer: "How the answer begins",
  empty: "(empty)",
  replay: "Send it now",
  replayed: "It is sent again, with the same webhook-id.",

  refusal: (code: string, detail: string): string => {
    switch (code) {
      case "network":
        return "The server cannot be reached. Check your connection and try again.";
      case "request.rate":
        return "That was too often. Wait a minute and try again.";
      case "webhook.url":
        return detail || "Webhooks cannot be sent to this address.";
      case "webhook.limit":
      case "key.limit":
        return detail;
      case "webhook.disabled":
        return "The endpoint is disabled. Enable it first.";
      case "request.invalid":
        return "Please look at what you typed: something is missing in it.";
      default:
        return `Something went wrong (${code}). Please try again.`;
    }
  },
};
