/** Everything the pages say, in English. A second language is a second file of this shape. */

import type { DeviceTrouble } from "../core/devices";
import type { MeterWhy } from "../protocol/messages";
import { embed } from "./embed";
import { inCall } from "./in-call";

/** What the person reading is in the call; words depend on it. */
export type Side = "payer" | "host" | "guest";

const lost = (name: string): string => `Paused · ${name} is reconnecting`;

export const en = {
  locale: "en",
  brand: "Talktime",
  loading: "One moment…",
  retry: "Try again",
  close: "Close",
  you: "You",

  price: {
    perMinute: (price: string) => `${price} a minute`,
    per: (price: string, time: string) => `${price} per ${time}`,
    perMs: "Charged to the millisecond.",
    perSecond: "Charged by the second.",
    perStarted: (time: string) => `Each started ${time} is charged.`,
    free: (time: string) => `The first ${time} are free.`,
    minimum: (time: string) => `At least ${time} are charged.`,
    nothing: "Free of charge",
  },

  link: {
    missing: "This page needs your personal link",
    missingText:
      "Open the whole link you were given, up to its very last character. It says who you are, so keep it to yourself.",
    refused: "This link does not work any more",
    refusedText: "It has expired or was made for another server. Ask the person who sent it for a new one.",
    wrongRole: "This link is for another page",
    wrongRoleText: (role: string) =>
      `It belongs to ${en.link.roles[role] ?? "somebody else"}. Open it at the address it came with.`,
    roles: {
      client: "somebody who calls",
      expert: "an expert",
      operator: "the operator",
      guest: "a guest",
    } as Record<string, string>,
    unknownExpert: "There is nobody at this address",
    unknownExpertText: "The link may be mistyped, or the expert has moved. Ask for a new link.",
    unreachable: "The server does not answer",
    unreachableText: "Your connection may be down, or the server is starting. This page keeps trying.",
  },

  check: {
    title: (name: string) => `Call ${name}`,
    guest: (name: string) => `Join the call with ${name}`,
    voiceOnly: "Voice only",
    withVideo: "With video",
    kind: "Kind of call",
    mic: "Microphone",
    camera: "Camera",
    speaker: "Speaker",
    level: "Microphone level",
    speak: "Say something: the bar should move.",
    wake: "Click anywhere, then say something: the bar should move.",
    unnamed: (number: number) => `Device ${number}`,
    asking: "Your browser asks for microphone and camera. Please allow them.",
    join: "Start the call",
    rejoin: "Join the call",
    costNow: "Nothing is charged until you can hear each other.",
    balance: "Your balance",
    lasts: "Lasts for",
    lastsAbout: (time: string) => `about ${time}`,
    unlimited: "as long as you like",
    price: "Price",
    live: { available: "Online now", busy: "In a call", paused: "Pausing", away: "Offline" },
    offlineText: (name: string) => `${name} is not here at the moment. This page notices when that changes.`,
    insufficient: "Your balance is not enough to start",
    insufficientText: "Top it up and the call can begin.",
  },

  trouble: {
    title: {
      denied: "Talktime may not use your devices",
      policy: embed.forbiddenTitle,
      none: "No microphone was found",
      busy: "Your device is in use elsewhere",
      insecure: "This address is not secure",
      failed: "Your device did not start",
    } satisfies Record<DeviceTrouble, string>,
    cameraTitle: {
      denied: "The camera is not allowed",
      policy: embed.forbiddenCamera,
      none: "No camera was found",
      busy: "The camera is in use elsewhere",
      insecure: "This address is not secure",
      failed: "The camera did not start",
    } satisfies Record<DeviceTrouble, string>,
    text: {
      denied: "Without a microphone nobody can hear you. You can change this in a moment:",
      policy: "Without a microphone nobody can hear you.",
      none: "Plug in a microphone or headset. This page notices it by itself.",
      busy: "Another program holds it. Close other calls and recorders, then try again.",
      insecure:
        "Browsers share microphone and camera only with pages on https. Ask for a link that begins with https.",
      failed: "Try again, or pick another device.",
    } satisfies Record<DeviceTrouble, string>,
    cameraText: "You can go on without it, by voice only.",
    steps: {
      chrome: [
        "Click the icon left of the address.",
        "Switch Microphone and Camera on.",
        "Come back here and try again.",
      ],
      firefox: [
        "Click the crossed-out camera or microphone left of the address.",
        "Remove “Blocked temporarily” or “Blocked”.",
        "Try again and choose Allow.",
      ],
      safari: [
        "Open Safari’s menu and choose “Settings for This Website”.",
        "Set Camera and Microphone to Allow.",
        "Try again.",
      ],
      ios: [
        "Tap the page icon (aA) beside the address and choose “Website Settings”.",
        "Set Camera and Microphone to Allow.",
        "Try again.",
      ],
      other: ["Open the site’s permissions in your browser.", "Allow microphone and camera.", "Try again."],
    },
  },

  ringing: {
    title: (name: string) => `Calling ${name}…`,
    text: "Nothing is charged while it rings.",
    cancel: "Cancel the call",
    connecting: (name: string) => `Connecting you with ${name}…`,
    joining: "Connecting…",
    connectingText: "Nothing is charged until you can hear each other.",
  },

  meter: {
    label: "Meter",
    cost: "Cost",
    earned: "Earned",
    time: "Time",
    left: (time: string) => `${time} left`,
    freeLeft: (time: string) => `Free · ${time} left`,
    freeSpoken: "Free time. The meter does not charge yet.",
    runningSpoken: "The meter is running.",
    lowSpoken: "The balance is running low.",
    youLost: "Paused · you are reconnecting",
    /** Why the meter runs or stands, to `side`; `payer` and `host` are their names. */
    why: (why: MeterWhy, side: Side, payer: string, host: string): string => {
      switch (why) {
        case "ringing":
          return "Ringing · nothing is charged";
        case "payer_connecting":
          return side === "payer" ? "Connecting you · not charging" : `Waiting for ${payer}`;
        case "host_connecting":
          return side === "host" ? "Connecting you · not charging" : `Waiting for ${host}`;
        case "granting":
          return "Starting · not charging yet";
        case "running":
          return "Running";
        case "free":
          return "Free time";
        case "gift":
          return side === "host" ? "Your gift · not charging" : `${host}’s gift · not charging`;
        case "payer_paused":
          return side === "payer" ? "On hold by you" : `On hold by ${payer}`;
        case "host_paused":
          return side === "host" ? "On hold by you" : `On hold by ${host}`;
        case "both_paused":
          return "On hold by both of you";
        case "payer_lost":
          return side === "payer" ? en.meter.youLost : lost(payer);
        case "host_lost":
          return side === "host" ? en.meter.youLost : lost(host);
        case "funds":
          return side === "payer"
            ? "Stopped · your balance is used up"
            : `Stopped · ${payer}’s balance is used up`;
        case "cap":
          return side === "payer" ? inCall.cap.stopped : inCall.cap.stoppedOther(payer);
        case "ledger_silent":
          return "Stopped · the ledger does not answer";
        case "ended":
          return "Ended";
      }
    },
  },

  call: {
    room: "The call",
    mute: "Mute",
    unmute: "Unmute",
    cameraOff: "Camera off",
    cameraOn: "Camera on",
    share: "Share screen",
    unshare: "Stop sharing",
    pause: "Pause",
    resume: "Resume",
    devices: "Devices",
    invite: "Invite",
    hangup: "Hang up",
    yourScreen: "You are sharing your screen",
    screenOf: (name: string) => `${name}’s screen`,
    mutedMic: "Microphone off",
    absent: "Not here yet",
    connecting: "Connecting…",
    interrupted: "Reconnecting…",
    holdText: "Nobody is heard or seen, and the meter stands.",
    tapToHear: "Turn the sound on",
    reconnecting: "Reconnecting…",
    reconnectingText: "The meter is paused. Nothing is charged while you are away.",
    reconnectingLong:
      "This takes longer than usual. The page keeps trying, and nothing is charged meanwhile.",
    reconnectingLive: "Reconnecting… You can go on talking.",
    restarting: "The server is restarting",
    restartingText: "The page comes back by itself. Whatever was talked is settled, never more.",
    blocked: "No sound or picture gets through",
    blockedText:
      "You reach the server, but your network seems to block live media (UDP). Nothing is charged meanwhile.",
    blockedSteps: [
      "Try another network, for example your phone’s.",
      "Switch a VPN off, or on, and look again.",
      "At work, ask to have UDP to this server allowed.",
    ],
    tryNow: "Try again now",
    leaving: "Hanging up…",
    superseded: "You went on elsewhere",
    supersededText:
      "This call is open in another tab or on another device. It is charged once, however many are open.",
    useHere: "Use it here",
  },

  invite: {
    title: "Invite somebody",
    text: "Guests hear and see everybody and pay nothing. The link works while this call lasts.",
    name: "Their name",
    make: "Make a link",
    link: "Link for the guest",
    copy: "Copy the link",
    copied: "Copied",
    failed: "The link could not be made. Try again.",
  },

  funds: {
    low: (time: string) => `Your balance lasts for another ${time}`,
    lowText: "Top up to go on without a break.",
    topUp: "Top up",
    topUpBy: (amount: string) => `Top up ${amount}`,
    test: "Test money",
    testText: "Nobody is charged.",
    working: "Topping up…",
    done: (amount: string) => `${amount} added`,
    failed: "The top-up did not work. Nothing was charged. Try again.",
    choose: "Amount",
    softTitle: "Your balance is used up",
    softText: "The call is on hold and nothing more is charged. Top up to go on where you were.",
    softOther: (name: string) => `${name}’s balance is used up`,
    softOtherText: (name: string) => `The call is on hold while ${name} tops up. Please stay on the line.`,
    softLeft: (time: string) => `Ends in ${time}`,
    ledger: "The meter is checking the balance",
    ledgerText: "The call is on hold and nothing is charged. It goes on as soon as the ledger answers.",
    noReal: "Ask the person who runs this server how to add to your balance.",
  },

  refusal: (code: string, name: string): string => {
    switch (code) {
      case "network":
        return "The server cannot be reached. Check your connection and try again.";
      case "host.offline":
        return `${name} is not online at the moment.`;
      case "host.declines":
        return `Sorry, ${name} does not take calls from you at the moment. Nothing was charged.`;
      case "host.busy":
        return `${name} is in another call.`;
      case "host.paused":
        return `${name} is pausing and will be back in a moment.`;
      case "line.full":
        return "The line is full at the moment.";
      case "line.many":
        return "You are waiting in three lines already. Leave one of them first.";
      case "offer.unknown":
      case "offer.none":
      case "offer.media":
        return `${name} does not offer this any more. Open ${name}’s page again to see what there is.`;
      case "offer.changed":
        return `${name} has changed the price just now. Look at the new one before you start.`;
      case "call.limit":
        return "The server is full at the moment. Try again in a minute.";
      case "call.ended":
      case "call.settled":
      case "call.unknown":
        return "This call is over.";
      case "wallet.insufficient":
        return "Your balance is not enough to start a call.";
      case "cap.too_low":
        return inCall.cap.tooLowToStart;
      case "wallet.limit":
        return "Your balance cannot hold that much.";
      case "server.stopping":
        return "The server is restarting. Try again in a moment.";
      case "request.rate":
      case "signaling.rate":
        return "That was a bit fast. Wait a moment and try again.";
      case "topup.sandbox_refused":
        return "Test money is not accepted on this server.";
      default:
        return `Something went wrong (${code}). Please try again.`;
    }
  },

  expert: {
    title: "Your calls",
    live: "You are live",
    liveText: "People with your link can call you now. Keep this page open; it rings.",
    connecting: "Going live…",
    lost: "Reconnecting…",
    lostText: "Nobody can call you until the connection is back. The page keeps trying.",
    superseded: "You are live elsewhere",
    supersededText: "Another tab or device took over. Calls ring there.",
    yourPrice: "Your price",
    incoming: "Incoming call",
    incomingVoice: "Incoming voice call",
    from: (name: string) => `${name} is calling`,
    accept: "Accept",
    decline: "Decline",
    note: "A note, if you cannot take it now (optional)",
    notePlaceholder: "In ten minutes, please",
    ringsFor: (time: string) => `rings for another ${time}`,
    tabTitle: (name: string) => `${name} is calling`,
    missed: (name: string, why: string): string => {
      if (why === "cancelled") return `${name} gave up before you answered.`;
      if (why === "accepted_elsewhere") return `You took ${name}’s call elsewhere.`;
      return `${name}’s call was not answered.`;
    },
    alerts: "Let your browser tell you when somebody calls",
    alertsOn: "Allow notifications",
    sound: "Click anywhere once, so that the page may ring.",
    recent: "Recent calls",
    empty: "No calls yet",
    emptyText: "Your calls and what you earned with them will be listed here.",
    openCall: "A call of yours is open",
    openCallText: "You can go back to it now.",
    rejoin: "Back to the call",
    who: "With",
    when: "When",
    length: "Length",
    earned: "Earned",
    back: (amount: string) => `${amount} refunded`,
    receipt: "Receipt",
    running: "now",
  },
};

export type Strings = typeof en;
