/** What a receipt says. Part of the catalogue. */

export const receipt = {
  title: "Receipt",
  forCall: (payer: string, host: string) => `Call of ${payer} with ${host}`,
  number: "Call",
  opened: "Opened",
  closed: "Ended",
  reason: "Why it ended",
  tariff: "Tariff",
  intervals: "What was metered",
  from: "From",
  to: "To",
  length: "Length",
  began: "Began because",
  stopped: "Stopped because",
  none: "Nothing was metered: you were never connected at the same time.",
  sum: "Sum",
  used: "Time together",
  billed: "Time charged",
  free: "Free of charge",
  charge: "Charge",
  earned: "Your earnings",
  before: "Balance before",
  toppedUp: "Topped up during the call",
  after: "Balance after",
  otherCalls: "Other movements meanwhile",
  rounding: "One rounding, downwards, of the whole call.",
  print: "Print",
  download: "Download as JSON",
  verify: "Verify it yourself",
  verifyText: "The receipt is signed. Anybody can check it with the command below and the downloaded file:",
  signature: "Signature",
  key: "Public key",
  chain: "Chain of meter events",
  notYet: "The receipt is being written",
  notYetText: "The call is not settled yet. This page looks again by itself.",
  missing: "There is no such receipt for you",
  missingText: "Open the page of your call first, in this browser, then come back.",
  begin: {
    media_up: "both of you were connected",
    resumed: "the call was resumed",
    reconnected: "the connection was back",
    topped_up: "the balance was topped up",
    cap_raised: "the limit was raised",
    gift: "time was given",
    granted: "the payment system answered again",
  } as Record<string, string>,
  end: (reason: string, payer: string, host: string): string => {
    switch (reason) {
      case "payer_left":
        return `${payer} hung up`;
      case "host_left":
        return `${host} hung up`;
      case "payer_lost":
      case "payer_gone":
        return `${payer} lost the connection`;
      case "host_lost":
      case "host_gone":
        return `${host} lost the connection`;
      case "payer_paused":
        return `${payer} paused`;
      case "host_paused":
        return `${host} paused`;
      case "funds":
        return "the balance was used up";
      case "cap":
        return `${payer}’s own limit was reached`;
      case "ledger_silent":
        return "the ledger did not answer";
      case "operator":
        return "the operator ended the call";
      case "recovered":
        return "the server was restarted";
      case "shutdown":
        return "the server stopped";
      case "declined":
        return `${host} declined`;
      case "no_answer":
        return `${host} did not answer`;
      case "cancelled":
        return `${payer} cancelled`;
      case "host_offline":
        return `${host} went offline`;
      case "setup_timeout":
        return "no connection came about in time";
      case "room_empty":
        return "everybody had left";
      default:
        return reason.replaceAll("_", " ");
    }
  },
};
