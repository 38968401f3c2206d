"""Our GIFs, read by Pillow: the frames that were written, to the pixel."""

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright._impl._driver import compute_driver_executable

from explorer.player import assets

WEB = Path(assets.__file__).parent / "web"
DELAYS = (80, 250, 2000)
# Frames as RGBA on stdin, a GIF on stdout.
WRITE = """
import { readFileSync, writeFileSync } from "node:fs"
const { ENDING, frame, MOST_COLOURS, opening } = await import(process.argv[1] + "/gif.js")
const { Colours } = await import(process.argv[1] + "/palette.js")
const [width, height] = process.argv.slice(2, 4).map(Number)
const bytes = readFileSync(0)
const frames = []
for (let at = 0; at < bytes.length; at += 4 * width * height)
  frames.push(bytes.subarray(at, at + 4 * width * height))
const colours = new Colours()
for (const pixels of frames) colours.count(pixels)
const palette = colours.palette(MOST_COLOURS)
const parts = [opening({ width, height }, palette.colours)]
let before
for (const [n, pixels] of frames.entries()) {
  const numbers = palette.numbers(pixels)
  parts.push(frame(numbers, before, { width, height }, [8, 25, 200][n % 3]))
  before = numbers
}
writeFileSync(1, Buffer.concat([...parts, ENDING]))
"""


def written(frames: np.ndarray) -> bytes:
    """The GIF of frames (N, height, width, 3) uint8."""
    opaque = np.concatenate([frames, np.full_like(frames[..., :1], 255)], axis=-1)
    node, _ = compute_driver_executable()
    _, height, width, _ = frames.shape
    sizes = [str(width), str(height)]
    return subprocess.run(
        [node, "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--input-type=module",
         "--eval", WRITE, WEB.as_uri(), *sizes],
        input=opaque.tobytes(), capture_output=True, check=True,
    ).stdout  # fmt: skip


def coloured(numbers: np.ndarray) -> np.ndarray:
    """255 colours that a palette keeps exactly, by their numbers."""
    cells = np.random.default_rng(0).permutation(64**3)[:255]
    return np.stack([cells // 64**2, cells // 64 % 64, cells % 64], axis=-1)[numbers] * 4


def noise() -> np.ndarray:
    """Codes of every length, tables that become full, and a part that stays."""
    numbers = np.random.default_rng(1).integers(0, 255, (3, 150, 200))
    numbers[1, 20:40, 30:90] = numbers[0, 20:40, 30:90]
    return numbers


def rows() -> np.ndarray:
    """So many values change at once that a frame ends before, with and after a longer code."""
    rng = np.random.default_rng(2)
    frames = [np.zeros((1, 4000), int)]
    for length in (1, 2, *range(253, 258), *range(765, 770), *range(3836, 3842)):
        frames.append(frames[-1].copy())
        frames[-1][0, :length] += rng.integers(1, 255, length)
    return np.stack(frames) % 255


def flat() -> np.ndarray:
    """One colour, then another, then the same, then one pixel."""
    numbers = np.zeros((4, 300, 400), int)
    numbers[1:] = 9
    numbers[3, 7, 11] = 3
    return numbers


@pytest.mark.parametrize("drawn", [noise, rows, flat])
def test_pillow_reads_the_frames_that_were_written(drawn: Callable[[], np.ndarray]) -> None:
    frames = coloured(drawn()).astype(np.uint8)
    image = Image.open(io.BytesIO(written(frames)))
    assert getattr(image, "n_frames", 1) == len(frames)
    assert image.size == frames.shape[2:0:-1]
    assert image.info["loop"] == 0  # for ever
    for n, pixels in enumerate(frames):
        image.seek(n)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), pixels)
        assert image.info["duration"] == DELAYS[n % 3]


def test_what_does_not_change_takes_no_room() -> None:
    frames = coloured(np.repeat(noise()[:1], 20, axis=0)).astype(np.uint8)
    one, many = (len(written(part)) for part in (frames[:1], frames))
    assert many < one + 19 * 40
