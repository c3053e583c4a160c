/** What the pages of one's own area say around their content. Part of the catalogue in `en.ts`. */

export const desk = {
  nav: "Your pages",
  newTab: "opens in a new tab, you stay live here",
  places: {
    account: "Account",
    wallet: "Wallet",
    statement: "Statement",
    today: "Today",
    line: "Line",
    earnings: "Earnings",
    calls: "Calls",
    clients: "Clients",
    profile: "Profile",
    sites: "Widget",
    integrations: "Integrations",
    logins: "Logins",
    live: "Live",
    people: "People",
    disputes: "Disputes",
    payments: "Payments",
    audit: "Audit log",
  },
};
