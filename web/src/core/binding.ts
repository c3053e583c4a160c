/** Keeps a session sending what the devices give. */

import type { Source } from "../protocol/messages";
import type { Devices } from "./devices";
import type { CallSession } from "./session";

/** Publish and announce every change of `devices`; returns how to stop. */
export function bind(
  session: Pick<CallSession, "publish" | "announce">,
  devices: Pick<Devices, "subscribe" | "track" | "screen" | "screenAudio" | "micOn" | "cameraOn">,
): () => void {
  const sent = new Map<Source, MediaStreamTrack | null>();
  let told = "";
  const sync = (): void => {
    const now: [Source, MediaStreamTrack | null][] = [
      ["mic", devices.track("mic")],
      ["camera", devices.track("camera")],
      ["screen", devices.screen],
      ["screen_audio", devices.screenAudio],
    ];
    for (const [source, track] of now) {
      if ((sent.get(source) ?? null) === track) continue;
      sent.set(source, track);
      session.publish(source, track);
    }
    const state = { mic: devices.micOn, camera: devices.cameraOn, screen: devices.screen !== null };
    if (told === JSON.stringify(state)) return;
    told = JSON.stringify(state);
    session.announce(state);
  };
  sync();
  return devices.subscribe(sync);
}
