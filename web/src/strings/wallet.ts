/** What the pages say about paying in. Part of the catalogue in `en.ts`. */

import type { Payment } from "../protocol/api";

const declined: Readonly<Record<string, string>> = {
  insufficient_funds: "The card has not enough money.",
  expired_card: "The card has expired.",
  incorrect_cvc: "The card’s security code is not right.",
  lost_card: "The bank declined the card.",
  stolen_card: "The bank declined the card.",
  card_declined: "The bank declined the card.",
  generic_decline: "The bank declined the card.",
  do_not_honor: "The bank declined the card.",
  authentication_required: "The bank wants you to confirm.",
  payment_intent_authentication_failure: "The bank did not confirm that it was you.",
  no_answer: "The payment service did not answer.",
};

export const wallet = {
  title: "Wallet",
  balance: "Balance",
  onHold: (amount: string) => `${amount} more are on hold for a call.`,
  payIn: "Add money",
  sandbox: "Test money",
  sandboxText: "This server takes no real payments. Nobody is charged.",
  test: "Test mode",
  testText: "The payment service is in its test mode. No real card is charged.",

  byCard: "You pay by card on a secure page. The card is kept for the next time; you can remove it.",
  byCardTab: "A secure page opens in a new tab. This one stays as it is.",
  with: (card: string) => `With ${card}`,
  otherCard: "Use another card",
  payPage: "Open the payment page",
  open: "Finish paying on the page that opened.",
  letGo: "Cancel",
  asked: "Waiting for the payment service…",
  processing: "Your payment is being confirmed…",
  action: (amount: string) => `Your bank wants you to confirm ${amount}.`,
  confirm: "Confirm with your bank",
  done: (amount: string) => `${amount} added`,
  failed: (reason: string) => `Nothing was charged. ${declined[reason] ?? "The bank declined the payment."}`,
  canceled: "The payment was cancelled. Nothing was charged.",

  bank: {
    title: "Your bank",
    text: (amount: string) => `Confirm ${amount} with your bank. A call goes on meanwhile.`,
    tab: "Open in a new tab",
    letGo: "Cancel the payment",
  },

  card: {
    title: "Card",
    none: "No card is kept. The first payment keeps the card it is made with.",
    name: (brand: string, last4: string) => `${brand} •••• ${last4}`,
    nameless: "Your card",
    expires: (month: string, year: string) => `Valid until ${month}/${year}`,
    remove: "Remove",
    sure: "Remove this card? The automatic top-up goes with it.",
    reallyRemove: "Remove the card",
    keep: "Keep it",
    removed: "The card is removed.",
  },

  auto: {
    title: "Automatic top-up",
    lead: "During a call, when the balance falls below a limit, the kept card is charged. Never otherwise.",
    needsCard: "It needs a kept card. Add money once, then come back.",
    on: "Top up automatically",
    below: "When the balance is below",
    add: "Add",
    cap: "At most in a month",
    save: "Save",
    saved: "Saved.",
    invalid: "Enter amounts like 10 or 12.50.",
    capLow: "The most in a month must not be less than one top-up.",
    spent: (amount: string, cap: string) => `${amount} of ${cap} used this month.`,
    stopped: (reason: string) =>
      `It rests: ${(declined[reason] ?? "the bank declined the payment.").replace(/\.$/, "")}. Save to start it again.`,
  },

  payments: {
    title: "Payments",
    none: "No payments yet.",
    kinds: { checkout: "By card", card: "With the kept card", auto: "Automatic" } satisfies Record<
      Payment["kind"],
      string
    >,
    states: {
      asked: "Waiting",
      open: "Not finished",
      action: "Waits for your bank",
      processing: "Being confirmed",
      succeeded: "Paid",
      failed: "Declined",
      canceled: "Cancelled",
    } satisfies Record<Payment["state"], string>,
  },

  paid: {
    title: "Back to Talktime",
    text: "You can close this page. The one you came from shows by itself what became of your payment.",
  },

  link: "Wallet and card",

  problem: (code: string): string => {
    switch (code) {
      case "network":
        return "The server cannot be reached. Nothing was charged twice; try again.";
      case "payment.unanswered":
        return "The payment service does not answer. Try again in a moment: you will not pay twice.";
      case "payment.refused":
        return "The payment service refused this payment. Nothing was charged.";
      case "payment.no_card":
        return "No card is kept any more. Pay with a card first.";
      case "payment.off":
      case "topup.sandbox_refused":
        return "This server takes no payments.";
      case "topup.currency":
        return "This wallet’s currency cannot be paid in here.";
      case "payment.in_flight":
        return "Another automatic top-up is under way.";
      case "payment.cap":
        return "The most for this month is reached.";
      case "wallet.limit":
        return "Your balance cannot hold that much.";
      case "request.rate":
        return "That was a bit fast. Wait a moment and try again.";
      default:
        return `Something went wrong (${code}). Please try again.`;
    }
  },
};
