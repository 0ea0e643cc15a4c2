// Durations and dates as people read them.

export function seconds(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  if (value < 60) return `${value.toFixed(digits)} s`;
  const whole = Math.round(value);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const padded = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${padded}` : `${minutes}:${padded}`;
}

/** Which heading a moment belongs under, seen from `now`: "today", "yesterday", "week" or "YYYY-MM". */
export function period(moment, now = new Date()) {
  const then = new Date(moment);
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  const days = Math.floor((midnight - new Date(then.getFullYear(), then.getMonth(), then.getDate())) / 86_400_000);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  if (days < 7) return "week";
  return `${then.getFullYear()}-${String(then.getMonth() + 1).padStart(2, "0")}`;
}

/** A moment as one line in the language of the page. */
export const moment = (at, language) => new Date(at).toLocaleString(language, { dateStyle: "short", timeStyle: "medium" });

/** The day "2026-11-20" as people here live it: {since, until} in UTC. */
export function dayOf(date) {
  const [year, month, day] = date.split("-").map(Number);
  return { since: new Date(year, month - 1, day).toISOString(), until: new Date(year, month - 1, day + 1).toISOString() };
}
