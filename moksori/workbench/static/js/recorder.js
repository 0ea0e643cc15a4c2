// The microphone as a WAV file: uncompressed, with no gain control and no noise gate, so that the clip is what was said.

export class Recorder {
  static async start(onLevel) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
    return new Recorder(stream, onLevel);
  }

  constructor(stream, onLevel) {
    this.stream = stream;
    this.context = new AudioContext();
    this.blocks = [];
    this.samples = 0;
    this.ready = this.context.audioWorklet.addModule("/static/js/recorder-worklet.js").then(() => {
      const node = new AudioWorkletNode(this.context, "block-recorder");
      node.port.onmessage = ({ data }) => {
        this.blocks.push(data);
        this.samples += data.length;
        onLevel(data.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0), this.samples / this.context.sampleRate);
      };
      this.context.createMediaStreamSource(stream).connect(node);
    });
  }

  /** Ends the recording and returns it as a File; null when nothing was recorded. */
  stop() {
    for (const track of this.stream.getTracks()) track.stop();
    const rate = this.context.sampleRate;
    this.context.close();
    return this.samples ? new File([wav(this.blocks, this.samples, rate)], "recording.wav", { type: "audio/wav" }) : null;
  }
}

/** 16-bit mono WAV from blocks of float samples. */
export function wav(blocks, samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + samples * 2));
  const word = (at, text) => [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  word(0, "RIFF");
  view.setUint32(4, 36 + samples * 2, true);
  word(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  word(36, "data");
  view.setUint32(40, samples * 2, true);
  let at = 44;
  for (const block of blocks) for (const value of block) view.setInt16((at += 2) - 2, Math.max(-32768, Math.min(32767, Math.round(value * 32768))), true);
  return view.buffer;
}
