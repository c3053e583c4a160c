/** Signing in, one's logins, and the mail of a development server. */

export const signIn = {
  title: "Sign in",
  lead: "Type your mail address and we send you a code. There is no password.",
  address: "Mail address",
  send: "Send me a code",
  sending: "Sending…",
  codeTitle: "Look into your mail",
  codeLead: (address: string) => `We sent a code to ${address}. It works for ten minutes, in this window.`,
  code: "Code",
  codeHint: "Six digits",
  enter: "Sign in",
  confirm: "Confirm address",
  checking: "Checking…",
  again: "Send another code",
  other: "Use another address",
  kept: "This server sends no mail. Read it here",
  chooseTitle: "Who do you want to be?",
  chooseLead: (address: string) => `${address} has several profiles here.`,
  roles: { client: "Calls and pays", expert: "Takes calls", operator: "Looks after the server" } as Record<
    string,
    string
  >,
  newTitle: "You are new here",
  newLead: "Your code was right. What shall we call you?",
  name: "Your name",
  start: "Start",
  asNew: "Start as somebody new",
  here: (name: string) => `You are signed in as ${name}`,
  hereText: (address: string) => `With ${address}, on this browser.`,
  goOn: "Go on",
  out: "Sign out",
  attachTitle: (role: string) => (role === "client" ? "Keep your wallet" : "Keep your page"),
  attachLead: (name: string, role: string) =>
    `You are here as ${name}, on this browser only. Add a mail address, and you can come back to your ${role === "client" ? "wallet" : "page and your earnings"} from anywhere.`,
  attach: "Send me a code",
  guestOut: "Sign out without an address",
  guestOutAsk: (role: string) =>
    role === "client" ? "Leave this wallet behind?" : "Leave this page and its earnings behind?",
  guestOutText:
    "There is no address to come back with yet. Once you sign out here, you may not get at it again.",
  stay: "Stay",
  refusal: (code: string): string => {
    switch (code) {
      case "network":
        return "The server cannot be reached. Check your connection and try again.";
      case "address.invalid":
      case "request.invalid":
        return "Please look at what you typed: something is missing in it.";
      case "code.wrong":
        return "That is not the code. Look again.";
      case "code.expired":
        return "This code does not work any more. Ask for a new one.";
      case "request.rate":
        return "That was too often. Wait a few minutes and try again.";
      case "mail.unavailable":
        return "The mail could not be sent. Try again in a moment.";
      case "mail.refused":
        return "The mail server does not know this address. Is it spelled right?";
      default:
        return `Something went wrong (${code}). Please try again.`;
    }
  },
};

export const logins = {
  title: "Your logins",
  who: "You",
  name: "Name",
  role: "Role",
  address: "Mail address",
  noAddress: "None yet",
  addAddress: "Add an address",
  changeAddress: "Change it",
  keepAddress: "Keep it as it is",
  changed: (address: string) => `You sign in with ${address} from now on.`,
  browsers: "Logged-in browsers",
  lead: "End what you do not know. That browser is signed out at once.",
  unknown: "Unknown browser",
  current: "This one",
  opened: "Signed in",
  seen: "Last seen",
  end: "End",
  endLabel: (device: string, seen: string) => `End the login of ${device}, last seen ${seen}`,
  endOthers: "End all others",
  ended: (count: number) => (count === 1 ? "One login was ended." : `${count} logins were ended.`),
};

export const keptMail = {
  title: "Mail that was not sent",
  lead: "This server has no mail server, so it keeps what it would have sent. Only servers with a local address do.",
  none: "Nothing yet",
  noneText: "Codes for signing in appear here as soon as somebody asks for one.",
  to: "To",
  refused: "This server sends its mail",
  refusedText: "Only a local server without a mail server keeps it here.",
};
