// Parameters of the engine, drawn from its JSON Schema: every control shows its range, its default, and a way back.

import { fill, h } from "moksori/element.js";
import { changed, stepOf } from "moksori/logic/parameters.js";
import { named, t } from "moksori/words.js";

class ParamForm extends HTMLElement {
  show(schema, values = {}) {
    this.schema = schema?.properties ?? {};
    this.values = { ...values };
    fill(this, Object.entries(this.schema).map(([name, spec]) => this.control(name, spec)));
  }

  /** Only what differs from the defaults. */
  get value() {
    return changed(this.schema, this.values);
  }

  control(name, spec) {
    const title = named(`param.${name}`, spec.title ?? name);
    const value = this.values[name] ?? spec.default;
    const shown = h("output.number", String(value));
    const input = this.input(name, spec, value, (next) => {
      this.values[name] = next;
      shown.textContent = String(next);
      this.dispatchEvent(new CustomEvent("change"));
    });
    const hint = `${t("default")} ${spec.default}`;
    const back = h("button.plain.small", { title: hint, "aria-label": `${title}: ${hint}`, onclick: () => (delete this.values[name], this.show({ properties: this.schema }, this.values), this.dispatchEvent(new CustomEvent("change"))) }, "↺");
    return h("label.field", { title: `${name} · ${hint}` }, h("span.line.spread", h("span", title), h("span.line", shown, back)), input);
  }

  input(name, spec, value, set) {
    if (spec.enum) return h("select", { onchange: (event) => set(event.target.value) }, spec.enum.map((one) => h("option", { value: one, selected: one === value }, one)));
    if (spec.type === "boolean") return h("input", { type: "checkbox", checked: value, onchange: (event) => set(event.target.checked) });
    return h("input", { type: "range", min: spec.minimum, max: spec.maximum, step: stepOf(spec), value, "aria-label": named(`param.${name}`, spec.title ?? name), oninput: (event) => set(Number(event.target.value)) });
  }
}
customElements.define("param-form", ParamForm);
