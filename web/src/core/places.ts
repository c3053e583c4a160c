/** Where the pages of a role are: one navigation for all of them. */

import type { desk } from "../strings/desk";

export interface Place {
  readonly path: string;
  readonly name: keyof typeof desk.places;
}

const SHARED: readonly Place[] = [
  { path: "/sites", name: "sites" },
  { path: "/integrations", name: "integrations" },
  { path: "/logins", name: "logins" },
];

const PLACES: Readonly<Record<string, readonly Place[]>> = {
  expert: [
    { path: "/console", name: "today" },
    { path: "/expert", name: "line" },
    { path: "/console/earnings", name: "earnings" },
    { path: "/console/calls", name: "calls" },
    { path: "/console/clients", name: "clients" },
    { path: "/expert/profile", name: "profile" },
    ...SHARED,
  ],
  client: [
    { path: "/account", name: "account" },
    { path: "/wallet", name: "wallet" },
    { path: "/account/calls", name: "calls" },
    { path: "/account/statement", name: "statement" },
    { path: "/logins", name: "logins" },
  ],
  operator: [
    { path: "/operator", name: "live" },
    { path: "/operator/people", name: "people" },
    { path: "/operator/disputes", name: "disputes" },
    { path: "/operator/payments", name: "payments" },
    { path: "/operator/audit", name: "audit" },
    ...SHARED,
  ],
};

/** The places of a role in their order; none for whoever needs no navigation. */
export function placesOf(role: string): readonly Place[] {
  return PLACES[role] ?? [];
}

/** The place that `path` belongs to: its own, else the nearest above it. */
export function placeAt(role: string, path: string): Place | null {
  const clean = path.replace(/(.)\/+$/, "$1");
  const above = placesOf(role).filter((each) => clean === each.path || clean.startsWith(`${each.path}/`));
  return above.sort((a, b) => b.path.length - a.path.length)[0] ?? null;
}
