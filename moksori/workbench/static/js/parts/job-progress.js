// How far a job is: bar, counts, time left, position, cancel and retry. Follows the live updates by itself.

import { get, live, post } from "moksori/api.js";
import { fill, h } from "moksori/element.js";
import { seconds } from "moksori/logic/time.js";
import { complain } from "moksori/parts/toast-line.js";
import { t } from "moksori/words.js";

class JobProgress extends HTMLElement {
  connectedCallback() {
    this.follow = ({ detail }) => detail.id === this.shown?.id && (this.job = detail);
    live.addEventListener("job", this.follow);
    // What happened between the answer that brought this job and now was told to nobody.
    if (["queued", "running"].includes(this.shown?.state)) get(`/api/jobs/${this.shown.id}`).then((job) => (this.job = job)).catch(complain);
  }

  disconnectedCallback() {
    live.removeEventListener("job", this.follow);
  }

  set job(job) {
    this.shown = job;
    const { counts, total } = job;
    const active = ["queued", "running"].includes(job.state);
    const words = [t(`state.${job.state}`), `${counts.done} / ${total}`, counts.failed ? t("failed_count", { count: counts.failed }) : "",
      active && job.position ? t("ahead", { count: job.position }) : "", active && job.eta_s !== null ? t("left", { time: seconds(job.eta_s, 0) }) : ""];
    const act = (name) => () => post(`/api/jobs/${job.id}/${name}`).then((fresh) => (this.job = fresh)).catch(complain);
    fill(this, h("progress", { max: Math.max(1, total), value: job.progress * total, "aria-label": job.title || t("progress") }),
      h("div.line.spread.small", h("span.muted.number", words.filter(Boolean).join(" · ")), h("span.line",
        active && h("button.plain", { onclick: act("cancel") }, t("cancel")), !active && counts.failed + counts.cancelled > 0 && h("button.plain", { onclick: act("retry") }, t("retry")))));
    this.dispatchEvent(new CustomEvent("change", { detail: job }));
  }
}
customElements.define("job-progress", JobProgress);

export const progressOf = (job) => Object.assign(document.createElement("job-progress"), { job });
