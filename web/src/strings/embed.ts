/** What the page inside the widget's frame says. */

export const embed = {
  title: (name: string) => `Call ${name}`,
  lead: "Tell who is calling. Nothing rings and nothing costs anything yet.",
  name: "Your name",
  go: "Go on",
  forgets:
    "Your browser lets this frame keep nothing, so it forgets you, and money that is left, when you leave this website. On the expert’s own page it stays.",
  noName: "Please tell your name.",
  stranger: "The website could not say who you are. You can go on as a guest.",
  problems: {
    "embed.forged": "This page did not come from the server. Load the website again.",
    "embed.expired": "This page was open for a long time. Load the website again.",
    "embed.origin": "This website may not show the expert any more.",
    "embed.alone": "This page belongs inside a website.",
    "embed.silent": "The website does not answer. Load it again.",
    "expert.unknown": "There is no such expert any more.",
    "jwt.malformed": "What the website says about you cannot be read.",
    "jwt.forged": "The website’s signature is not right.",
    "jwt.expired": "What the website said about you is too old. Load it again.",
    "jwt.reused": "What the website said about you was used before. Load it again.",
    "jwt.claims": "What the website says about you does not suffice.",
    "request.rate": "Too many tries from your network. Wait a while.",
  } as Record<string, string>,
  problem: "The call cannot be opened",
  unreachable: "The server cannot be reached at the moment.",
  forbiddenTitle: "This website forbids microphone and camera",
  forbiddenCamera: "This website forbids the camera",
  forbiddenText:
    "You can call from the expert’s own page instead. Whoever looks after this website can allow it here:",
  forbiddenHeader: (server: string) =>
    `Permissions-Policy: camera=(self "${server}"), microphone=(self "${server}"), display-capture=(self "${server}")`,
  forbiddenFrame: (server: string) =>
    `<iframe allow="camera ${server}; microphone ${server}; display-capture ${server}; autoplay">`,
  ownPage: "Open the expert’s page",
};
