/** The catalogue in use. */

export * as t from "./catalogue";
export type { Side } from "./en";
