/** What the pages say about the quality of a connection. Part of the catalogue. */

export const quality = {
  levels: { good: "Good", fair: "Fair", weak: "Weak" } as const,
  mine: "Weak: your connection",
  theirs: "Weak: the other side",
  both: "Weak: both connections",
  label: (words: string) => `Connection: ${words}. Details`,
  title: "Connection",
  you: "You",
  none: "No media at the moment",
  lost: "Lost",
  rtt: "There and back",
  jitter: "Jitter",
  rate: "Up and down",
  percent: (figure: string) => `${figure} %`,
  ms: (figure: string) => `${figure} ms`,
  ways: (up: string, down: string) => `${up} / ${down}`,
  kbps: (up: string, down: string) => `${up} / ${down} kbit/s`,
  unknown: "?",
};
