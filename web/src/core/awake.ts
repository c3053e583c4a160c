/** Keeps a phone's screen on during a call: a sleeping screen would put the page, and the call, to sleep. */

interface Wakeful {
  readonly wakeLock?: WakeLock;
}

/** Returns how to let the screen sleep again. Does nothing where the browser cannot. */
export function stayAwake(navigator: Wakeful, document: Document): () => void {
  let lock: WakeLockSentinel | null = null;
  let over = false;
  const ask = async (): Promise<void> => {
    // The browser takes the lock away whenever the page is hidden.
    if (over || document.visibilityState !== "visible") return;
    try {
      const got = (await navigator.wakeLock?.request("screen")) ?? null;
      if (over) await got?.release();
      else lock = got;
    } catch {
      // Low battery, or forbidden: the call goes on as long as the screen does.
    }
  };
  const again = (): void => void ask();
  document.addEventListener("visibilitychange", again);
  again();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", again);
    void lock?.release().catch(() => undefined);
  };
}
