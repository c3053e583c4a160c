/** What the pages around an expert's public face say, in English. */

export const caller = {
  prices: "Prices",
  choose: "Kind of call",
  states: {
    available: "Available now",
    busy: "In a call",
    paused: "Back soon",
    away: "Away",
  } as Record<string, string>,
  unknown: "Looking…",
  wait: (minutes: number) => `wait about ${minutes} min`,
  waiting: (count: number) => (count === 1 ? "1 person waits" : `${count} people wait`),
  backAt: (when: string) => `back ${when}`,
  call: "Call now",
  join: "Join the line",
  voice: "Voice",
  video: "Video or voice",
  example: (time: string, cost: string) => `${time} costs ${cost}.`,
  free: "Nothing is charged until you can hear each other.",
  awayText: (name: string) => `${name} is not here at the moment. This page notices when that changes.`,
  joinText: (name: string) =>
    `${name} is not free now. In the line your price is locked, and you are called in turn.`,
  nothing: "Takes no calls at the moment",
  nothingText: (name: string) => `${name} has nothing on offer now. Look again later.`,
  nameTitle: (name: string) => `Who shall ${name} see?`,
  name: "Your name",
  nameText: "No account, no password. This browser remembers you.",
  known: "Been here before?",
  signIn: "Sign in",
  next: "Go on",
  back: "Back",
  moneyTitle: "Fill your balance",
  moneyText: (name: string) => `You pay ${name} by time, out of your own balance. What is left stays yours.`,
  balance: "Your balance",
  lasts: (time: string) => `lasts for about ${time}`,
  go: "To the call",
  working: "One moment…",
  otherRole: "You are signed in as an expert here. To call, use another browser or a private window.",
  otherCurrency: (mine: string, theirs: string) =>
    `Your balance is in ${mine}, this expert charges ${theirs}.`,
  here: (time: string) => `${time} there now`,
};

export const start = {
  title: "Your page",
  heading: "Be called, be paid by the minute",
  lead: "Fill in two fields, get a link, share it. Everything can be changed later.",
  editHeading: "Your page",
  editLead: "What callers see before they call you.",
  you: "You",
  name: "Name",
  namePlaceholder: "Ada Lovelace",
  headline: "Headline",
  headlineHint: "One sentence: what can people bring to you?",
  headlinePlaceholder: "Engines, numbers and the notes between them.",
  address: "Address of your page",
  addressFree: "This address is free.",
  addressTaken: "This address is taken. How about",
  addressBad: "Letters a to z, digits and hyphens.",
  addressChecking: "Looking whether it is free…",
  addressFixed: "The address stays, so that links you gave away go on working.",
  photo: "Photo",
  photoChoose: "Choose a photo",
  photoChange: "Another photo",
  photoRemove: "Remove",
  photoHint: "JPEG or PNG. It is cut to a square; place and camera data are removed.",
  photoBad: "This file is no picture that your browser can read.",
  price: "Your price",
  offers: "Your offers",
  offer: "Offer",
  offerTitle: "What do you call it?",
  offerTitles: { video: "Video call", voice: "Voice call" } as Record<string, string>,
  kind: "Kind of call",
  kindVideo: "Video",
  kindVoice: "Voice",
  perMinute: "Price per minute",
  currency: "Currency",
  currencyFixed: "The currency stays, for your earnings are kept in it.",
  badPrice: "A price like 2.40",
  more: "Billing details",
  increment: "Charged by",
  increments: {
    1: "the millisecond",
    1000: "the second",
    60000: "the started minute",
  } as Record<number, string>,
  minimum: "At least",
  minimums: { 0: "no minimum", 60000: "1 minute", 180000: "3 minutes", 300000: "5 minutes" } as Record<
    number,
    string
  >,
  free: "Free at the beginning",
  frees: { 0: "nothing", 30000: "30 seconds", 60000: "1 minute", 180000: "3 minutes" } as Record<
    number,
    string
  >,
  about: "More about you",
  aboutHint: "All of it can wait.",
  bio: "About you",
  bioPlaceholder: "What you have done, how you work, what a good first question is.",
  languages: "Languages",
  languageAdd: "Add a language",
  specialities: "Ask me about",
  specialitiesHint: "Separate them by commas, eight at most.",
  specialitiesPlaceholder: "Steam engines, Bernoulli numbers, punch cards",
  zone: "Time zone",
  remove: (what: string) => `Remove ${what}`,
  otherTitle: (name: string) => `You are ${name} here`,
  otherClient:
    "This browser is signed in as somebody who calls, with a balance of their own. Add a mail address first, so that it is not lost; then come back.",
  otherRole: "To make a page for somebody else, use another browser or a private window.",
  preview: "What a caller sees",
  previewPrice: "With a price you see here what a call costs.",
  previewName: "Your name",
  previewHeadline: "Your headline",
  costs: (time: string, cost: string) => `${time} costs ${cost}`,
  publish: "Publish my page",
  publishing: "Publishing…",
  missing: "Your name and a price are all that is missing.",
  save: "Save",
  saving: "Saving…",
  saved: "Saved",
  addOffer: "Add an offer",
  makeDefault: "Make it the first",
  isDefault: "First",
  withdraw: "Withdraw",
  withdrawn: "Withdrawn",
  edit: "Change",
  cancel: "Cancel",
  noOffers: "You have no offers, so nobody can call you.",
  doneTitle: "Your page is there",
  doneText: "Share this link. Whoever opens it sees your page and can call you when you are live.",
  keepTitle: "Keep your page",
  keepText:
    "So far only this browser knows that it is yours. With your mail address you get back in from anywhere.",
  keep: "Add my address",
  link: "Your link",
  copy: "Copy",
  copied: "Copied",
  shareIt: "Share…",
  open: "Open my page",
  goLive: "Go live now",
  editMore: "Complete my page",
  qr: "QR code of your page",
  photoLater: "Your page is there, but the photo could not be put up. Try it again on your page.",
  failed: (code: string): string => {
    switch (code) {
      case "slug.taken":
        return "This address was taken a moment ago. Choose another one.";
      case "login.other_role":
        return "This browser is signed in as somebody else. Use another one or a private window.";
      case "request.rate":
        return "That was a bit fast. Wait a moment and try again.";
      case "request.invalid":
        return "Something in it cannot be shown. Look through the fields once more.";
      case "request.too_large":
        return "This photo is too large.";
      case "photo.type":
      case "photo.unreadable":
        return "This file cannot be used as a photo.";
      case "photo.size":
        return "This photo has too few or too many pixels.";
      case "offer.limit":
        return "There are eight offers already. Withdraw one first.";
      case "network":
        return "The server cannot be reached. Check your connection and try again.";
      default:
        return `Something went wrong (${code}). Please try again.`;
    }
  },
};
