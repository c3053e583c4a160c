/** What the pages say about money and words during and after a call. Part of the catalogue in `en.ts`. */

export const inCall = {
  money: "Money",
  moneyTitle: "Money in this call",

  moneyHost: "Give time",

  pause: {
    label: "Say why (optional)",
    reasons: ["Back in a moment", "Looking something up", "At the door"] as const,
    say: "Say it",
    said: (note: string) => `“${note}”`,
  },

  gift: {
    title: "Give time",
    text: (name: string) =>
      `${name} talks on without paying, from this moment. The receipt shows it to the millisecond.`,
    minutes: (count: number) => (count === 1 ? "1 minute" : `${count} minutes`),
    give: (time: string) => `Give ${time}`,
    left: (time: string) => `A gift · ${time} not charged`,
    spoken: "Time that was given away. The meter does not charge.",
    given: (time: string) => `${time} given`,
    got: (name: string, time: string) => `${name} gave you ${time}`,
    receipt: "Given by the expert",
    event: (time: string) => `${time} given`,
  },

  cap: {
    label: "Stop me at",
    hint: "The most this call may cost. Leave it empty for no limit.",
    none: "No limit",
    keep: "Use this for all my calls",
    set: "Set",
    remove: "Remove the limit",
    now: (amount: string) => `This call stops at ${amount}.`,
    noneNow: "This call has no limit of its own: it may use your whole balance.",
    invalid: "Enter an amount like 30 or 12.50.",
    tooLow: (amount: string) => `You have spent ${amount} already: the limit cannot be below that.`,
    tooLowToStart: "This limit does not even buy the first seconds. Choose a higher one.",
    near: (amount: string, time: string) => `You reach your limit of ${amount} in ${time}`,
    nearText: "Raise it to go on without a break.",
    raiseTo: (amount: string) => `Raise to ${amount}`,
    reached: (amount: string) => `You have reached your limit of ${amount}`,
    reachedText: "The call is on hold and nothing more is charged. Raise the limit to go on where you were.",
    reachedOther: (name: string) => `${name}’s own limit for this call is reached`,
    reachedOtherText: (name: string) => `The call is on hold while ${name} decides. Please stay on the line.`,
    stopped: "Stopped · your limit is reached",
    stoppedOther: (name: string) => `Stopped · ${name}’s limit is reached`,
  },
};
