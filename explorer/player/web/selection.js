// What a lasso or a box holds is reported once and then cleared: Python draws what is selected.

// hear(rows): the numbers of the points held, ascending. Traces that do not answer the pointer do
// not count; a drag around nothing and a double click give an empty list.
/** @param {PlotlyDiv} div @param {(rows: number[]) => void} hear */
export function listenToSelections(div, hear) {
  div.on("plotly_selected", (event) => {
    if (!event?.selections.length) return // a click, or our own clearing
    const held = event.points.filter((point) => point.fullData.hoverinfo !== "skip")
    hear([...new Set(held.map((point) => Number(point.pointNumber)))].sort((a, b) => a - b))
  })
  div.on("plotly_deselect", () => hear([]))
  div.on("plotly_relayout", ({ selections }) => {
    if (selections?.length) clear(div)
  })
}

// Without its outline, and without dimmed points that the fast path would not know of.
/** @param {PlotlyDiv} div */
function clear(div) {
  const dimmed = (div.data ?? []).flatMap((trace, number) => (trace.selectedpoints ? [number] : []))
  window.Plotly.update(div, { selectedpoints: dimmed.map(() => null) }, { selections: [] }, dimmed)
}
