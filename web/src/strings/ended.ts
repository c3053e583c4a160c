/** How a call ended, for each of its people. */

import type { EndReason } from "../protocol/messages";
import type { Side } from "./en";

export const ended = {
  title: "The call has ended",
  titles: {
    payer_left: "The call has ended",
    host_left: "The call has ended",
    payer_gone: "The call has ended",
    host_gone: "The call has ended",
    funds: "The balance was used up",
    cap: "Your limit was reached",
    declined: "Not this time",
    passed: "Please wait a moment",
    no_answer: "No answer",
    cancelled: "Call cancelled",
    host_offline: "Nobody was there",
    setup_timeout: "The call did not come about",
    ledger_silent: "The call was stopped",
    operator: "The call was ended by the operator",
    shutdown: "The server had to stop",
    recovered: "The server was restarted",
    room_empty: "The call has ended",
  } satisfies Record<EndReason, string>,
  /** The same in a few words, for lists. */
  brief: {
    payer_left: "Caller hung up",
    host_left: "Expert hung up",
    payer_gone: "Caller lost the connection",
    host_gone: "Expert lost the connection",
    funds: "Balance used up",
    cap: "Caller’s limit reached",
    declined: "Declined",
    passed: "Passed to the line",
    no_answer: "No answer",
    cancelled: "Caller gave up",
    host_offline: "Expert went offline",
    setup_timeout: "No connection",
    ledger_silent: "Ledger did not answer",
    operator: "Ended by the operator",
    shutdown: "Server stopped",
    recovered: "Server restarted",
    room_empty: "Everybody left",
  } satisfies Record<EndReason, string>,
  /** Why the call ended, to `side`. */
  reason: (reason: EndReason, side: Side, payer: string, host: string): string => {
    switch (reason) {
      case "payer_left":
        return side === "payer" ? "You hung up." : `${payer} hung up.`;
      case "host_left":
        return side === "host" ? "You hung up." : `${host} hung up.`;
      case "payer_gone":
        return side === "payer"
          ? "Your connection was lost for too long. You paid up to the moment it broke."
          : `${payer} lost the connection and did not come back.`;
      case "host_gone":
        return side === "host"
          ? "Your connection was lost for too long. Time counted up to the moment it broke."
          : side === "payer"
            ? `${host} lost the connection and did not come back. You paid up to the moment it broke.`
            : `${host} lost the connection and did not come back.`;
      case "funds":
        return side === "payer"
          ? "The call ended with it. Nothing beyond your balance was charged."
          : `${payer}’s balance was used up.`;
      case "cap":
        return side === "payer"
          ? "The call ended at the limit you had set. Nothing beyond it was charged."
          : `The limit that ${payer} had set for this call was reached.`;
      case "declined":
        return side === "host" ? "You declined the call." : `${host} cannot take the call now.`;
      case "passed":
        return side === "host" ? "You asked the caller to wait." : `${host} asks you to wait in the line.`;
      case "no_answer":
        return side === "host" ? "You did not answer." : `${host} did not answer. Nothing was charged.`;
      case "cancelled":
        return side === "payer" ? "You cancelled before it was answered." : `${payer} cancelled the call.`;
      case "host_offline":
        return side === "host" ? "You went offline." : `${host} went offline. Nothing was charged.`;
      case "setup_timeout":
        return "The connection between you could not be made in time. Nothing was charged.";
      case "ledger_silent":
        return "The server’s ledger did not answer, so the call was stopped rather than charged blindly.";
      case "operator":
        return side === "payer"
          ? "The person who runs this server ended the call. You pay for what was talked."
          : "The person who runs this server ended the call.";
      case "shutdown":
        return "The server stopped in order. What was talked is settled.";
      case "recovered":
        return "The call was settled at the last moment both of you were connected.";
      case "room_empty":
        return "Everybody had left.";
    }
  },
  note: (name: string) => `A note from ${name}`,
  talked: "Talked",
  paid: "You paid",
  earned: "You earned",
  balance: "Balance now",
  nothing: "Nothing was charged",
  receipt: "Open the receipt",
  again: "Call again",
  back: "Back to my calls",
  left: "You left the call",
  leftText: "The others can go on talking.",
  failedTitle: "The call cannot be opened",
  failed: (code: string): string => {
    switch (code) {
      case "room.full":
        return "The room is full.";
      case "call.unknown":
        return "There is no such call.";
      case "auth.expired":
        return "Your link has expired. Ask for a new one.";
      default:
        return "Your link does not open this call.";
    }
  },
  toStart: "Back",
};
