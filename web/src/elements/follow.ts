/** Redraws an element whenever something it shows says that it changed. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

interface Followed {
  subscribe(listener: () => void): () => void;
}

class Follow implements ReactiveController {
  #now: Followed | null = null;
  #stop: (() => void) | null = null;

  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly what: () => Followed | null,
  ) {
    host.addController(this);
  }

  hostUpdate(): void {
    const now = this.what();
    if (now === this.#now) return;
    this.#stop?.();
    this.#now = now;
    this.#stop = now?.subscribe(() => this.host.requestUpdate()) ?? null;
  }

  hostDisconnected(): void {
    this.#stop?.();
    this.#now = null;
  }

  hostConnected(): void {
    this.host.requestUpdate();
  }
}

/** Follow what `what` returns, which may be another thing after an update. */
export function follow(host: ReactiveControllerHost, what: () => Followed | null): ReactiveController {
  return new Follow(host, what);
}
