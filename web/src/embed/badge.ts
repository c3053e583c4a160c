/** Price, availability and wait of an expert, live: server-sent events, or asking now and then where they fail. */

export interface Live {
  readonly state: "available" | "busy" | "paused" | "away";
  readonly wait_ms: number;
}

interface Tariff {
  readonly currency: string;
  readonly price_minor: number;
  readonly per_ms: number;
}

export interface Face {
  readonly name: string;
  readonly headline: string;
  readonly tariff: Tariff;
  readonly offers: readonly { readonly id: string; readonly tariff: Tariff }[];
  readonly live: Live;
}

const ASK_MS = 20_000;

/** Follow an expert until the returned function is called. Nothing is asked for while nobody looks. */
export function follow(server: string, expert: string, told: (face: Face) => void): () => void {
  const url = `${server}/api/v1/experts/${encodeURIComponent(expert)}`;
  let face: Face | null = null;
  let events: EventSource | null = null;
  let timer = 0;

  const tell = (live: Live): void => {
    if (face) told({ ...face, live });
  };
  const ask = async (): Promise<void> => {
    try {
      const answer = await fetch(url, { credentials: "omit" });
      if (!answer.ok) return;
      face = (await answer.json()) as Face;
      told(face);
    } catch {
      // Without an answer what is shown stays.
    }
  };
  const stop = (): void => {
    events?.close();
    clearInterval(timer);
    events = null;
    timer = 0;
  };
  const look = (): void => {
    stop();
    if (document.hidden) return;
    void ask();
    events = new EventSource(`${url}/live`);
    events.onmessage = (event) => tell(JSON.parse(event.data) as Live);
    events.onerror = () => {
      // It comes back by itself from a lost connection, but not from a refusal.
      if (events?.readyState === 2 && !timer) timer = window.setInterval(() => void ask(), ASK_MS);
    };
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    stop();
  };
}

/** `$2.40`, exactly: minor units are put in as a decimal string, for no float holds money. */
export function money(minor: number, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const text = String(minor).padStart(digits + 1, "0");
  const cut = text.length - digits;
  return format.format(`${text.slice(0, cut)}.${text.slice(cut)}0` as `${number}`);
}
