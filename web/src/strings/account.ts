/** A client's own pages: account, calls, statement, data. Part of the catalogue in `en.ts`. */

export const account = {
  title: "Your account",
  stale: "This could not be loaded. What you see may be old.",
  wallet: {
    title: "Wallet",
    available: "You can spend",
    held: (amount: string) => `${amount} more is set aside for a call that runs.`,
    empty: "There is no money in your wallet yet.",
    add: "Add money",
  },
  cap: {
    title: "Your limit for a call",
    lead: "Every call of yours stops there, unless you say otherwise when you start it.",
    save: "Keep this limit",
    saved: "Your next calls stop there.",
    removed: "Your next calls have no limit of their own.",
  },
  calls: {
    title: "Your calls",
    last: "Last calls",
    all: "All calls",
    search: "Search by name",
    count: (shown: number, more: boolean) =>
      more ? `The last ${shown} calls` : shown === 1 ? "1 call" : `${shown} calls`,
    more: "Show earlier calls",
    empty: "No calls yet",
    emptyText: "Every call you make is listed here, with its receipt.",
    none: (words: string) => `No call with “${words}”`,
    noneText: "Try a part of the name.",
  },
  statement: {
    title: "Statement",
    lead: "Everything that went into your wallet and out of it.",
    presets: { month: "This month", before: "Last month", year: "This year" },
    spans: "Time",
    from: "From",
    to: "To",
    show: "Show",
    wrong: "The first day has to come before the last one.",
    file: "Download as CSV",
    day: "When",
    what: "What",
    amount: "Amount",
    balance: "Balance",
    opening: "Balance at the beginning",
    closing: "Balance at the end",
    quiet: "Nothing moved in this time.",
    cut: (shown: number, all: number) =>
      `The last ${shown} of ${all} entries are shown. The file has all of them.`,
    long: "That is more than one statement can hold. Choose a shorter time.",
    zone: (zone: string) => `Days are those of ${zone}.`,
    kinds: (kind: string, note: string): string => {
      switch (kind) {
        case "top_up":
          return "Top-up";
        case "call":
          return note ? `Call with ${note}` : "Call";
        case "tip":
          return note ? `Tip for ${note}` : "Tip";
        case "call_refund":
          return note ? `Refund of a call with ${note}` : "Refund of a call";
        case "refund":
          return "Refund to your card";
        case "refund_returned":
          return "Refund that your card did not take";
        case "adjustment":
          return note ? `Correction: ${note}` : "Correction";
        case "chargeback":
          return "Taken back by your bank";
        case "chargeback_returned":
          return "Given back by your bank";
        case "withdrawal":
          return "Withdrawal";
        default:
          return note || kind;
      }
    },
    receipt: "Receipt",
  },
  data: {
    title: "Your data",
    export: "Download my data",
    exportText: "One file with everything that is kept about you: profile, calls, payments, logins.",
    exported: "The file is in your downloads.",
    remove: "Delete my profile",
    removeText: "Your name, address, logins and card go. Calls and payments stay in the books.",
    dialog: "Delete your profile?",
    goes: "At once and for good go your name, your mail address, your logins, your card and your limit, what you wrote about calls, and what experts noted about you.",
    stays:
      "Payments, calls and their receipts stay in the books as the law wants it. Experts see “Former client” in your place; only a signed receipt keeps the name that is on it.",
    money: (amount: string) => `There is ${amount} in your wallet.`,
    moneyText: "Spend it, or ask the operator to give it back, before you go. Or leave it here:",
    giveUp: (amount: string) => `I give up ${amount}`,
    name: (name: string) => `Type “${name}” to go on`,
    confirm: "Delete for good",
    keep: "Keep my profile",
    working: "Deleting…",
    gone: "Your profile is deleted",
    goneText: "This browser is signed out. Thank you for having been here.",
    home: "To the start",
  },
  refusal: (code: string): string => {
    switch (code) {
      case "network":
        return "The server cannot be reached. Check your connection and try again.";
      case "statement.long":
        return account.statement.long;
      case "profile.name":
        return "That is not your name as it stands here.";
      case "profile.call_open":
        return "A call of yours is still open. End it first.";
      case "profile.payment_open":
        return "A payment is still under way. Try again in a few minutes.";
      case "profile.dispute_open":
        return "A dispute of yours is not decided yet. Wait until it is.";
      case "profile.money":
        return "There is money in your wallet. Say what shall happen to it.";
      case "request.rate":
        return "That was a bit fast. Wait a moment and try again.";
      default:
        return `Something went wrong (${code}). Please try again.`;
    }
  },
};
