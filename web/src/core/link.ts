/** One Socket.IO connection to namespace `/v1`, with one token. It never reconnects by itself: a token is for one connection. */

import { io, type Socket } from "socket.io-client";
import type { ClientMessage } from "../protocol/messages";

/** Why a connection could not be made: the server's stable code, or `network`. */
export interface ConnectFailure {
  readonly code: string;
  readonly message: string;
}

export interface LinkHandlers<Message> {
  message(message: Message): void;
  /** The connection is gone, or was never made. Called once. */
  lost(failure: ConnectFailure): void;
}

export interface Link {
  send(message: ClientMessage): void;
  /** Close without leaving the call. No handler is called any more. */
  close(): void;
}

const CONNECT_MS = 8_000;

export function openLink<Message>(token: string, handlers: LinkHandlers<Message>): Link {
  let over = false;
  const socket: Socket = io("/v1", {
    auth: { token },
    // A WebSocket at once saves two round trips; where it is forbidden, polling still works.
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnection: false,
    forceNew: true,
    timeout: CONNECT_MS,
  });
  const lost = (failure: ConnectFailure): void => {
    if (over) return;
    over = true;
    socket.close();
    handlers.lost(failure);
  };
  socket.onAny((type: string, body: unknown) => {
    if (!over && typeof body === "object" && body !== null) handlers.message({ ...body, type } as Message);
  });
  socket.on("connect_error", (error: Error & { data?: { code?: unknown; message?: unknown } }) => {
    const code = error.data?.code;
    lost({
      code: typeof code === "string" ? code : "network",
      message: String(error.data?.message ?? error.message),
    });
  });
  socket.on("disconnect", (reason) => lost({ code: "network", message: reason }));
  return {
    send(message) {
      const { type, ...body } = message;
      if (!over) socket.emit(type, body);
    },
    close() {
      over = true;
      socket.close();
    },
  };
}
