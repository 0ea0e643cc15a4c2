// The one player of the page. Finished takes are files that can be sought; a take that is being made plays as it comes.

import { get } from "moksori/api.js";
import { loudness, matchedGains } from "moksori/logic/listen.js";

export const player = new EventTarget();
const audio = new Audio();
audio.preload = "auto";
const state = { take: null, item: null, tail: false, live: null };

export const now = () => ({
  take: state.take,
  item: state.item,
  time: state.live ? state.live.time() : audio.currentTime,
  playing: state.live ? true : !audio.paused,
});

const tell = () => player.dispatchEvent(new CustomEvent("change", { detail: now() }));
for (const kind of ["play", "pause", "ended", "seeked", "loadedmetadata"]) audio.addEventListener(kind, tell);
(function follow() {
  if (now().playing) player.dispatchEvent(new CustomEvent("time", { detail: now() }));
  requestAnimationFrame(follow);
})();

let gains = new Map();

/** From now on these takes sound equally loud, wherever they are played from; all others as they are. */
export function match(takes) {
  const found = matchedGains(takes.map(loudness));
  gains = new Map(takes.map((take, index) => [take.id, found[index]]));
}

/** Play a finished take, from `at` seconds (default: its start). */
export async function play(take, { at = 0 } = {}) {
  stopLive();
  if (state.take?.id !== take.id) load(take);
  audio.volume = gains.get(take.id) ?? 1;
  audio.currentTime = at;
  await audio.play().catch((error) => {
    if (error.name !== "AbortError" && error.name !== "NotAllowedError") throw error;
  });
  tell();
}

function load(take) {
  audio.src = `/api/takes/${take.id}/audio?format=wav`;
  Object.assign(state, { take, item: null });
}

/** What is heard while it is made has become a take: once its sound is over, the take is what the player holds. */
export function finished(item) {
  if (state.live && state.item?.id === item.id) state.live.take = item.take;
}

export function toggle(take = state.take) {
  if (state.live) {
    const same = !take || state.live.take?.id === take.id;
    stopLive();
    if (same) return;
  }
  if (!take) return;
  if (state.take?.id === take.id && !audio.paused) audio.pause();
  else if (state.take?.id === take.id && audio.currentTime < audio.duration) audio.play();
  else play(take);
}

export function seek(to, take = state.take) {
  if (!take) return;
  if (state.take?.id === take.id) audio.currentTime = Math.max(0, Math.min(to, take.seconds));
  else play(take, { at: to });
}

/** The last 600 ms, where endings are judged. */
export const tail = (take = state.take) => take && play(take, { at: Math.max(0, take.seconds - 0.6) });

/** Swap to another take without moving the play head: A/B. */
export const swap = (take) => play(take, { at: Math.min(audio.currentTime, Math.max(0, take.seconds - 0.05)) });

/** Play an item while it is made. Resolves when its sound has all arrived; the first sound is reported with `onFirst(s)`. */
export async function playLive(item, { onFirst } = {}) {
  stopLive();
  audio.pause();
  const started = performance.now();
  const abort = new AbortController();
  const context = new AudioContext();
  const live = { abort, context, begun: null, at: 0, time: () => (live.begun === null ? 0 : Math.max(0, context.currentTime - live.begun)) };
  Object.assign(state, { live, item, take: null });
  tell();
  try {
    const response = await fetch(`/api/items/${item.id}/stream`, { signal: abort.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const rate = Number(response.headers.get("X-Sample-Rate"));
    for await (const pcm of samples(response.body)) {
      if (live.begun === null) {
        live.begun = live.at = context.currentTime + 0.05;
        onFirst?.((performance.now() - started) / 1000);
      }
      live.at = schedule(context, pcm, rate, Math.max(live.at, context.currentTime));
    }
    if (live.begun !== null) setTimeout(() => state.live === live && stopLive(), Math.max(0, live.at - context.currentTime) * 1000 + 100);
  } catch (error) {
    if (state.live === live) stopLive();
    if (error.name !== "AbortError") throw error;
  }
}

function schedule(context, pcm, rate, at) {
  const buffer = context.createBuffer(1, pcm.length, rate);
  const channel = buffer.getChannelData(0);
  for (let index = 0; index < pcm.length; index += 1) channel[index] = pcm[index] / 32768;
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  source.start(at);
  return at + buffer.duration;
}

/** int16 samples from a byte stream whose pieces may end between the two bytes of one. */
export async function* samples(body) {
  let rest = new Uint8Array(0);
  const reader = body.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const bytes = new Uint8Array(rest.length + value.length);
    bytes.set(rest);
    bytes.set(value, rest.length);
    const even = bytes.length - (bytes.length % 2);
    rest = bytes.slice(even);
    if (even) yield new Int16Array(bytes.buffer.slice(0, even));
  }
}

function stopLive() {
  if (!state.live) return;
  const { abort, context, take } = state.live;
  abort.abort();
  context.close();
  Object.assign(state, { live: null, item: null });
  if (take) load(take);
  tell();
}

const peaks = new Map();

/** Peaks of a take, asked for once: {min, max, seconds}. */
export function peaksOf(take, { from, to, bins = 400 } = {}) {
  const key = `${take.id}:${from ?? ""}:${to ?? ""}:${bins}`;
  if (!peaks.has(key)) {
    if (peaks.size > 500) peaks.clear();
    const range = from === undefined ? "" : `&from=${from.toFixed(3)}&to=${to.toFixed(3)}`;
    peaks.set(key, get(`/api/takes/${take.id}/peaks?bins=${bins}${range}`).catch((error) => (peaks.delete(key), Promise.reject(error))));
  }
  return peaks.get(key);
}
