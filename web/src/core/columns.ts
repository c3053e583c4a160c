/** Earnings as the columns of a chart: integers only, and together what the days are. */

import type { DayEarnings } from "../protocol/api";

/** One column: a day, or several in a row. */
export interface Column {
  readonly first: string;
  readonly last: string;
  readonly minor: number;
  readonly calls: number;
}

const MOST = 53;
const SIZES = [1, 7, 30, 91, 365];

/** Days in their order as columns, several a column when there are too many. The last one is whole. */
export function columnsOf(days: readonly DayEarnings[]): Column[] {
  const size = SIZES.find((each) => days.length / each <= MOST) ?? Math.ceil(days.length / MOST);
  const columns: Column[] = [];
  for (let end = days.length; end > 0; end -= size) {
    const part = days.slice(Math.max(0, end - size), end);
    columns.unshift({
      first: part[0]?.day ?? "",
      last: part.at(-1)?.day ?? "",
      minor: part.reduce((sum, each) => sum + each.earned_minor, 0),
      calls: part.reduce((sum, each) => sum + each.calls, 0),
    });
  }
  return columns;
}

/** The range of the axis: round amounts around every column and zero; the top is above zero and even. */
export function axisOf(columns: readonly Column[]): { readonly top: number; readonly bottom: number } {
  const most = Math.max(0, ...columns.map((each) => each.minor));
  const least = Math.min(0, ...columns.map((each) => each.minor));
  return { top: rounded(most), bottom: least < 0 ? -rounded(-least) : 0 };
}

/** The next of 10, 20, 50, 100, 200, … */
function rounded(minor: number): number {
  for (let unit = 10; ; unit *= 10)
    for (const step of [1, 2, 5]) if (minor <= unit * step) return unit * step;
}
