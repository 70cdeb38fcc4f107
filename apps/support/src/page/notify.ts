const SOUND_KEY = "magpie.support.sound"

export const soundIsOn = (): boolean => localStorage.getItem(SOUND_KEY) !== "off"
export const setSound = (on: boolean): void => localStorage.setItem(SOUND_KEY, on ? "on" : "off")

let audio: AudioContext | undefined

/** Two short tones. Browsers keep quiet until somebody has touched the page. */
export function playSound(): void {
  if (!soundIsOn() || navigator.userActivation?.hasBeenActive === false) return
  audio ??= new AudioContext()
  const { currentTime: now } = audio
  const gain = audio.createGain()
  gain.connect(audio.destination)
  gain.gain.setValueAtTime(0.08, now)
  gain.gain.exponentialRampToValueAtTime(0.001, now + 0.35)
  for (const [frequency, after] of [
    [660, 0],
    [880, 0.12],
  ] as const) {
    const tone = audio.createOscillator()
    tone.frequency.value = frequency
    tone.connect(gain)
    tone.start(now + after)
    tone.stop(now + after + 0.2)
  }
}

/** Puts the number of new messages before the title for as long as nobody looks at the page. */
export function createTitleNotice(): { add(): void } {
  let unseen = 0
  let before = ""
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || unseen === 0) return
    unseen = 0
    document.title = before
  })
  return {
    add() {
      if (!document.hidden) return
      if (unseen === 0) before = document.title
      unseen += 1
      document.title = `(${unseen}) ${before}`
    },
  }
}
