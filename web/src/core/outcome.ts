/** What a call came to, where the server's last message did not arrive. */

import type { Call } from "../protocol/api";
import type { EndedMessage, EndReason } from "../protocol/messages";

/** The last message as the page would have got it, from the call itself. */
export function endedOf({ call, used_ms, charge_minor }: Call): EndedMessage {
  return {
    type: "ended",
    call: call.id,
    reason: (call.end_reason || "recovered") as EndReason,
    note: "",
    used_ms,
    charge_minor,
    currency: call.tariff.currency,
    receipt: `/receipt/${call.id}`,
    earned_minor: null,
    balance_minor: null,
    settled: true,
  };
}
