/** A telephone's ring, made of two tones: no file to load. */

const RING_S = 1.1;
const REST_S = 2.4;
const TONES = [587.33, 880] as const;

export class Ring {
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Browsers let a page sound only after a click on it. */
  get allowed(): boolean {
    return this.#context?.state === "running";
  }

  /** Prepare; call from within a click to be allowed later. */
  async unlock(): Promise<boolean> {
    try {
      this.#context ??= new AudioContext();
    } catch {
      // No sound device, or too many sounds in other tabs: the title and the notification are left.
      return false;
    }
    await Promise.race([this.#context.resume().catch(() => undefined), wait(200)]);
    return this.allowed;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    void this.unlock();
    this.#once();
    this.#timer = setInterval(() => this.#once(), (RING_S + REST_S) * 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #once(): void {
    const context = this.#context;
    if (context?.state !== "running") return;
    const begin = context.currentTime + 0.02;
    const volume = context.createGain();
    volume.connect(context.destination);
    for (const [index, tone] of TONES.entries()) {
      const oscillator = context.createOscillator();
      oscillator.type = "sine";
      oscillator.frequency.value = tone;
      oscillator.connect(volume);
      oscillator.start(begin + index * 0.02);
      oscillator.stop(begin + RING_S);
    }
    // Three soft pulses instead of one hard beep.
    volume.gain.setValueAtTime(0, begin);
    for (let pulse = 0; pulse < 3; pulse++) {
      const at = begin + pulse * (RING_S / 3);
      volume.gain.linearRampToValueAtTime(0.14, at + 0.05);
      volume.gain.linearRampToValueAtTime(0, at + RING_S / 3 - 0.03);
    }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
