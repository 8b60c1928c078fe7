// The lists of models: which one answers next, and which other one beside it.

import { $ } from "./dom.js";

export class Models {
  constructor(select, other) {
    this.select = select;
    this.other = other;
    this.own = null; // the model of the conversation in view
    this.isChosen = false; // whether the user has chosen another one for what is sent next
    select.addEventListener("change", () => (this.isChosen = true));
    $("compare").addEventListener("click", () => {
      this.setComparing(this.other.hidden);
      if (!this.other.hidden) this.other.focus();
    });
    this.setComparing(false);
  }

  /** The first option is what the settings say. */
  start(model) {
    if (!this.select.options.length) this.select.add(new Option(model || "default", ""));
  }

  offer(names) {
    for (const name of names) {
      if (!this.find(name)) this.select.add(new Option(name, name));
      this.other.add(new Option(name, name));
    }
    this.show(this.own);
  }

  get names() {
    return [...this.select.options].map((option) => option.text);
  }

  /** Show the model of the conversation, null in a new one; what the user has chosen here stays. */
  show(model, { isOther = false } = {}) {
    this.own = model;
    if (model && !this.find(model)) this.select.add(new Option(model, model));
    if (isOther) this.isChosen = false;
    if (this.isChosen) return;
    this.select.value = model ? this.find(model).value : "";
  }

  find(name) {
    return [...this.select.options].find((option) => option.value === name || option.text === name);
  }

  /** The name of what answers next. */
  get chosen() {
    return this.select.selectedOptions[0]?.text;
  }

  /** Return what a request says of it: nothing where the conversation's own model, or that of the settings, answers. */
  takeRequest() {
    this.isChosen = false;
    const option = this.select.selectedOptions[0];
    if (!option || option.text === this.own || (!option.value && !this.own)) return {};
    return { model: option.value || option.text };
  }

  setComparing(isComparing) {
    this.other.hidden = !isComparing;
    $("compare").setAttribute("aria-pressed", String(isComparing));
  }

  /** Return what the next request says where two models are to answer it side by side; the one after it is plain. */
  takeComparison() {
    if (this.other.hidden || !this.other.value) return {};
    this.setComparing(false);
    return { models: [this.chosen, this.other.value] };
  }
}
