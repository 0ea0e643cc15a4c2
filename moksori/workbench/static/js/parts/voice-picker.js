// Which voice: those of the loaded model and those that users added. Unusable ones say why.

import { get } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { shelves } from "moksori/logic/shelves.js";
import { t } from "moksori/words.js";

class VoicePicker extends HTMLElement {
  async load(chosen) {
    const { items } = await get("/api/voices");
    const [stored, brought] = shelves(items);
    this.standsFor = new Map(stored.map((voice) => [voice.speaker, voice.id]));
    const option = (voice) => h("option", { value: voice.id, disabled: voice.usable === false, title: voice.why ?? "" }, voice.name + (voice.usable === false ? ` (${t("unusable")})` : ""));
    const group = (label, voices) => voices.length > 0 && h("optgroup", { label }, voices.map(option));
    this.box = h("select", { "aria-label": t("voice"), onchange: () => this.dispatchEvent(new CustomEvent("change")) },
      group(t("own_voices"), stored), group(t("model_voices"), brought));
    fill(this, this.box);
    this.value = items.find((voice) => voice.usable !== false)?.id;
    this.value = chosen;
    return this;
  }

  get value() {
    return this.box?.value || undefined;
  }

  set value(id) {
    const usable = [...(this.box?.options ?? [])].filter((option) => !option.disabled).map((option) => option.value);
    const found = [id, this.standsFor?.get(id)].find((one) => one && usable.includes(one));
    if (found) this.box.value = found;
  }
}
customElements.define("voice-picker", VoicePicker);
