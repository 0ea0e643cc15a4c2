// A take's waveform from the server's peaks, with the play head, sentence marks and, if asked, only the last 600 ms.

import { now, peaksOf, player, seek } from "moksori/player.js";

const TAIL_S = 0.6;

class WaveForm extends HTMLElement {
  static observedAttributes = ["tail"];

  connectedCallback() {
    this.canvas ??= this.appendChild(document.createElement("canvas"));
    this.setAttribute("role", "img");
    this.follow = () => this.isMine() && this.draw();
    this.settle = () => this.draw();
    player.addEventListener("time", this.follow);
    player.addEventListener("change", this.settle);
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this);
    this.sight = new IntersectionObserver(([entry]) => entry.isIntersecting && this.load());
    this.sight.observe(this);
    this.onclick = (event) => this.jump(event);
  }

  disconnectedCallback() {
    player.removeEventListener("time", this.follow);
    player.removeEventListener("change", this.settle);
    this.sizes.disconnect();
    this.sight.disconnect();
  }

  attributeChangedCallback() {
    this.peaks = null;
    if (this.isConnected) this.load();
  }

  set take(take) {
    this.shown = take;
    this.peaks = null;
    if (take) this.setAttribute("aria-label", `${take.spoken ?? take.text} (${take.seconds.toFixed(1)} s)`);
    if (this.isConnected) this.load();
  }

  get range() {
    const end = this.shown.seconds;
    return this.hasAttribute("tail") ? [Math.max(0, end - TAIL_S), end] : [0, end];
  }

  isMine() {
    return this.shown && now().take?.id === this.shown.id;
  }

  async load() {
    const take = this.shown;
    if (!take || this.peaks) return;
    const [from, to] = this.range;
    const asked = this.hasAttribute("tail") ? { from, to, bins: 300 } : { bins: 400 };
    const peaks = await peaksOf(take, asked).catch(() => null);
    if (this.shown === take) {
      this.peaks = peaks;
      this.draw();
    }
  }

  jump(event) {
    if (!this.shown) return;
    const box = this.getBoundingClientRect();
    const [from, to] = this.range;
    seek(from + ((event.clientX - box.left) / box.width) * (to - from), this.shown);
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this;
    if (!width || !height) return;
    const scale = devicePixelRatio || 1;
    if (this.canvas.width !== Math.round(width * scale)) this.canvas.width = Math.round(width * scale);
    if (this.canvas.height !== Math.round(height * scale)) this.canvas.height = Math.round(height * scale);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!this.peaks) return;
    this.drawPeaks(pen, width, height);
    this.drawMarks(pen, width, height);
  }

  drawPeaks(pen, width, height) {
    const colours = getComputedStyle(this);
    const [from, to] = this.range;
    const head = this.isMine() ? (now().time - from) / (to - from) : -1;
    const { min, max } = this.peaks;
    const loudest = Math.max(8, ...max.map(Math.abs), ...min.map(Math.abs));
    const bars = Math.min(min.length, Math.floor(width / 2));
    for (let bar = 0; bar < bars; bar += 1) {
      const [first, last] = [Math.floor((bar * min.length) / bars), Math.max(Math.floor(((bar + 1) * min.length) / bars), 1)];
      const top = Math.max(...max.slice(first, last)) / loudest;
      const low = Math.min(...min.slice(first, last)) / loudest;
      pen.fillStyle = colours.getPropertyValue(bar / bars < head ? "--accent" : "--muted");
      pen.fillRect((bar * width) / bars, (0.5 - top / 2) * height, Math.max(1, width / bars - 0.7), Math.max(1, ((top - low) / 2) * height));
    }
    if (head >= 0 && head <= 1) {
      pen.fillStyle = colours.getPropertyValue("--accent");
      pen.fillRect(head * width, 0, 1.5, height);
    }
  }

  drawMarks(pen, width, height) {
    const [from, to] = this.range;
    pen.fillStyle = getComputedStyle(this).getPropertyValue("--line");
    for (const sentence of this.shown.sentences ?? []) {
      const at = (sentence.start_s - from) / (to - from);
      if (at > 0.001 && at < 1) pen.fillRect(at * width, 0, 1, height);
    }
  }
}
customElements.define("wave-form", WaveForm);
