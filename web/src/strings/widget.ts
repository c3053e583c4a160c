/** What the widget itself says on a host page. A website can say each in its own words: attribute `text-…`. */

export const widget = {
  call: "Call {name}",
  available: "Available now",
  busy: "In a call",
  paused: "Back soon",
  away: "Away",
  wait: "wait about {min} min",
  waiting: "You are in line",
  show: "Show",
  perMinute: "{price}/min",
  free: "Free of charge",
  close: "Close",
  title: "Call {name}",
  loading: "One moment…",
  page: "Open {name}’s page",
  refused:
    "The call cannot be shown here. Either the server cannot be reached, or {origin} is not among the websites that may show {name}.",
  forbidden: "This page’s Content-Security-Policy forbids the call. It needs: {directive} {server}",
};

export type WidgetWords = typeof widget;
