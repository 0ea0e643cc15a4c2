// History: every take by time, searched and filtered; verify, compare two manifests, restore, delete with undo.

import { get, post, query } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { pageKeys } from "moksori/keys.js";
import { dayOf, moment, period } from "moksori/logic/time.js";
import { MARKS, markWord } from "moksori/parts/mark-badge.js";
import { rowOf } from "moksori/parts/take-row.js";
import { complain, say } from "moksori/parts/toast-line.js";
import "moksori/parts/compare-strip.js";
import { language, t } from "moksori/words.js";

export async function show(main, asked) {
  const page = new History(asked);
  fill(main, h("div.column.stack", h("h1", t("page.history")), page.filters(), page.compareSlot, page.list, page.more));
  pageKeys({ X: { run: () => page.strip?.flip(), words: t("key.ab") }, C: { run: () => page.pinForCompare(), words: t("key.compare") } });
  await page.load();
}

class History {
  rows = new Map();
  chosen = {};
  compareSlot = h("div");
  list = h("div.stack");

  constructor(asked) {
    this.chosen = Object.fromEntries(asked);
    this.more = h("button", { hidden: true, onclick: () => this.load(this.next) }, t("show_more"));
  }

  filters() {
    const search = h("input.grow", { type: "search", placeholder: t("search_hint"), "aria-label": t("search"), value: this.chosen.q ?? "" });
    search.oninput = () => {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.filter({ q: search.value }), 200);
    };
    const toggleChip = (name, label) => {
      const chip = h("button", { "aria-pressed": String(Boolean(this.chosen[name])) }, label);
      chip.onclick = () => {
        chip.setAttribute("aria-pressed", String(!this.chosen[name]));
        this.filter({ [name]: this.chosen[name] ? undefined : "true" });
      };
      return chip;
    };
    const verified = h("button", { "aria-pressed": String(this.chosen.verified === "same") }, `✓ ${t("only_verified")}`);
    verified.onclick = () => {
      const on = this.chosen.verified !== "same";
      verified.setAttribute("aria-pressed", String(on));
      this.filter({ verified: on ? "same" : undefined });
    };
    const marks = h("select", { "aria-label": t("mark"), onchange: (event) => this.filter({ mark: event.target.value }) }, h("option", { value: "" }, t("any_mark")), MARKS.map((code) => h("option", { value: code }, markWord(code))));
    const sort = h("select", { "aria-label": t("sort"), onchange: (event) => this.filter({ sort: event.target.value }) }, h("option", { value: "" }, t("newest")), h("option", { value: "rating" }, t("best_rated")));
    const voices = h("select", { "aria-label": t("voice"), onchange: (event) => this.filter({ voice: event.target.value }) }, h("option", { value: "" }, t("any_voice")));
    const presets = h("select", { "aria-label": t("preset"), onchange: (event) => this.filter({ preset: event.target.value }) }, h("option", { value: "" }, t("any_preset")));
    const day = h("input", { type: "date", "aria-label": t("day"), title: t("day") });
    day.onchange = () => this.filter(day.value ? dayOf(day.value) : { since: undefined, until: undefined });
    const jobs = h("select", { "aria-label": t("job"), onchange: (event) => this.filter({ job: event.target.value }) }, h("option", { value: "" }, t("any_job")));
    get("/api/jobs?limit=50").then(({ items }) => {
      const several = items.filter((job) => ["batch", "sweep"].includes(job.kind));
      jobs.append(...several.map((job) => h("option", { value: job.id, selected: job.id === this.chosen.job }, `${t(`page.${job.kind === "batch" ? "batch" : "tuning"}`)}: ${job.title || job.id}`)));
      jobs.hidden = !several.length;
    }).catch(complain);
    const options = (box) => ({ items }) => box.append(...items.map((one) => h("option", { value: one.id }, one.name)));
    get("/api/voices").then(options(voices)).catch(complain);
    get("/api/presets").then(options(presets)).catch(complain);
    return h("div.line", search, voices, presets, jobs, marks, sort, toggleChip("starred", `★ ${t("starred")}`), verified, day, toggleChip("deleted", t("bin")));
  }

  filter(fields) {
    Object.assign(this.chosen, fields);
    return this.load();
  }

  async load(cursor) {
    const answer = await get(`/api/takes${query({ ...this.chosen, limit: 50, cursor })}`).catch(complain);
    if (!answer) return;
    if (!cursor) {
      this.list.replaceChildren();
      this.rows.clear();
      this.heading = null;
    }
    for (const take of answer.items) this.place(take);
    if (!this.rows.size) this.list.append(h("div.empty", t("nothing_found")));
    this.next = answer.next;
    this.more.hidden = !answer.next;
  }

  place(take) {
    const when = period(take.created);
    if (when !== this.heading) {
      this.heading = when;
      this.list.append(h("h2.muted", ["today", "yesterday", "week"].includes(when) ? t(`period.${when}`) : when));
    }
    const row = rowOf(take, [
      h("time.number.when", { dateTime: take.created }, moment(take.created, language())),
      this.chosen.deleted ? h("button.plain", { onclick: () => this.undelete(take.id) }, t("undelete")) : h("button.plain", { onclick: () => this.pinForCompare(take) }, t("compare")),
    ]);
    this.rows.set(take.id, row);
    this.list.append(row);
  }

  undelete(id) {
    post(`/api/takes/${id}/undelete`).then(() => this.load()).catch(complain);
  }

  async pinForCompare(take = document.querySelector("take-row[selected]")?.take) {
    if (!take) return;
    if (!this.first || this.first.id === take.id) {
      this.first = take;
      return say(t("compare_next"));
    }
    const [a, b] = [this.first, take];
    this.first = null;
    const found = await get(`/api/takes/compare?a=${a.id}&b=${b.id}`).catch(complain);
    if (!found) return;
    this.strip = document.createElement("compare-strip");
    const rows = found.differences.map((one) => h("tr", h("td.fixed", one.name), h("td.fixed", JSON.stringify(one.a)), h("td.fixed", JSON.stringify(one.b))));
    fill(this.compareSlot, this.strip, h("div.card.stack", h("p", found.same_sound ? t("same_sound") : t("different_sound")),
      h("div.scroll", h("table", h("thead", h("tr", h("th", t("what")), h("th", `A`), h("th", `B`))), h("tbody", rows)))));
    this.strip.show(a, b);
    scrollTo({ top: 0 });
  }
}
