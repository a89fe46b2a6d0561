"""Plain implementations that the benchmarks compare with.

They are NumPy code that follows the papers and the first paper's toolbox line by line,
or the function of a well-known package.
"""

import cv2
import numpy as np
from PIL import Image
from scipy.stats import skew
from skimage.color import rgb2hsv
from skimage.feature import local_binary_pattern


def plain_lbp_pyramid(image):
    """LBP of scikit-image, counted over 1, 2 x 2 and 4 x 4 regions."""
    grey = np.rint(image.mean(axis=2)).astype(np.uint8)
    patterns = local_binary_pattern(grey, 8, 1, method="nri_uniform").astype(int)
    pyramid = []
    for n_cells, weight in ((1, 1), (2, 4), (4, 32)):
        rows = np.array_split(patterns, n_cells)
        cells = [c for row in rows for c in np.array_split(row, n_cells, axis=1)]
        counts = np.array([np.bincount(c.ravel(), minlength=59) for c in cells])
        pyramid.append(weight * counts / counts.sum())
    return np.concatenate(pyramid, axis=None)


def plain_gabor_bank(size):
    """The transfer functions of the filters, which both sides compute once."""
    bank = []
    fx, fy = np.meshgrid(
        np.arange(-size // 2, size // 2), np.arange(-size // 2, size // 2)
    )
    radius = np.fft.fftshift(np.hypot(fx, fy))
    angle = np.fft.fftshift(np.arctan2(fy, fx))
    for scale in range(4):
        for orientation in range(8):
            turned = angle + np.pi * orientation / 8
            turned = np.where(turned > np.pi, turned - 2 * np.pi, turned)
            relative = radius / size / (0.3 / 1.85**scale) - 1
            bank.append(np.exp(-3.5 * relative**2 - 2 * np.pi * turned**2))
    return bank


def plain_gist(image, bank):
    """GIST in NumPy, line by line as in the toolbox, in double precision."""
    size = 256
    scale = size / min(image.shape[:2])
    grey = Image.fromarray(image.mean(axis=2).astype(np.float32))
    width, height = (round(side * scale) for side in grey.size)
    grey = np.asarray(grey.resize((width, height), Image.Resampling.BILINEAR), float)
    top, left = (grey.shape[0] - size) // 2, (grey.shape[1] - size) // 2
    grey = grey[top : top + size, left : left + size]
    grey = 255 * (grey - grey.min()) / (grey.max() - grey.min())
    log = np.pad(np.log(grey + 1), 5, mode="symmetric")
    f = np.fft.fftfreq(len(log), 1 / len(log))
    low_pass = np.exp(-(f[:, None] ** 2 + f**2) * np.log(2) / 16)
    detail = log - np.fft.ifft2(np.fft.fft2(log) * low_pass).real
    contrast = np.sqrt(np.abs(np.fft.ifft2(np.fft.fft2(detail**2) * low_pass)))
    whitened = (detail / (0.2 + contrast))[5:-5, 5:-5]
    spectrum = np.fft.fft2(np.pad(whitened, 32, mode="symmetric"))
    blocks = []
    for gain in bank:
        energy = np.abs(np.fft.ifft2(spectrum * gain))[32:-32, 32:-32]
        blocks.append(energy.reshape(4, 64, 4, 64).mean(axis=(1, 3)).T.ravel())
    return np.concatenate(blocks)


def plain_statistics(image):
    """Statistics from HSV of scikit-image and moments of SciPy."""
    grey = image.mean(axis=2) / 255
    moments = [grey.mean(), grey.var(), skew(grey, axis=None)]
    return np.concatenate([rgb2hsv(image).mean(axis=(0, 1)), moments])


def plain_index(image, table):
    """Colour indices from the lookup table, as in the toolbox."""
    red, green, blue = (np.floor(image[..., i].astype(float) / 8) for i in range(3))
    return table[(red + 32 * green + 1024 * blue).astype(int)]


def plain_histogram(image, table):
    index = plain_index(image, table)
    return np.histogram(index, bins=np.arange(51))[0] / index.size


def opencv_decode(encoded):
    """OpenCV's decoder, to RGB."""
    pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)


