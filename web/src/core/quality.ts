/** What the figures of both sides' connections come to, for one of them. */

import type { QualityLevel, QualityMessage, Role, SideQuality } from "../protocol/messages";

export interface Verdict {
  readonly level: QualityLevel;
  /** Whose connection it is that is weak. */
  readonly whose: "none" | "mine" | "theirs" | "both";
  readonly mine: SideQuality | null;
  readonly theirs: SideQuality | null;
}

const ORDER: readonly QualityLevel[] = ["good", "fair", "weak"];

/** Null while nothing is known of either side, and for guests, who are told nothing. */
export function verdict(message: QualityMessage | null, role: Role): Verdict | null {
  if (!message || role === "guest") return null;
  const [mine, theirs] = role === "payer" ? [message.payer, message.host] : [message.host, message.payer];
  const known = [mine, theirs].flatMap((side) => side ?? []);
  if (known.length === 0) return null;
  const level = ORDER[Math.max(...known.map((side) => ORDER.indexOf(side.level)))] ?? "good";
  const weak = [mine?.level === "weak", theirs?.level === "weak"];
  const whose = weak[0] && weak[1] ? "both" : weak[0] ? "mine" : weak[1] ? "theirs" : "none";
  return { level, whose, mine, theirs };
}
