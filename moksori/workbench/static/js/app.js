// The page: rail, top line, one page at a time, the player that stays. Pages are modules with `show(main, query)`.

import { get, listen, live, post, session, signIn } from "moksori/api.js";
import { fill, h, icon } from "moksori/element.js";
import { keep, kept } from "moksori/kept.js";
import { alwaysKeys, listenToKeys, pageKeys, showKeys } from "moksori/keys.js";
import { seconds } from "moksori/logic/time.js";
import { finished, match, now, player, seek, tail, toggle } from "moksori/player.js";
import { complain } from "moksori/parts/toast-line.js";
import { selectedRow, step } from "moksori/parts/take-row.js";
import "moksori/parts/wave-form.js";
import { language, t } from "moksori/words.js";

const PAGES = ["speak", "batch", "tuning", "history", "presets", "voices", "dictionary", "models", "system"];
const main = document.querySelector("main");
let leave = null;

async function show() {
  const [, name = "speak", search = ""] = /^#\/(\w+)(?:\?(.*))?$/.exec(location.hash) ?? [];
  const page = PAGES.includes(name) ? name : "speak";
  leave?.();
  leave = null;
  pageKeys({});
  match([]);
  document.title = `${t(`page.${page}`)} · moksori`;
  for (const link of document.querySelectorAll(".rail a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  // Each page has a place of its own: one that is still loading when the user moves on writes where nobody looks.
  const place = h("div", h("h1", t(`page.${page}`)));
  fill(main, place);
  scrollTo({ top: 0 });
  try {
    const module = await import(`moksori/pages/${page}.js`);
    if (!place.isConnected) return;
    const left = await module.show(place, new URLSearchParams(search));
    if (place.isConnected) leave = left ?? null;
    else left?.();
  } catch (error) {
    if (place.isConnected) complain(error);
  }
}

function rail() {
  const links = PAGES.map((page) => h("a", { href: `#/${page}`, "data-page": page, title: t(`page.${page}`) }, icon(page), h("span.word", t(`page.${page}`))));
  const other = () => (document.documentElement.dataset.rail === "narrow" ? "wide" : "narrow");
  const narrower = h("button.plain.narrower", { "aria-label": t("narrower"), title: t("narrower"), onclick: () => railWidth(other()) }, icon("narrow"));
  fill(document.querySelector(".rail"), h("div.brand", "목소리 moksori"), links, h("div.spring"), narrower);
}

function railWidth(width) {
  document.documentElement.dataset.rail = width;
  keep("rail", width);
}

function topLine() {
  const model = h("a.chip", { href: "#/models" }, "…");
  const queue = h("a.chip.number", { href: "#/system", hidden: true });
  const stop = h("button.plain", { hidden: true, "aria-label": t("cancel_running"), title: t("cancel_running"), onclick: () => cancelRunning().catch(complain) }, icon("close"));
  const offline = h("span.chip.bad", { hidden: true }, t("offline"));
  const theme = h("button.plain", { "aria-label": t("theme"), title: t("theme"), onclick: () => wear(document.documentElement.dataset.theme === "dark" ? "light" : "dark") }, icon("theme"));
  const other = language() === "ko" ? "en" : "ko";
  const tongue = h("button.plain", { lang: other, onclick: () => (keep("language", other), location.reload()) }, other === "en" ? "English" : "한국어");
  const help = h("button.plain", { onclick: showKeys, "aria-label": t("keys"), title: `${t("keys")} (?)` }, "?");
  fill(document.querySelector(".top"), model, queue, stop, offline, h("span.spring"), theme, tongue, help);

  let waiting = false; // this page was drawn before there was a model
  const named = async () => {
    const models = await get("/api/models");
    model.textContent = modelName(models);
    if (waiting && models.loaded) show();
    waiting = !models.loaded;
  };
  const queued = ({ waiting, running, eta_s: left }) => {
    queue.hidden = stop.hidden = !waiting && !running;
    queue.textContent = t("queue_chip", { count: waiting + (running ? 1 : 0), time: left === null ? "…" : seconds(left, 0) });
  };
  live.addEventListener("item", ({ detail }) => detail.take && finished(detail));
  live.addEventListener("hello", ({ detail }) => queued(detail.queue));
  live.addEventListener("queue", ({ detail }) => queued(detail));
  live.addEventListener("model", () => named().catch(complain));
  live.addEventListener("resync", () => show());
  live.addEventListener("offline", () => (offline.hidden = false));
  live.addEventListener("online", () => (offline.hidden = true));
  named().catch(complain);
}

async function cancelRunning() {
  const { items } = await get("/api/jobs?state=active&limit=20");
  const job = items.find((one) => one.state === "running" && one.kind !== "download") ?? items[0];
  if (job) await post(`/api/jobs/${job.id}/cancel`);
}

function modelName({ loaded, device, state }) {
  if (!loaded) return t(state === "none" ? "no_model" : `model.${state}`);
  const where = [device && device !== "auto" ? device : loaded.device_class, loaded.precision === "none" ? "" : loaded.precision].filter(Boolean).join(" ");
  return [loaded.checkpoint?.name ?? loaded.title, where].filter(Boolean).join(" · ");
}

function wear(theme) {
  document.documentElement.dataset.theme = theme;
  keep("theme", theme);
}

function bottomPlayer() {
  const bar = document.querySelector(".player");
  const button = h("button.plain", { onclick: () => toggle(), "aria-label": t("play") }, icon("play"));
  const wave = document.createElement("wave-form");
  const what = h("div.what.small");
  const clock = h("span.number.small");
  fill(bar, button, what, wave, clock, h("button.plain.small", { onclick: () => tail(), title: t("tail_hint") }, t("tail")));
  bar.setAttribute("aria-label", t("player"));
  let shown = null;
  const draw = ({ detail: { take, item, time, playing } }) => {
    bar.hidden = !take && !item;
    button.replaceChildren(icon(playing ? "pause" : "play"));
    clock.textContent = take ? `${seconds(time)} / ${seconds(take.seconds)}` : seconds(time);
    if (shown === (take ?? item)) return;
    shown = take ?? item;
    what.textContent = shown?.spoken ?? shown?.text ?? "";
    wave.take = take;
    wave.style.visibility = take ? "visible" : "hidden";
  };
  player.addEventListener("change", draw);
  player.addEventListener("time", draw);
}

function keysOfEveryPage() {
  const head = (by) => () => seek(now().time + by);
  alwaysKeys({
    Space: { run: () => toggle(now().take ?? selectedRow()?.take), words: t("key.play") },
    J: { run: () => step(1), words: t("key.next") },
    K: { run: () => step(-1), words: t("key.previous") },
    ArrowLeft: { run: head(-1), words: t("key.back") },
    ArrowRight: { run: head(1), words: t("key.forward") },
    "Shift+ArrowRight": { run: () => tail(now().take ?? selectedRow()?.take), words: t("key.tail") },
    S: { run: () => selectedRow()?.take && selectedRow().star(), words: t("key.star") },
    P: { run: () => selectedRow()?.take && selectedRow().makePreset(), words: t("key.preset") },
    "/": { run: () => (document.querySelector('input[type="search"]') ?? { focus: () => (location.hash = "#/history") }).focus(), words: t("key.search") },
    "?": { run: showKeys, words: t("key.list") },
  });
}

async function askForPassword() {
  const box = h("input", { type: "password", autocomplete: "current-password", required: true });
  const wrong = h("p.bad.small", { role: "alert" });
  await new Promise((resolve) => {
    const enter = async (event) => {
      event.preventDefault();
      const answer = await signIn(box.value).catch((error) => ((wrong.textContent = error.message), null));
      if (answer?.signed_in) resolve();
    };
    fill(main, h("form.card.stack.column", { onsubmit: enter }, h("h1", "moksori"), h("label.field", t("password"), box), wrong, h("button.main", t("sign_in"))));
    box.focus();
  });
}

async function start() {
  document.documentElement.lang = language();
  railWidth(kept("rail", "wide"));
  wear(kept("theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  document.querySelector(".skip").textContent = t("skip");
  rail();
  const { required, signed_in: signedIn } = await session();
  if (required && !signedIn) await askForPassword();
  topLine();
  bottomPlayer();
  keysOfEveryPage();
  listenToKeys();
  listen();
  addEventListener("hashchange", show);
  await show();
}

start().catch(complain);
