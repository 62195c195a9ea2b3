// The loudspeaker of the demo telephone: sentences one after the other, music below nothing, keys as tones.
const ROW = [697, 770, 852, 941];
const COLUMN = [1209, 1336, 1477];
const LAYOUT = "123456789*0#";

export class Loudspeaker {
  constructor() {
    this.queue = [];
    this.now = null;
    this.melody = null;
    this.muted = false;
    this.context = null;
  }

  // Browsers allow sound only after a gesture: called from the call button.
  wake() {
    this.context ??= new AudioContext();
    this.context.resume();
  }

  speak(address) {
    if (!address) return;
    this.endMusic();
    this.queue.push(address);
    if (!this.now) this.next();
  }

  next() {
    const address = this.queue.shift();
    this.now = null;
    if (!address) {
      if (this.melody) this.startMusic();
      return;
    }
    this.now = this.start(address);
    this.now.onended = this.now.onerror = () => this.next();
  }

  start(address) {
    const sound = new Audio(address);
    sound.muted = this.muted;
    sound.play().catch(() => sound.onerror?.());
    return sound;
  }

  music(address) {
    this.melody = { address, sound: null };
    if (!this.now) this.startMusic();
  }

  startMusic() {
    if (this.melody.sound) return;
    this.melody.sound = this.start(this.melody.address);
  }

  endMusic() {
    this.melody?.sound?.pause();
    this.melody = null;
  }

  stop() {
    this.queue.length = 0;
    if (this.now) {
      this.now.onended = this.now.onerror = null;
      this.now.pause();
      this.now = null;
    }
    this.endMusic();
  }

  mute(muted) {
    this.muted = muted;
    for (const sound of [this.now, this.melody?.sound]) if (sound) sound.muted = muted;
  }

  tone(digit) {
    if (!this.context || this.muted) return;
    const place = LAYOUT.indexOf(digit);
    const until = this.context.currentTime + 0.12;
    const volume = this.context.createGain();
    volume.gain.value = 0.06;
    volume.connect(this.context.destination);
    for (const hertz of [ROW[Math.floor(place / 3)], COLUMN[place % 3]]) {
      const voice = this.context.createOscillator();
      voice.frequency.value = hertz;
      voice.connect(volume);
      voice.start();
      voice.stop(until);
    }
  }
}
