// A job as one ZIP: file names, format, loudness, chimes. The browser packs while takes are still being made; what is
// too large for it comes from the server.

import { get, live, post, query } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { keep, kept } from "moksori/kept.js";
import { ZipWriter } from "moksori/logic/zip.js";
import { complain } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

const BROWSER_ITEMS = 200;
const LEVELS = ["", "-16", "-19", "-23"];
const CHIMES = ["none", "before", "after", "both"];

class ExportBar extends HTMLElement {
  /** `items` gives the job's items as they are now. */
  show(job, items) {
    Object.assign(this, { job, items });
    const remember = (name) => (event) => (keep(`export.${name}`, event.target.value), this.preview());
    this.template = h("input", { type: "text", value: kept("template", "{n:03}_{voice}_{text}"), oninput: () => (keep("template", this.template.value), this.preview()) });
    this.example = h("span.muted.small.fixed", { "aria-live": "polite" });
    this.format = h("select", { onchange: remember("format") });
    this.loudness = h("select", { onchange: remember("loudness") }, LEVELS.map((level) => h("option", { value: level, selected: level === kept("export.loudness", "") }, level ? `${level} LUFS` : t("as_made"))));
    this.chime = h("select", { onchange: remember("chime") }, CHIMES.map((one) => h("option", { value: one, selected: one === kept("export.chime", "none") }, t(`chime.${one}`))));
    this.count = h("span.muted.small.number", { "aria-live": "polite" });
    this.button = h("button.main", { onclick: () => this.pack().catch(complain) }, t("zip"));
    fill(this, h("div.card.stack",
      h("div.line.low", h("label.field.grow", t("template"), this.template), h("label.field", t("format"), this.format), h("label.field", t("loudness"), this.loudness), h("label.field", t("chime"), this.chime), this.button),
      h("div.line.spread", this.example, this.count)));
    get("/api/system").then(({ formats }) => {
      fill(this.format, formats.map((one) => h("option", { value: one.name, selected: one.name === kept("export.format", "wav") }, one.title)));
      this.preview();
    }).catch(complain);
    return this;
  }

  options() {
    return { format: this.format.value, loudness: this.loudness.value, chime: this.chime.value, template: this.template.value };
  }

  async preview() {
    const answer = await post("/api/names", { template: this.template.value, job: this.job.id, format: this.format.value || "wav" }).catch((error) => ({ error }));
    this.example.textContent = answer.error?.message ?? answer.names[0] ?? "";
    this.example.className = answer.error ? "bad small" : "muted small fixed";
  }

  async pack() {
    const options = this.options();
    const whole = `/api/jobs/${this.job.id}/zip${query(options)}`;
    if (this.items().length > BROWSER_ITEMS) return location.assign(whole);
    this.button.disabled = true;
    try {
      const sounds = await this.sounds(options);
      const { names } = await post("/api/names", { template: options.template, job: this.job.id, format: options.format, limit: 20_000 });
      if (!sounds.length || names.length !== sounds.length) return location.assign(whole); // something changed meanwhile: the server knows best
      this.save(names, sounds, options);
    } finally {
      this.button.disabled = false;
      this.count.textContent = "";
    }
  }

  /** Each take's file, fetched as soon as it is made: [{take, bytes, manifest}] in the order of the items. */
  async sounds(options) {
    const found = [];
    const { length } = this.items();
    for (let index = 0; index < length; index += 1) {
      this.count.textContent = t("packing", { done: index, total: length });
      const item = await this.over(index);
      if (!item.take || item.take.deleted) continue;
      const response = await fetch(`/api/takes/${item.take.id}/audio${query({ ...options, template: null })}`);
      if (!response.ok) throw new Error((await response.json()).error.message);
      const bytes = new Uint8Array(await response.arrayBuffer());
      found.push({ take: item.take.id, bytes, manifest: (await get(`/api/takes/${item.take.id}`)).manifest });
    }
    return found;
  }

  /** The item at that place once nothing more comes of it. */
  over(index) {
    return new Promise((resolve) => {
      const look = () => {
        const item = this.items()[index];
        if (["queued", "running"].includes(item.state) && this.isConnected) return;
        live.removeEventListener("item", soon);
        resolve(item);
      };
      const soon = () => setTimeout(look); // after the page has put the news in its place
      live.addEventListener("item", soon);
      look();
    });
  }

  save(names, sounds, { template, ...options }) {
    const zip = new ZipWriter();
    sounds.forEach(({ bytes }, index) => zip.add(names[index], bytes));
    const files = sounds.map(({ take, manifest }, index) => ({ file: names[index], take, pcm_sha256: manifest.pcm_sha256, consent: manifest.voice.consent, manifest }));
    const about = { made: new Date().toISOString(), options, missing: [], files };
    zip.add("manifest.json", new TextEncoder().encode(JSON.stringify(about, null, 1)));
    const url = URL.createObjectURL(zip.finish());
    h("a", { href: url, download: `${this.job.title || this.job.id}.zip` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}
customElements.define("export-bar", ExportBar);
