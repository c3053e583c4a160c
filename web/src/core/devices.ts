/** Microphone, camera and screen of this person: getting, switching, losing and giving them back. */

export type DeviceKind = "mic" | "camera";
/** Why a device cannot be had. Each has a face of its own; `policy`: the page around this one forbids it. */
export type DeviceTrouble = "denied" | "policy" | "none" | "busy" | "insecure" | "failed";

export interface DeviceChoice {
  readonly id: string;
  readonly label: string;
}

export interface DeviceList {
  readonly mic: readonly DeviceChoice[];
  readonly camera: readonly DeviceChoice[];
  readonly speaker: readonly DeviceChoice[];
}

export interface DeviceParts {
  /** `navigator.mediaDevices`; undefined on pages that are not secure. */
  readonly media: MediaDevices | undefined;
  /** Whether the pages around this one allow the device; where it is missing, they do. */
  readonly allowed?: (kind: DeviceKind) => boolean;
  readonly remember: (kind: DeviceKind | "speaker", id: string) => void;
  readonly recall: (kind: DeviceKind | "speaker") => string | null;
}

const WANTED: Record<DeviceKind, MediaTrackConstraints> = {
  mic: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
};

/** What a refused getUserMedia means (W3C mediacapture-streams, 10.3). */
export function troubleOf(error: unknown): DeviceTrouble {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "failed";
}

export class Devices {
  readonly #parts: DeviceParts;
  readonly #listeners = new Set<() => void>();
  readonly #tracks: Record<DeviceKind, MediaStreamTrack | null> = { mic: null, camera: null };
  readonly #pending: Record<DeviceKind, number> = { mic: 0, camera: 0 };
  #screen: MediaStream | null = null;
  #list: DeviceList = { mic: [], camera: [], speaker: [] };
  #muted = false;
  #cameraWanted = false;
  readonly trouble: Record<DeviceKind, DeviceTrouble | null> = { mic: null, camera: null };
  speaker: string;

