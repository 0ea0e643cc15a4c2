// A clip's waveform with two handles: what lies between them is kept. Arrows move a handle by 50 ms.

import { h } from "moksori/element.js";
import { t } from "moksori/words.js";

const STEP_S = 0.05;

class TrimStrip extends HTMLElement {
  range = null;

  show(peaks, file) {
    this.peaks = peaks;
    this.range = [0, peaks.seconds];
    const canvas = h("canvas.spectrum", { style: "height: 72px; background: none", role: "img", "aria-label": t("waveform") });
    const handle = (index) => h("input", { type: "range", min: 0, max: peaks.seconds, step: STEP_S, value: this.range[index], "aria-label": t(index ? "trim_end" : "trim_start"), oninput: (event) => this.move(index, Number(event.target.value)), onchange: () => this.dispatchEvent(new CustomEvent("change")) });
    const sound = h("audio", { controls: true, src: URL.createObjectURL(file), style: "width: 100%" });
    this.replaceChildren(h("div.stack", canvas, h("div.line", h("label.field", t("trim_start"), handle(0)), h("label.field", t("trim_end"), handle(1))), sound));
    this.canvas = canvas;
    this.draw();
  }

  move(index, value) {
    this.range[index] = index ? Math.max(value, this.range[0] + STEP_S) : Math.min(value, this.range[1] - STEP_S);
    this.draw();
  }

  draw() {
    const { min, max, seconds } = this.peaks;
    const colours = getComputedStyle(this);
    this.canvas.width = min.length;
    this.canvas.height = 72;
    const pen = this.canvas.getContext("2d");
    const loudest = Math.max(8, ...max, ...min.map((low) => -low));
    min.forEach((low, index) => {
      const at = (index / min.length) * seconds;
      const kept = at >= this.range[0] && at <= this.range[1];
      pen.fillStyle = colours.getPropertyValue(kept ? "--accent" : "--line");
      pen.fillRect(index, 36 - (max[index] / loudest) * 34, 1, Math.max(1, ((max[index] - low) / loudest) * 34));
    });
  }
}
customElements.define("trim-strip", TrimStrip);
