// One text per step in a box of fixed height: always as text, never as markup.

export class Words {
  /** @param {HTMLElement} body */
  constructor(body) {
    this.text = document.createElement("pre")
    body.append(this.text)
    /** @type {string[]} */
    this.texts = []
  }

  /** @param {WordsSpec} spec @param {number} index */
  show(spec, index) {
    this.texts = spec.texts
    return this.draw(index)
  }

  /** @param {number} index */
  draw(index) {
    this.text.textContent = this.texts[index]
    return true
  }

  resize() {}

  close() {}
}
