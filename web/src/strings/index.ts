/** The catalogue in use, with the reader's own way to write numbers, money and dates. */

import { en, type Strings } from "./en";
import { localeOf } from "./locale";

export type { Side } from "./en";
export const t: Strings = { ...en, locale: localeOf(en.locale, globalThis.navigator?.languages ?? []) };
