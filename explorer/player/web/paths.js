// The address of what moves in a figure: "0.marker.size", "layout.shapes[0].x0".

// "0.marker.size" -> trace 0, "marker.size"; "layout.xaxis.range" -> no trace, "xaxis.range".
/** @param {string} path */
export function split(path) {
  const dot = path.indexOf(".")
  const owner = path.slice(0, dot)
  return { trace: owner === "layout" ? undefined : Number(owner), attribute: path.slice(dot + 1) }
}

// Sets "marker.size" or "shapes[0].x0" in a figure that may lack the way there.
/** @param {Attributes} target @param {string} attribute @param {unknown} value */
export function assign(target, attribute, value) {
  const names = attribute.split(/[.[\]]+/).filter((name) => name !== "")
  const last = names.length - 1
  let inner = target
  for (const [i, name] of names.slice(0, last).entries()) {
    inner[name] ??= /^\d+$/.test(names[i + 1]) ? [] : {}
    inner = inner[name]
  }
  inner[names[last]] = value
}
