/** What the pages say about chat, files and the quality of a connection. Part of the catalogue in `en.ts`. */

export const chat = {
  title: "Chat",
  open: (unread: number) =>
    unread === 0 ? "Chat" : unread === 1 ? "Chat, 1 new message" : `Chat, ${unread} new messages`,
  close: "Close the chat",
  news: (name: string) => `New message from ${name}`,
  empty: (name: string) =>
    `Only you and ${name} see what is written here. Links, pictures, PDFs and texts are welcome.`,
  label: "Message",
  placeholder: "Write a message",
  send: "Send",
  attach: "Send a picture, a PDF or a text",
  you: "You",
  waiting: "Waiting",
  sending: "Sending",
  waits: "No connection at the moment. What you write is sent as soon as you are back.",
  uploading: (name: string, part: string) => `Sending ${name}: ${part}`,
  cancel: (name: string) => `Do not send ${name}`,
  remove: "Take it away",
  save: (name: string) => `Save ${name}`,
  picture: (name: string) => `Picture: ${name}`,
  gone: "This file is not there any more.",
  older: "Show older messages",
  tooLong: (most: string) => `At most ${most} characters are sent.`,
  bytes: (count: string) => `${count} B`,
  kilobytes: (count: string) => `${count} kB`,
  megabytes: (count: string) => `${count} MB`,
  refusal: (code: string): string => {
    switch (code) {
      case "request.too_large":
        return "The file is too large.";
      case "file.type":
        return "Only pictures, PDFs and plain texts can be sent.";
      case "file.pixels":
        return "The picture has too many pixels.";
      case "file.unreadable":
        return "The picture cannot be read.";
      case "file.quota":
        return "This call has as many files as it may have.";
      case "chat.full":
        return "No more can be written in this call.";
      case "call.ended":
        return "The call was over before it was sent.";
      case "network":
        return "It could not be sent. Try again.";
      default:
        return `It was not sent (${code}).`;
    }
  },
};
