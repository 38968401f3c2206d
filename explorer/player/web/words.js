// One text a step in a box of fixed height: always as text, never as markup.

export class Words {
  constructor(body) {
    this.text = document.createElement("pre")
    body.append(this.text)
    this.body = body
  }

  show(spec, index) {
    this.spec = spec
    return this.draw(index)
  }

  draw(index) {
    this.text.textContent = this.spec.texts[index]
    return true
  }

  resize() {}

  close() {}
}
