"""CIFAR-10: 60,000 colour images of 32x32 pixels in ten classes."""

import hashlib
from pathlib import Path

import numpy as np

from mia_helpers.data.source import Source, no_data
from mia_helpers.engine import archives, files
from mia_helpers.engine.errors import MIAError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# The labels of the 50,000 training and 10,000 test images in the official order.
LABELS_SHA256 = "3edb456524d5918aefded81f5aef7c32efab2a788211df998a4eb0c8957baa1f"
# Pixels that are known, and where they come from. Other pixels with the right labels load too, as "unverified pixels".
PIXELS = {
    "5950db2d734da18b1478b8235a822a2c35f8d74c0fd7859f25e64ec0153923f9": "CIFAR-10, pixels re-encoded through JPEG",
}
# The same images with fewer classes: pairs of alike ones, or vehicles and animals.
VEHICLES, ANIMALS = (0, 1, 8, 9), (2, 3, 4, 5, 6, 7)
GROUPS = {5: ((0, 8), (1, 9), (2, 6), (3, 5), (4, 7)), 2: (VEHICLES, ANIMALS)}


def read(folder: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Return x uint8 (60000, 32, 32, 3), y uint8 (60000,) and where they come from; download them if need be.

    Raises
    ------
    MIAError
        If the file is truncated, pickled, or not CIFAR-10 in the official order.
    """
    path = folder / "cifar10.npz"
    if not path.exists():
        download(path)
    remedy = f"Delete it to download CIFAR-10 again, or put the right file there ({path})."
    try:
        arrays = archives.read(path, {"x", "y"}, also={"source"})
    except archives.Damaged as error:
        raise MIAError(f"{path.name} is truncated, damaged or foreign, and is not read: {error}. {remedy}") from None
    for key, shape in {"x": (60000, 32, 32, 3), "y": (60000,)}.items():
        found = arrays[key]
        if found.shape != shape or found.dtype != np.uint8:
            raise MIAError(f"{path.name}: {key} is {found.dtype} {found.shape}, expected uint8 {shape}. {remedy}")
    if hashlib.sha256(np.ascontiguousarray(arrays["y"])).hexdigest() != LABELS_SHA256:
        raise MIAError(
            f"{path.name}: y is not CIFAR-10's labels in the official order (training images, then test). {remedy}"
        )
    return arrays["x"], arrays["y"], str(arrays.get("source", "CIFAR-10, unverified pixels"))


def download(path: Path) -> None:
    """Fetch the official archive with Keras (progress bar, checksum) and keep it once as an npz of plain arrays."""
    from mia_helpers.learning.keras_on_tensorflow import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras().datasets.cifar10.load_data()
    except Exception as error:  # Keras raises a bare Exception on a failed download
        raise no_data("CIFAR-10", path, error) from None
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test]).ravel()
    with files.replacing(path, variable=files.DATA) as part:
        np.savez(part, x=x, y=y.astype(np.uint8), source="CIFAR-10, official archive")


SOURCE = Source(
    "cifar10",
    size=60000,
    is_images=True,
    own_classes=CLASSES,
    read=read,
    files=("cifar10.npz",),
    groups=GROUPS,
    group_names={VEHICLES: "vehicle", ANIMALS: "animal"},
)