def plain_color_patches(index, *, sizes=(6, 10, 16), spacing=6):
    """Shares of 50 colours, patch by patch."""
    values, positions = [], []
    height, width = index.shape
    for size in sizes:
        for left in range((width - size) % spacing // 2, width - size + 1, spacing):
            for top in range(
                (height - size) % spacing // 2, height - size + 1, spacing
            ):
                patch = index[top : top + size, left : left + size]
                values.append(np.bincount(patch.ravel(), minlength=50) / size**2)
                positions.append((top + size / 2, left + size / 2))
    return np.array(values), np.array(positions)


def plain_hog_map(image):
    """31 HOG features for the cell around each pixel, in double precision."""
    pixels = image.astype(float)
    dx = pixels[1:-1, 2:] - pixels[1:-1, :-2]
    dy = pixels[2:, 1:-1] - pixels[:-2, 1:-1]
    channel = (dx**2 + dy**2).argmax(axis=2)[..., np.newaxis]
    dx, dy = (np.take_along_axis(a, channel, axis=2)[..., 0] for a in (dx, dy))
    magnitude = np.sqrt(dx**2 + dy**2)
    u = (1, 0.9397, 0.766, 0.5, 0.1736, -0.1736, -0.5, -0.766, -0.9397)
    v = (0, 0.342, 0.6428, 0.866, 0.9848, 0.9848, 0.866, 0.6428, 0.342)
    best, bins = np.zeros(dx.shape), np.zeros(dx.shape, dtype=int)
    for axis in range(9):
        projection = u[axis] * dx + v[axis] * dy
        for sign in (1, -1):
            better = sign * projection > best
            best[better] = sign * projection[better]
            bins[better] = axis + 9 * (sign < 0)
    planes = np.zeros((18, *image.shape[:2]))
    for axis in range(18):
        planes[axis, 1:-1, 1:-1] = magnitude * (bins == axis)
    return _plain_cells(planes, 8)


def _plain_cells(planes, s):
    height, width = planes.shape[1] - 2 * s, planes.shape[2] - 2 * s
    histogram = np.zeros((18, height, width))
    for i in range(1 - s, s):
        for j in range(1 - s, s):
            weight = (s - abs(i)) * (s - abs(j)) / s**2
            histogram += weight * planes[:, s + i :, s + j :][:, :height, :width]
    unsigned = histogram[:9] + histogram[9:]
    energy = (unsigned**2).sum(axis=0)
    inner = slice(s, -s)
    features = np.zeros((31, height - 2 * s, width - 2 * s))
    for k, (down, across) in enumerate(((s, s), (-s, s), (s, -s), (-s, -s))):
        block = sum(
            energy[s + i : height - s + i, s + j : width - s + j]
            for i in (0, down)
            for j in (0, across)
        )
        scale = 1 / np.sqrt(block + 1e-4)
        signed = np.minimum(histogram[:, inner, inner] * scale, 0.2)
        features[:18] += 0.5 * signed
        features[18:27] += 0.5 * np.minimum(unsigned[:, inner, inner] * scale, 0.2)
        features[27 + k] = 0.2357 * signed.sum(axis=0)
    return features.transpose(1, 2, 0)


def plain_hog_blocks(image, n_cells, spacing):
    """HOG of blocks of 2 x 2 or 3 x 3 cells around the points of a grid."""
    pad = {2: 20, 3: 24}[n_cells]
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    cells = plain_hog_map(padded)
    values, positions = [], []
    for col in range(0, image.shape[1], spacing):
        for row in range(0, image.shape[0], spacing):
            parts = [
                cells[row + 8 * i, col + 8 * j]
                for j in range(n_cells)
                for i in range(n_cells)
            ]
            values.append(np.concatenate(parts))
            positions.append((row + 0.5, col + 0.5))
    return np.array(values), np.array(positions)


def plain_llc_pool(values, positions, dictionary, size, *, n_neighbors=3):
    """LLC of each descriptor; maxima of the weights in 21 regions, with unit length."""
    distances = (values**2).sum(axis=1)[:, np.newaxis] + (dictionary**2).sum(axis=1)
    distances -= 2 * values @ dictionary.T
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :n_neighbors]
    codes = np.zeros((len(values), len(dictionary)))
    for i, words in enumerate(nearest):
        difference = dictionary[words] - values[i]
        system = difference @ difference.T
        system += 0.03 * np.trace(system) * np.eye(n_neighbors)
        weights = np.linalg.solve(system, np.ones(n_neighbors))
        codes[i, words] = weights / weights.sum()
    cells = np.floor(positions * 4 / np.asarray(size)).astype(int)
    finest = np.zeros((4, 4, len(dictionary)))
    for i in range(4):
        for j in range(4):
            inside = (cells == (i, j)).all(axis=1)
            if inside.any():
                finest[i, j] = codes[inside].max(axis=0)
    middle = finest.reshape(2, 2, 2, 2, -1).max(axis=(1, 3))
    levels = [middle.max(axis=(0, 1)), middle, finest]
    vector = np.concatenate([level.ravel() for level in levels])
    return vector / np.linalg.norm(vector)


def plain_color_names_llc(image, table, words):
    values, positions = plain_color_patches(plain_index(image, table))
    return plain_llc_pool(values, positions, words, image.shape[:2])


def plain_hog_llc(image, dictionaries, spacing):
    vectors = []
    for n_cells, words in zip((2, 3), dictionaries.values(), strict=True):
        values, positions = plain_hog_blocks(image, n_cells, spacing)
        vectors.append(plain_llc_pool(values, positions, words, image.shape[:2]))
    return np.concatenate(vectors)
