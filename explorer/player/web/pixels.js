// A drawn picture as pixels, and what records them.

import { given } from "./dom.js"

export const WEBM = "video/webm;codecs=vp9" // VP8 leaves out frames that it has no bits for
const SHARPEST = 2 // pixels of a PNG for one of the page, at least

/** @typedef {{ text: BlobPart, width: number, height: number }} Drawn its SVG, in pixels of the page */

/** @param {Drawn} picture */
export async function decoded({ text, width, height }) {
  const image = new Image(width, height)
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }))
  await image.decode().finally(() => URL.revokeObjectURL(image.src))
  return image
}

/** @param {Drawn} picture @returns {Promise<Blob>} */
export async function png(picture) {
  const scale = Math.max(window.devicePixelRatio, SHARPEST)
  const image = await decoded(picture)
  const canvas = document.createElement("canvas")
  canvas.width = Math.round(picture.width * scale)
  canvas.height = Math.round(picture.height * scale)
  given(canvas.getContext("2d")).drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => {
    const done = (/** @type {Blob | null} */ blob) => {
      if (blob) resolve(blob)
      else reject(new Error("the picture is too large for this browser"))
    }
    canvas.toBlob(done)
  })
}

// Whether this browser makes a WebM of frames that it is given one by one.
export function recordsFrames() {
  const isKnown = "MediaRecorder" in window && "CanvasCaptureMediaStreamTrack" in window
  return isKnown && MediaRecorder.isTypeSupported(WEBM)
}
