/**
 * The catalogue, by sections: a page carries those that it uses and no others, because each area's words are a
 * module of their own. What many pages say stands in `en.ts`.
 */

import { en } from "./en";
import { localeOf } from "./locale";

export { account } from "./account";
export { afterCall } from "./after-call";
export { chat } from "./chat";
export { consoleWords as console } from "./console";
export { desk } from "./desk";
export { embed } from "./embed";
export { ended } from "./ended";
export { home } from "./home";
export { house } from "./house";
export { inCall } from "./in-call";
export { integrations } from "./integrations";
export { line, office } from "./line";
export { operator } from "./operator";
export { caller, start } from "./profile";
export { quality } from "./quality";
export { receipt } from "./receipt";
export { keptMail, logins, signIn } from "./sign-in";
export { sites } from "./sites";
export { units } from "./units";
export { wallet } from "./wallet";

export const {
  brand,
  loading,
  retry,
  close,
  you,
  price,
  link,
  check,
  trouble,
  ringing,
  meter,
  call,
  invite,
  funds,
  refusal,
  expert,
} = en;
/** The reader's own way to write numbers, money and dates. */
export const locale = localeOf(en.locale, globalThis.navigator?.languages ?? []);
