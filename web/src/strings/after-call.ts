/** What the pages say about tips, ratings, refunds and disputes. Part of the catalogue in `en.ts`. */

import type { DisputeView } from "../protocol/api";

export const afterCall = {
  tip: {
    title: "Leave a tip",
    inCall: "Tip",
    text: (name: string) => `It goes to ${name}, out of your balance, on top of what the call costs.`,
    other: "Another amount",
    give: (amount: string) => `Give ${amount}`,
    choose: "Choose an amount",
    given: (amount: string, name: string) => `You gave ${name} ${amount}. Thank you!`,
    short: "Your balance does not suffice for this tip.",
    closed: "Tips can be given for two days after a call.",
    invalid: "Enter an amount like 3 or 2.50.",
    giving: "One moment…",
    sum: "Tip",
    got: (amount: string) => `${amount} tip`,
    now: (name: string, amount: string) => `A tip from ${name}: ${amount} for you`,
  },

  rating: {
    title: (name: string) => `How was it with ${name}?`,
    stars: (count: number) => (count === 1 ? "1 star" : `${count} stars`),
    label: "Stars",
    text: "A few words (optional)",
    send: "Rate",
    sending: "One moment…",
    thanks: (count: number) => `You gave ${count === 1 ? "1 star" : `${count} stars`}. Thank you!`,
    change: "Change",
    got: (name: string, count: number) => `${name} gave ${count === 1 ? "1 star" : `${count} stars`}`,
  },

  dispute: {
    open: "Something was wrong",
    title: "What was wrong?",
    text: (until: string) =>
      `Until ${until} you can object to what this call cost. The expert can answer, and the operator decides on the meter’s log.`,
    label: "What happened?",
    short: "Please write a few words more.",
    send: "Object to the charge",
    sending: "One moment…",
    cancel: "Never mind",
    states: {
      open: "Your objection waits for a decision",
      refunded: "Your objection led to a refund",
      declined: "The charge stands",
    } satisfies Record<DisputeView["state"], string>,
    hostStates: (name: string): Record<DisputeView["state"], string> => ({
      open: `${name} objects to this charge`,
      refunded: "The objection led to a refund",
      declined: "The charge stands",
    }),
    said: (name: string) => `${name} wrote`,
    youSaid: "You wrote",
    decided: "The decision",
    answerLabel: "Your answer (once)",
    answer: "Send the answer",
    waits: (name: string, amount: string) => `${name} objects to a charge of ${amount}.`,
    look: "Look and answer",
    tooLate: "A charge can be disputed for 48 hours.",
  },

  refund: {
    title: "Give money back",
    text: (name: string, most: string) =>
      `To ${name}’s balance, ${most} at most. Your share of it comes out of your earnings.`,
    operatorText: (name: string, most: string) =>
      `To ${name}’s balance, ${most} at most. The expert’s share of it comes out of the earnings.`,
    amount: "Amount",
    reason: "A word about it (optional)",
    give: (amount: string) => `Give ${amount} back`,
    tooMuch: (most: string) => `At most ${most} can go back.`,
    earnings: "Your earnings do not cover this. Ask the operator of this server.",
    since: "Since the call",
    by: { host: "Given back by the expert", operator: "Given back by the operator" },
    byYou: "Given back by you",
    net: "You paid in all",
    hostNet: "You earned in all",
  },

  log: {
    title: "The meter’s log",
    text: "Every beginning and end that the meter recorded, as it stands in the signed receipt. Between a stop and the next start nothing is counted.",
    when: "When",
    what: "What",
    why: "Why",
    used: "Counted so far",
    events: { began: "Runs", stopped: "Stands", gift: "Time given" },
  },
};
