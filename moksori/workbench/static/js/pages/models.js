// Models: what is here, what it needs, getting one with progress, loading and unloading.

import { get, live, post } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { progressOf } from "moksori/parts/job-progress.js";
import { complain } from "moksori/parts/toast-line.js";
import { named, t } from "moksori/words.js";

const gigabytes = (bytes) => (!bytes ? "–" : bytes < 1e8 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(2)} GB`);

export async function show(main) {
  const loaded = h("div.card.stack");
  const downloads = h("div.stack");
  const body = h("tbody");
  const load = async () => {
    const models = await get("/api/models");
    fill(loaded, about(models, load));
    fill(downloads, models.downloads.filter((job) => job.state !== "done").slice(0, 3).map((job) => h("div.card", { "data-job": job.id }, h("div", job.title), progressOf(job), h("div.muted.small.number.bytes"))));
    fill(body, models.available.map((model) => row(model, models, load)));
  };
  const again = () => load().catch(complain);
  const bytes = ({ detail }) => {
    const card = [...downloads.children].find((one) => one.dataset.job === detail.job);
    if (!card) return again();
    Object.assign(card.querySelector("progress"), { max: detail.total_bytes, value: detail.done_bytes });
    card.querySelector(".bytes").textContent = `${gigabytes(detail.done_bytes)} / ${gigabytes(detail.total_bytes)}`;
  };
  const over = ({ detail }) => detail.kind === "download" && !["queued", "running"].includes(detail.state) && again();
  live.addEventListener("model", again);
  live.addEventListener("download", bytes);
  live.addEventListener("job", over);
  fill(main, h("div.column.stack", h("h1", t("page.models")), loaded, downloads,
    h("div.scroll", h("table", h("thead", h("tr", h("th", t("model")), h("th", t("kinds")), h("th", t("size")), h("th", t("memory")), h("td"))), body))));
  await load();
  return () => {
    live.removeEventListener("model", again);
    live.removeEventListener("download", bytes);
    live.removeEventListener("job", over);
  };
}

function about({ state, loaded, message }, load) {
  if (!loaded) return [h("h2", t(`model.${state}`)), message && h("p.bad", message)];
  const facts = [[t("engine"), loaded.name], [t("precision"), loaded.precision], [t("device"), loaded.device_class], [t("languages"), loaded.languages.map((name) => t(`language.${name}`)).join(", ")], [t("licence"), loaded.licence], [t("numerics"), loaded.numerics]];
  const unload = h("button", { onclick: () => post("/api/models/unload").then(load).catch(complain) }, t("unload"));
  return [h("div.line.spread", h("h2", `${loaded.title}${loaded.draft ? ` (${t("draft")})` : ""}`), unload), h("table", h("tbody", facts.map(([name, value]) => h("tr", h("th", { scope: "row" }, name), h("td", value || "–")))))];
}

function row(model, { loaded }, load) {
  const here = loaded?.model === model.name || (loaded?.model === "" && (loaded.checkpoint?.name ?? loaded.name) === model.name);
  const act = (path, body) => () => post(path, body).then(load).catch(complain);
  const precision = h("select", { "aria-label": `${model.name}: ${t("precision")}` }, ["auto", "bf16", "int8", "fp32"].map((name) => h("option", name)));
  const choose = h("button", { disabled: here, onclick: () => act("/api/models/load", { model: model.name, precision: precision.value })() }, here ? t("loaded") : t("load"));
  precision.onchange = () => Object.assign(choose, { disabled: false, textContent: t("load") });
  const doing = model.installed ? h("span.line", precision, choose) : h("button", { onclick: act("/api/models/download", { name: model.name }) }, t("download_size", { size: gigabytes(model.size_bytes) }));
  return h("tr", h("td", h("div", model.name), h("div.muted.small", model.title)), h("td.small", named(`speaks.${model.speaks}`, model.speaks)), h("td.number", gigabytes(model.size_bytes)), h("td.number", gigabytes(model.memory_bytes)), h("td", doing));
}
