// Passes the microphone's blocks on; runs in the audio thread.

class BlockRecorder extends AudioWorkletProcessor {
  process([input]) {
    if (input[0]) this.port.postMessage(input[0].slice());
    return true;
  }
}
registerProcessor("block-recorder", BlockRecorder);
