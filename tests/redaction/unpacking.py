"""What is in the bundle of a bug report, as whoever gets it unpacks it."""

import tarfile
from pathlib import Path


def unpacked(bundle: Path) -> Path:
    """The bundle's folder, beside it.

    Python 3.11.2, which is Debian 12's, knows no filters, and later ones warn where none is set: so it is set as an
    attribute, which the one ignores and the others heed.
    """
    with tarfile.open(bundle) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(bundle.parent)
    return bundle.parent / "wgmesh-bugreport"
