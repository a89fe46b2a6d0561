"""Scenes for made-up photos, with different layouts, textures and colours."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from ._brushes import (
    FloatArray,
    Shape,
    color_near,
    coverage,
    fractal,
    grid,
    paint,
    plane,
    profile,
    ramp,
    random_side,
    shade,
)

WHITE = np.array([0.97, 0.97, 0.96], dtype=np.float32)


def _sky(
    rng: Generator,
    shape: Shape,
    zenith: tuple[float, ...],
    haze: tuple[float, ...],
    cover: float = 0.0,
) -> FloatArray:
    """Draw a sky that pales toward the horizon, under clouds with lit tops."""
    rows, _ = grid(shape)
    sky = ramp(color_near(rng, zenith), color_near(rng, haze), (rows / 0.6) ** 0.8)
    sky = np.broadcast_to(sky, (*shape, 3))
    # Clouds are a plane overhead: the one below the horizon, upside down.
    thickness = plane(rng, shape, 0.35, 1.5, scale=14.0)[::-1] + cover - 0.6
    lit = np.clip(0.5 * thickness, -0.2, 0.4)[..., np.newaxis]
    return paint(sky, WHITE - 0.3 * lit, 0.85 * coverage(thickness, 2.2))


def draw_beach(rng: Generator, shape: Shape) -> FloatArray:
    """Draw sky, sea, foam and sand."""
    rows, cols = grid(shape)
    horizon, shore = rng.uniform(0.3, 0.45), rng.uniform(0.62, 0.8)
    image = _sky(rng, shape, (0.22, 0.5, 0.85), (0.75, 0.87, 0.95), rng.uniform(0, 1))
    waves = plane(rng, shape, horizon, slope=0.8, stretch=3.0)
    toward_shore = (rows - horizon) / (shore - horizon)
    deep, shallow = color_near(rng, (0.05, 0.3, 0.5)), color_near(rng, (0.3, 0.68, 0.7))
    sea = shade(ramp(deep, shallow, toward_shore), 1.0 + 0.16 * waves)
    image = paint(image, sea, coverage(rows - horizon, 0.012))
    tilt = rng.normal(0.0, 0.12) * (cols[0] - cols.mean())
    beyond = rows - shore - tilt - 0.02 * profile(rng, shape[1], 1.6)
    grains = plane(rng, shape, horizon - 0.1, slope=0.7)
    dryness = 0.65 + 0.35 * np.clip(beyond / 0.1, 0.0, 1.0)
    sand = shade(color_near(rng, (0.84, 0.74, 0.56)), dryness * (1.0 + 0.06 * grains))
    image = paint(image, sand, coverage(beyond, 0.01))
    froth = coverage(0.03 - np.abs(beyond + 0.01), 0.03) * coverage(waves + 1.0, 2.0)
    return paint(image, WHITE, froth)


def draw_forest(rng: Generator, shape: Shape) -> FloatArray:
    """Draw rows of trunks that sink into a bright mist, under leaves."""
    rows, cols = grid(shape)
    mist, leaf = color_near(rng, (0.8, 0.88, 0.72)), color_near(rng, (0.16, 0.32, 0.1))
    centre = rng.uniform(0.3, 0.7) * cols.max()
    glow = np.exp(-((cols - centre) ** 2 / 0.3 + (rows - 0.35) ** 2 / 0.2))
    image = ramp(leaf * 1.4, mist, 0.35 + 0.65 * glow)
    floor = ramp(mist * 0.7, color_near(rng, (0.27, 0.25, 0.1)), (rows - 0.55) / 0.35)
    litter = plane(rng, shape, 0.5, slope=0.5)
    floor = shade(floor, 1.0 + 0.3 * litter)
    image = paint(image, floor, coverage(rows - 0.6 + 0.02 * litter, 0.12))
    bark = fractal(rng, shape, slope=0.9, stretch=0.15)
    for nearness in (0.15, 0.4, 0.7, 1.0):
        image = _paint_trunks(rng, image, bark, mist, nearness)
        crown = fractal(rng, shape, slope=0.8) + 2.6 * (0.42 - rows) - 1.3 * glow
        green = shade(leaf, 0.9 + 0.35 * bark[::-1])
        foliage = ramp(mist, green, 0.3 + 0.6 * nearness)
        image = paint(image, foliage, 0.8 * coverage(crown - 0.9, 0.6))
    return image


def _paint_trunks(
    rng: Generator,
    image: FloatArray,
    bark: FloatArray,
    mist: FloatArray,
    nearness: float,
) -> FloatArray:
    """Paint one row of trunks: nearer ones are fewer, wider and darker."""
    rows, cols = grid(bark.shape)
    n_trunks = int(12 - 9 * nearness)
    middle = cols.max() * rng.random((n_trunks, 1, 1), dtype=np.float32)
    lean = 0.06 * rng.standard_normal((n_trunks, 1, 1), dtype=np.float32)
    half_width = 0.7 + 0.7 * rng.random((n_trunks, 1, 1), dtype=np.float32)
    half_width *= 0.006 + 0.035 * nearness
    across = (cols - middle - lean * (rows - 0.6)) / half_width
    nearest = np.take_along_axis(
        across, np.abs(across).argmin(axis=0)[np.newaxis], axis=0
    )[0]
    # Shaded as a cylinder lit from the left.
    light = 0.75 - 0.35 * nearest + 0.22 * bark
    wood = shade(color_near(rng, (0.3, 0.22, 0.15)), light)
    wood = ramp(mist, wood, 0.25 + 0.75 * nearness)
    foot = coverage(0.62 + 0.3 * nearness - rows, 0.04)
    return paint(image, wood, coverage(1.0 - np.abs(nearest), 0.4) * foot)


def draw_mountains(rng: Generator, shape: Shape) -> FloatArray:
    """Draw ranges that fade with distance, snow on the highest, firs in front."""
    rows, _ = grid(shape)
    haze = color_near(rng, (0.74, 0.82, 0.9))
    image = _sky(rng, shape, (0.25, 0.45, 0.75), tuple(haze), rng.uniform(-0.5, 0.7))
    rock, wood = color_near(rng, (0.4, 0.34, 0.3)), color_near(rng, (0.11, 0.22, 0.12))
    snow_line = rng.uniform(0.02, 0.2)
    for nearness in (0.35, 0.6, 0.8, 1.0):
        level = 0.08 + 0.62 * nearness + rng.uniform(-0.04, 0.04)
        height = 0.1 * (1.25 - nearness)
        top = level - height * profile(rng, shape[1], 1.1 + 0.5 * (1 - nearness))
        relief = fractal(rng, shape, slope=1.6)
        light = np.clip(1.0 + 1.5 * np.gradient(relief, axis=1), 0.4, 1.6)
        slope = ramp(rock, wood, 2.2 * nearness - 1.1)
        below = rows - top
        snow = coverage(
            snow_line + 0.05 * relief - below - 0.4 * (nearness - 0.35), 0.03
        )
        slope = shade(paint(slope, WHITE, snow), light)
        slope = ramp(haze, slope, 0.3 + 0.7 * nearness)
        image = paint(image, slope, coverage(below, 0.012))
    return image


def draw_night(rng: Generator, shape: Shape) -> FloatArray:
    """Draw a skyline of lit windows and its reflection in dark water."""
    rows, _ = grid(shape)
    horizon = rng.uniform(0.55, 0.72)
    dark, dusk = (
        color_near(rng, (0.03, 0.05, 0.18), 0.02),
        color_near(rng, (0.62, 0.34, 0.3)),
    )
    sky = ramp(dark, dusk, (rows / horizon) ** rng.uniform(1.5, 4.0))
    image = np.repeat(sky, shape[1], axis=1)
    bottom = int(horizon * shape[0])
    for nearness in (0.5, 1.0):
        _paint_towers(rng, image, bottom, nearness)
    ripple = 0.02 * plane(rng, shape, horizon, stretch=3.0) * shape[0]
    row_index = 2 * bottom - np.arange(shape[0])[:, np.newaxis] + 2.5 * ripple
    mirror = np.clip(row_index, 0, bottom - 1).astype(int)
    water = 0.7 * image[mirror, np.arange(shape[1])]
    water = ndimage.gaussian_filter1d(water, shape[0] / 40, axis=0)
    image = paint(image, water, coverage(rows - horizon, 0.01))
    lights = np.clip(image - 0.45, 0.0, None)
    bloom = ndimage.gaussian_filter(lights, (shape[0] / 40, shape[0] / 40, 0))
    return image + 1.5 * bloom


def _paint_towers(
    rng: Generator, image: FloatArray, bottom: int, nearness: float
) -> None:
    """Paint, in place, one row of towers whose windows are lit or dark."""
    n_rows, n_cols = image.shape[:2]
    pane = max(1, round(n_rows / 60 * nearness))
    window = np.pad(np.ones((pane, pane), dtype=np.float32), ((1, pane), (0, 1)))
    left = 0
    while left < n_cols:
        right = left + int(n_cols * rng.uniform(0.05, 0.13))
        top = bottom - int(bottom * rng.uniform(0.12, 0.95 - 0.45 * nearness))
        height, width = bottom - top, min(right, n_cols) - left
        n_lit = (height // window.shape[0] + 1, width // window.shape[1] + 1)
        lit = rng.random(n_lit) < rng.uniform(0.15, 0.6)
        glass = np.kron(lit * rng.uniform(0.5, 1.2, n_lit), window)[:height, :width]
        color = color_near(rng, (1.0, 0.8, 0.45), 0.12)
        wall = color_near(rng, (0.13, 0.13, 0.2), 0.03) * (1.9 - 1.1 * nearness)
        image[top:bottom, left : left + width] = wall + shade(color, glass)
        left = right


def draw_street(rng: Generator, shape: Shape) -> FloatArray:
    """Draw a street by day in one-point perspective, one side in the shade."""
    rows, cols = grid(shape)
    across = cols - cols.max() * rng.uniform(0.35, 0.65)
    down = rows - rng.uniform(0.45, 0.58)
    wall_depth = rng.uniform(0.32, 0.5) / (np.abs(across) + 1e-3)
    road_depth = np.where(down > 0, 0.16 / np.maximum(down, 1e-3), np.inf)
    image = _sky(rng, shape, (0.4, 0.6, 0.85), (0.8, 0.86, 0.92), rng.uniform(0, 2))
    house = (wall_depth / 0.7).astype(int) % 16 + 16 * (across > 0)
    height = -down * wall_depth
    light = np.where(across * random_side(rng) > 0, 1.05, 0.6)
    light = light * _facades(rng, wall_depth, height)
    paints = np.stack([color_near(rng, (0.74, 0.58, 0.42), 0.08) for _ in range(32)])
    roof = rng.uniform(0.28, 0.75, 32)[house]
    walls = shade(paints[house], light)
    walls = ramp(walls, color_near(rng, (0.76, 0.82, 0.9)), wall_depth / 14.0)
    image = paint(image, walls, coverage(roof - height, 0.03))
    asphalt = _road(rng, across, road_depth)
    return paint(image, asphalt, coverage(wall_depth - road_depth, 0.03))


def _facades(rng: Generator, depth: FloatArray, height: FloatArray) -> FloatArray:
    """Return the brightness of walls with windows, 0-1, darker in the glass."""
    along = np.abs((depth / 0.175) % 1.0 - 0.5)
    up = np.abs((height / rng.uniform(0.1, 0.14)) % 1.0 - 0.5)
    softness = 0.06 * np.maximum(depth, 1.0)
    glass = coverage(0.26 - along, softness) * coverage(0.3 - up, softness)
    stains = fractal(rng, (height.shape[0], height.shape[1]), slope=1.1)
    return 0.95 - 0.55 * glass + 0.05 * stains


def _road(rng: Generator, across: FloatArray, depth: FloatArray) -> FloatArray:
    """Draw asphalt, a dashed line in its middle and paler pavements."""
    depth = np.minimum(depth, 16.0)
    aside = np.abs(across * depth)
    grain = fractal(rng, (aside.shape[0], aside.shape[1]), slope=0.5)
    tone = 0.36 + 0.03 * grain + 0.18 * coverage(aside - 0.27, 0.02)
    dash = coverage(0.012 - aside, 0.01) * ((depth % 1.0) < 0.5)
    tone = tone + 0.45 * dash * (aside < 0.2)
    return shade(color_near(rng, (1.0, 0.98, 0.95), 0.03), tone)


def draw_table(rng: Generator, shape: Shape) -> FloatArray:
    """Draw a wooden table by a window, with a plate of food and a cup."""
    rows, cols = grid(shape)
    edge = rng.uniform(0.28, 0.42)
    wall = np.broadcast_to(color_near(rng, (0.5, 0.44, 0.38)), (*shape, 3))
    pane = np.abs(cols - rng.uniform(0.1, 0.9) * cols.max())
    daylight = coverage(0.2 - pane, 0.12) * coverage(edge - 0.1 - rows, 0.12)
    image = paint(wall, color_near(rng, (0.95, 0.95, 0.9)), daylight)
    fibre = plane(rng, shape, edge - 0.3, slope=1.0, stretch=0.12)
    shine = np.exp(-((pane / 0.35) ** 2)) * (1.2 - rows)
    light = 0.75 + 0.14 * fibre + 0.5 * shine
    wood = shade(color_near(rng, (0.5, 0.32, 0.18)), light)
    image = paint(image, wood, coverage(rows - edge, 0.02))
    row, col = rng.uniform(0.62, 0.75), rng.uniform(0.3, 0.7) * cols.max()
    image = _paint_plate(rng, image, row, col)
    side = col + random_side(rng) * rng.uniform(0.38, 0.48)
    return _paint_cup(rng, image, row - rng.uniform(0.05, 0.15), side)


def _ellipse(
    shape: Shape, row: float, col: float, radius: float, squash: float
) -> FloatArray:
    """Return the distance inside an ellipse, 1 at its middle and 0 on its edge."""
    rows, cols = grid(shape)
    return 1.0 - np.hypot((cols - col) / radius, (rows - row) / (radius * squash))


def _paint_plate(
    rng: Generator, image: FloatArray, row: float, col: float
) -> FloatArray:
    """Paint a plate of food and its shadow."""
    shape = (image.shape[0], image.shape[1])
    radius, squash = rng.uniform(0.24, 0.34), rng.uniform(0.5, 0.65)
    shadow = _ellipse(shape, row + 0.03, col + 0.02, 1.08 * radius, squash)
    image = shade(image, 1.0 - 0.55 * coverage(shadow, 0.25))
    inside = _ellipse(shape, row, col, radius, squash)
    rim = 0.9 - 0.12 * coverage(0.07 - np.abs(inside - 0.25), 0.08)
    image = paint(image, shade(WHITE, rim), coverage(inside, 0.04))
    bites = fractal(rng, shape, slope=1.1)
    sauce, greens = (
        color_near(rng, (0.7, 0.3, 0.12), 0.1),
        color_near(rng, (0.45, 0.5, 0.15)),
    )
    food = ramp(sauce, greens, coverage(bites, 0.5))
    food = shade(food, 1.0 + 1.2 * np.gradient(bites, axis=0))
    return paint(image, food, coverage(inside - 0.45 + 0.06 * bites, 0.08))


def _paint_cup(rng: Generator, image: FloatArray, row: float, col: float) -> FloatArray:
    """Paint a cup of coffee seen from above one side, and its shadow."""
    shape = (image.shape[0], image.shape[1])
    rows, cols = grid(shape)
    radius, tall = rng.uniform(0.09, 0.12), rng.uniform(0.13, 0.17)
    shadow = _ellipse(shape, row + tall, col + 0.03, 1.4 * radius, 0.5)
    image = shade(image, 1.0 - 0.5 * coverage(shadow, 0.4))
    across = (cols - col) / radius
    body = np.minimum(1.0 - np.abs(across), (rows - row) / radius)
    foot = _ellipse(shape, row + tall, col, radius, 0.45)
    body = np.maximum(np.minimum(body, (row + tall - rows) / radius), foot)
    glaze = shade(color_near(rng, (0.8, 0.8, 0.8), 0.12), 0.85 - 0.25 * across)
    image = paint(image, glaze, coverage(body, 0.12))
    mouth = _ellipse(shape, row, col, radius, 0.45)
    image = paint(image, color_near(rng, (0.9, 0.88, 0.85)), coverage(mouth, 0.12))
    coffee = color_near(rng, (0.2, 0.1, 0.05), 0.02)
    return paint(image, coffee, coverage(mouth - 0.15, 0.12))


def draw_meadow(rng: Generator, shape: Shape) -> FloatArray:
    """Draw grass dotted with blossoms under hills and summer clouds."""
    rows, _ = grid(shape)
    horizon = rng.uniform(0.35, 0.55)
    image = _sky(rng, shape, (0.3, 0.55, 0.9), (0.8, 0.9, 0.96), rng.uniform(0.3, 1.3))
    hills = horizon - 0.06 - 0.03 * profile(rng, shape[1], 1.8)
    image = paint(
        image, color_near(rng, (0.35, 0.48, 0.42)), coverage(rows - hills, 0.015)
    )
    blades = fractal(rng, shape, slope=0.6, stretch=0.35)
    swell = plane(rng, shape, horizon, slope=1.4, stretch=0.5)
    far, near = color_near(rng, (0.55, 0.68, 0.25)), color_near(rng, (0.25, 0.42, 0.1))
    nearness = (rows - horizon) / (1.0 - horizon)
    light = 1.0 + 0.18 * blades * np.clip(nearness + 0.2, 0.0, 1.0) + 0.12 * swell
    grass = shade(ramp(far, near, nearness), light)
    ground = coverage(rows - horizon + 0.006 * blades, 0.015)
    image = paint(image, grass, ground)
    for color in ((0.95, 0.85, 0.2), (0.9, 0.25, 0.3)):
        dots = plane(rng, shape, horizon, slope=0.25) - rng.uniform(1.2, 1.7)
        image = paint(image, color_near(rng, color, 0.1), ground * coverage(dots, 0.3))
    return image


def draw_desert(rng: Generator, shape: Shape) -> FloatArray:
    """Draw dunes with a lit and a shaded side, and ripples in the sand."""
    rows, cols = grid(shape)
    haze = color_near(rng, (0.92, 0.84, 0.72))
    image = _sky(rng, shape, (0.35, 0.52, 0.75), tuple(haze), -1.5)
    sand, dusk = color_near(rng, (0.88, 0.66, 0.4)), color_near(rng, (0.5, 0.32, 0.22))
    sun = random_side(rng)
    for nearness in (0.3, 0.6, 1.0):
        level = 0.3 + 0.35 * nearness + rng.uniform(-0.05, 0.05)
        crest = level - 0.06 * profile(rng, shape[1], 2.6)
        below = rows - crest
        # The slip face leans away from its crest, on the side without sun.
        lean = np.arange(shape[1]) + sun * 0.8 * shape[0] * np.maximum(below, 0.0)
        fall = np.gradient(crest)[np.clip(lean, 0, shape[1] - 1).astype(int)]
        facing = 1.5 * sun * shape[1] * fall + 1.2 * below + 0.3
        dune = ramp(dusk, sand, coverage(facing, 0.5))
        warp = 0.6 * fractal(rng, shape, 1.7)
        # Clipped to avoid dividing by 0 far above the crest, where nothing is painted.
        depth = np.maximum(below, -0.1) + 0.15
        phase = 3.0 / depth * nearness + 3.0 * sun * cols + 2.0 * warp
        ripple = (
            0.06 * nearness * np.sin(2 * np.pi * phase) * coverage(below - 0.06, 0.1)
        )
        dune = shade(dune, 1.0 + ripple + 0.02 * warp)
        dune = ramp(haze, dune, 0.4 + 0.6 * nearness)
        image = paint(image, dune, coverage(below, 0.012))
    return image


SCENES: dict[str, Callable[[Generator, Shape], FloatArray]] = {
    "beach": draw_beach,
    "street": draw_street,
    "forest": draw_forest,
    "night": draw_night,
    "table": draw_table,
    "meadow": draw_meadow,
    "mountains": draw_mountains,
    "desert": draw_desert,
}
