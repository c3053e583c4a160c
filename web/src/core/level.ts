/** How loud a track is, for the level bar of the device check. */

export class Level {
  readonly #context: AudioContext;
  readonly #analyser: AnalyserNode;
  readonly #source: MediaStreamAudioSourceNode;
  readonly #samples: Float32Array<ArrayBuffer>;

  constructor(track: MediaStreamTrack) {
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    this.wake();
  }

  /** Before the first click a page's audio is asleep, and nothing can be measured. */
  get asleep(): boolean {
    return this.#context.state === "suspended";
  }

  /** Try to wake; works from within a click at the latest. */
  wake(): void {
    void this.#context.resume().catch(() => undefined);
  }

  /** The loudness now, 0 to 1, by decibels: speech fills about two thirds. */
  read(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return loudness(Math.sqrt(sum / this.#samples.length));
  }

  close(): void {
    this.#source.disconnect();
    void this.#context.close().catch(() => undefined);
  }
}

/** Root mean square amplitude to a bar's length: -60 dBFS is 0, -10 dBFS is 1. */
export function loudness(rms: number): number {
  if (rms <= 0) return 0;
  return Math.min(1, Math.max(0, (20 * Math.log10(rms) + 60) / 50));
}