  constructor(parts: DeviceParts) {
    this.#parts = parts;
    this.speaker = parts.recall("speaker") ?? "";
    parts.media?.addEventListener("devicechange", () => void this.#refresh());
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  track(kind: DeviceKind): MediaStreamTrack | null {
    return this.#tracks[kind];
  }

  get screen(): MediaStreamTrack | null {
    return this.#screen?.getVideoTracks()[0] ?? null;
  }

  get screenAudio(): MediaStreamTrack | null {
    return this.#screen?.getAudioTracks()[0] ?? null;
  }

  get list(): DeviceList {
    return this.#list;
  }

  /** The microphone is heard. */
  get micOn(): boolean {
    return this.#tracks.mic !== null && !this.#muted;
  }

  get cameraOn(): boolean {
    return this.#tracks.camera !== null;
  }

  /** The person wants to be seen, whether or not the camera is open at this moment: what a reload restores. */
  get cameraWanted(): boolean {
    return this.#cameraWanted;
  }

  get canShare(): boolean {
    return typeof this.#parts.media?.getDisplayMedia === "function";
  }

  /** Open a device: `id`, else the one used last, else any. Its trouble, if any, is in `trouble`. */
  async open(kind: DeviceKind, id: string | null = null): Promise<void> {
    const media = this.#parts.media;
    if (kind === "camera") this.#cameraWanted = true;
    if (!media) {
      this.#set(kind, null, "insecure");
      return;
    }
    const turn = ++this.#pending[kind];
    const wish = id ?? this.#parts.recall(kind);
    let track: MediaStreamTrack | null = null;
    let trouble: DeviceTrouble | null = null;
    try {
      track = await this.#get(media, kind, wish, id !== null);
    } catch (error) {
      trouble = troubleOf(error);
      if (trouble === "denied" && this.#parts.allowed?.(kind) === false) trouble = "policy";
    }
    if (turn !== this.#pending[kind]) {
      track?.stop();
      return;
    }
    this.#set(kind, track, trouble);
    if (track && id !== null) this.#parts.remember(kind, id);
    await this.#refresh();
  }

  /** Open microphone and camera with one question to the person where that is possible. */
  async openBoth(): Promise<void> {
    const media = this.#parts.media;
    this.#cameraWanted = true;
    const [mic, camera] = [++this.#pending.mic, ++this.#pending.camera];
    const exact = (kind: DeviceKind): MediaTrackConstraints => {
      const wish = this.#parts.recall(kind);
      return { ...WANTED[kind], ...(wish ? { deviceId: { exact: wish } } : {}) };
    };
    let stream: MediaStream | null = null;
    try {
      stream = (await media?.getUserMedia({ audio: exact("mic"), video: exact("camera") })) ?? null;
    } catch {
      // One of the two is missing, busy or forbidden: asking for each alone tells which.
    }
    // Either may have been closed, or asked for anew, meanwhile; the other one is wanted all the same.
    const wanted = (["mic", "camera"] as const).filter(
      (kind) => this.#pending[kind] === (kind === "mic" ? mic : camera),
    );
    const found = { mic: stream?.getAudioTracks()[0] ?? null, camera: stream?.getVideoTracks()[0] ?? null };
    for (const kind of ["mic", "camera"] as const) {
      if (!wanted.includes(kind)) found[kind]?.stop();
      else if (stream) this.#set(kind, found[kind], null);
      else await this.open(kind);
    }
    if (stream && wanted.length > 0) await this.#refresh();
  }

  /** Close a device; its light goes out. */
  close(kind: DeviceKind): void {
    if (kind === "camera") this.#cameraWanted = false;
    this.#shut(kind);
  }

  #shut(kind: DeviceKind): void {
    this.#pending[kind]++;
    this.#set(kind, null, null);
  }

  /** Mute keeps the microphone open and sends silence, so that speaking again is instant. */
  mute(muted: boolean): void {
    this.#muted = muted;
    if (this.#tracks.mic) this.#tracks.mic.enabled = !muted;
    this.#notify();
  }

  get muted(): boolean {
    return this.#muted;
  }

  chooseSpeaker(id: string): void {
    this.speaker = id;
    this.#parts.remember("speaker", id);
    this.#notify();
  }

  /** Ask for a screen, window or tab. False when the person thought better of it. */
  async share(): Promise<boolean> {
    const media = this.#parts.media;
    if (!media || !this.canShare) return false;
    try {
      this.#screen = await media.getDisplayMedia({
        video: { frameRate: { ideal: 15, max: 30 } },
        audio: true,
      });
    } catch {
      return false;
    }
    const track = this.screen;
    if (track) {
      // Text must stay legible: sharpness before motion.
      track.contentHint = "detail";
      // The browser has a stop button of its own.
      track.addEventListener("ended", () => this.unshare());
    }
    this.#notify();
    return track !== null;
  }

  unshare(): void {
    for (const track of this.#screen?.getTracks() ?? []) track.stop();
    this.#screen = null;
    this.#notify();
  }

  /** Close everything for now; what the person wanted is not forgotten. */
  closeAll(): void {
    this.#shut("mic");
    this.#shut("camera");
    if (this.#screen) this.unshare();
  }

  async #get(
    media: MediaDevices,
    kind: DeviceKind,
    wish: string | null,
    chosen: boolean,
  ): Promise<MediaStreamTrack> {
    const ask = (device: MediaTrackConstraints): Promise<MediaStream> =>
      media.getUserMedia(kind === "mic" ? { audio: device } : { video: device });
    let stream: MediaStream;
    // A chosen device that is open elsewhere on the page must be let go first (some phones have one camera).
    if (chosen && kind === "camera") this.#tracks.camera?.stop();
    try {
      stream = await ask({ ...WANTED[kind], ...(wish ? { deviceId: { exact: wish } } : {}) });
    } catch (error) {
      if (!wish || troubleOf(error) !== "none") throw error;
      stream = await ask(WANTED[kind]);
    }
    const track = stream.getTracks()[0];
    if (!track) throw new DOMException("no track", "NotFoundError");
    return track;
  }

  #set(kind: DeviceKind, track: MediaStreamTrack | null, trouble: DeviceTrouble | null): void {
    const before = this.#tracks[kind];
    if (before && before !== track) before.stop();
    this.#tracks[kind] = track;
    this.trouble[kind] = trouble;
    if (track) {
      if (kind === "mic") track.enabled = !this.#muted;
      track.addEventListener("ended", () => this.#lost(kind, track));
    }
    this.#notify();
  }

  /** Unplugged: take whatever else there is. */
  #lost(kind: DeviceKind, track: MediaStreamTrack): void {
    if (this.#tracks[kind] !== track) return;
    this.#tracks[kind] = null;
    void this.open(kind);
  }

  async #refresh(): Promise<void> {
    const found = (await this.#parts.media?.enumerateDevices().catch(() => [])) ?? [];
    const of = (kind: MediaDeviceKind): DeviceChoice[] =>
      found
        .filter((each) => each.kind === kind && each.deviceId !== "")
        .map((each) => ({ id: each.deviceId, label: each.label }));
    this.#list = { mic: of("audioinput"), camera: of("videoinput"), speaker: of("audiooutput") };
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
