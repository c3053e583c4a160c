/** What the first page says. Part of the catalogue. */

export const home = {
  title: "Talk by the second",
  lead: "Video and voice calls that are paid for by the second, and only while both of you can be heard.",
  how: "How it works",
  start: "Make a page of my own",
  startText: "Be called and be paid: it takes a minute.",
  signIn: "Sign in",
  own: { client: "To my account", expert: "To my console", operator: "To the server’s overview" },
  steps: [
    [
      "Open your link",
      "Everyone has a link of their own. It says who you are, so there is nothing to sign up for.",
    ],
    ["Check camera and sound", "See yourself, hear yourself, and see the price before anything starts."],
    [
      "Talk",
      "The meter always says why it runs and why it stands. A pause pauses it, and so does a lost connection.",
    ],
    ["Get a receipt", "Both sides get the same one, to the millisecond, signed and ready to verify."],
  ] as const,
  links: "Which link is mine?",
  caller: "To call somebody, use the link that was made for you. It looks like",
  expert: "To take calls, open your expert’s link. It looks like",
  operator: "To look after this server, open the operator’s link. It looks like",
  lostLink:
    "Lost your link? Sign in with your mail address, or ask the person who runs this server for a new one.",
};
