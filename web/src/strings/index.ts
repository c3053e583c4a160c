/** The catalogue in use. */

import { en, type Strings } from "./en";

export type { Side } from "./en";
export const t: Strings = en;
