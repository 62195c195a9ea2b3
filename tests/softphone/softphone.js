// A telephone in a page, as small as a proof needs it: it registers, answers, says one tone and measures what it hears.
import JsSIP from "jssip";

window.softphone = {
  events: [],
  start(url, uri, password, tone) {
    const audio = new AudioContext();
    const said = audio.createMediaStreamDestination();
    const oscillator = new OscillatorNode(audio, { frequency: tone });
    oscillator.connect(said);
    oscillator.start();
    this.audio = audio;
    this.agent = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(url)], uri, password, register: true });
    for (const name of ["registered", "registrationFailed", "disconnected"]) {
      this.agent.on(name, () => this.events.push(name));
    }
    this.agent.on("newRTCSession", ({ session }) => {
      this.session = session;
      for (const name of ["progress", "confirmed", "ended", "failed"]) session.on(name, () => this.events.push(name));
      session.on("peerconnection", ({ peerconnection }) => this.listen(peerconnection));
      this.events.push("ringing");
      this.answer = () => session.answer({ mediaStream: said.stream, rtcOfferConstraints: { offerToReceiveAudio: true } });
    });
    this.agent.start();
  },
  listen(connection) {
    connection.addEventListener("track", ({ track }) => {
      const stream = new MediaStream([track]);
      const sink = new Audio(); // without one Chromium decodes nothing
      sink.muted = true;
      sink.srcObject = stream;
      sink.play();
      this.analyser = new AnalyserNode(this.audio, { fftSize: 8192 });
      this.audio.createMediaStreamSource(stream).connect(this.analyser);
    });
  },
  // The loudest frequency heard now, in Hz; 0 in silence.
  heard() {
    if (!this.analyser) return 0;
    const loud = new Float32Array(this.analyser.frequencyBinCount);
    this.analyser.getFloatFrequencyData(loud);
    const at = loud.reduce((best, level, bin) => (level > loud[best] ? bin : best), 0);
    return loud[at] > -60 ? (at * this.audio.sampleRate) / this.analyser.fftSize : 0;
  },
};
