// System: queue, memory before and after each request, device, versions, log, and the settings of this house.

import { get, live, patch, query } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { seconds } from "moksori/logic/time.js";
import { progressOf } from "moksori/parts/job-progress.js";
import { complain, say } from "moksori/parts/toast-line.js";
import { language, t } from "moksori/words.js";

const megabytes = (bytes) => (bytes > 1e10 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6).toLocaleString(language())} MB`);

export async function show(main) {
  const [facts, memory, jobs, log, settings] = [h("div.card"), h("div.card.stack"), h("div.stack"), h("div.scroll.card"), h("div.card.stack")];
  const level = h("select", { "aria-label": t("level"), onchange: () => readLog().catch(complain) }, ["", "INFO", "WARNING", "ERROR"].map((name) => h("option", { value: name }, name || t("all"))));
  const readLog = async () => {
    const { items } = await get(`/api/system/log${query({ limit: 200, level: level.value })}`);
    fill(log, items.length ? h("table.fixed", h("tbody", items.map((line) => h("tr", h("td", new Date(line.at).toLocaleTimeString(language())), h("td", line.level), h("td", line.name), h("td", line.message))))) : h("div.muted.small", t("log_empty")));
  };
  const load = async () => {
    const [system, active] = await Promise.all([get("/api/system"), get("/api/jobs?state=active&limit=20")]);
    fill(facts, table(factsOf(system)));
    memory.hidden = !system.memory.recent.length;
    fill(memory, h("h2", t("memory_recent")), h("p.muted.small", t("server_memory")), table(system.memory.recent.slice(-8).reverse().map((one) => [`#${one.item}`, `${megabytes(one.before_bytes)} → ${megabytes(one.after_bytes)}`, new Date(one.at).toLocaleTimeString(language())])));
    fill(jobs, active.items.length ? active.items.map((job) => h("div.card", h("div", job.title || job.id), progressOf(job))) : h("div.empty", t("queue_empty")));
  };
  const again = () => load().catch(complain);
  live.addEventListener("queue", again);
  fill(main, h("div.column.stack", h("h1", t("page.system")), h("h2", t("queue")), jobs, h("div.pair", facts, memory), h("h2", t("settings")), settings, h("div.line.spread", h("h2", t("log")), level), log));
  fill(settings, settingsForm(await get("/api/settings"), (await get("/api/system")).formats));
  await Promise.all([load(), readLog()]);
  return () => live.removeEventListener("queue", again);
}

const table = (rows) => h("table", h("tbody", rows.map(([name, ...values]) => h("tr", h("th", { scope: "row" }, name), values.map((value) => h("td.number", value))))));

function factsOf(system) {
  return [
    ["moksori", system.version], [t("device"), system.device], [t("versions"), Object.entries(system.versions).map(([name, version]) => `${name} ${version}`).join(" · ")],
    [t("running_for"), seconds(system.uptime_s, 0)], [t("memory"), `${megabytes(system.memory.rss_bytes)} (${t("free")} ${megabytes(system.memory.available_bytes)})`],
    [t("disk"), `${t("free")} ${megabytes(system.disk.free_bytes)}`], [t("takes"), system.counts?.takes ?? "–"],
  ];
}

function settingsForm(settings, formats) {
  const save = (name) => (value) => patch("/api/settings", { [name]: value }).then(() => say(t("saved"))).catch(complain);
  const label = h("input", { type: "checkbox", checked: settings.label, onchange: (event) => save("label")(event.target.checked) });
  const format = h("select", { onchange: (event) => save("format")(event.target.value) }, formats.map((one) => h("option", { value: one.name ?? one, selected: (one.name ?? one) === settings.format }, one.title ?? one)));
  const days = h("input", { type: "number", min: 1, max: 3650, value: settings.bin_days, onchange: (event) => save("bin_days")(Number(event.target.value)) });
  const quality = h("select", { onchange: (event) => save("quality")({ action: event.target.value, tries: settings.quality?.tries ?? 3 }) }, ["keep", "flag", "retry"].map((action) => h("option", { value: action, selected: settings.quality?.action === action }, t(`quality.${action}`))));
  return [h("label.line", label, t("label_files")), h("div.line", h("label.field", t("format"), format), h("label.field", t("bin_days"), days), h("label.field", t("quality"), quality))];
}
