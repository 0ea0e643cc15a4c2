// Two takes at one play head: A/B on one key, loudness-matched, spectrograms under each other.

import { get } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { match, now, play, swap } from "moksori/player.js";
import { complain } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

class CompareStrip extends HTMLElement {
  /** Each side is a take; `blind` hides everything but the letters. */
  show(a, b, { blind = false } = {}) {
    this.sides = [a, b];
    match(this.sides);
    fill(this, h("div.stack.card", h("div.line.spread", h("h2", t("compare")), h("button", { onclick: () => this.flip() }, `A/B `, h("kbd", "X"))),
      this.sides.map((take, index) => this.side(take, "AB"[index], blind))));
  }

  side(take, letter, blind) {
    const wave = document.createElement("wave-form");
    wave.style.height = "36px";
    wave.take = take;
    const picture = h("canvas.spectrum", { "aria-label": `${letter}: ${t("spectrogram")}`, role: "img" });
    draw(picture, take).catch(complain);
    const name = blind ? letter : `${letter} · ${take.voice?.name ?? ""} · seed ${take.seed}`;
    return h("div.stack", { style: "gap: 4px" }, h("button.plain.small", { onclick: () => this.listen("AB".indexOf(letter)) }, name), wave, picture);
  }

  async listen(index) {
    await play(this.sides[index]);
  }

  async flip() {
    const index = now().take?.id === this.sides[0].id ? 1 : 0;
    await swap(this.sides[index]);
  }
}
customElements.define("compare-strip", CompareStrip);

async function draw(canvas, take) {
  const { width, height, data } = await get(`/api/takes/${take.id}/spectrogram?width=600&height=128`);
  const levels = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  levels.forEach((level, index) => image.data.set([level * 0.75, 40 + level * 0.8, 60 + level * 0.55, 255], index * 4));
  pen.putImageData(image, 0, 0);
}
