"""Debian's own kernel, taken out of its package: downloaded once, unpacked into a cache, and not installed anywhere."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.kernel.initramfs import DIRECTORY, FILE, PROGRAM, archive, modules_with_needs

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wgmesh-kernel"

# Depends on the current kernel of this Debian.
META_PACKAGE = "linux-image-amd64"
# A shell, mount, insmod, modprobe and depmod in one file that needs no library.
BUSYBOX_PACKAGE = "busybox-static"

# What the guest needs before it sees any file of this machine.
BOOT_MODULES = ("virtio_pci", "virtio_console", "virtio_rng", "9pnet_virtio", "9p", "overlay")
# Drivers for what the guest does not have: a quarter of a gigabyte.
UNWANTED = (
    "drivers/ata", "drivers/bluetooth", "drivers/comedi", "drivers/crypto", "drivers/edac", "drivers/gpio",
    "drivers/gpu", "drivers/hid", "drivers/hwmon", "drivers/i2c", "drivers/iio", "drivers/infiniband",
    "drivers/input", "drivers/isdn", "drivers/leds", "drivers/media", "drivers/mfd", "drivers/mmc", "drivers/mtd",
    "drivers/net/ethernet", "drivers/net/wireless", "drivers/platform", "drivers/power", "drivers/rtc",
    "drivers/scsi", "drivers/spi", "drivers/staging", "drivers/tty", "drivers/usb", "drivers/video", "sound",
)  # fmt: skip

# The first program in the guest. Its root is this machine's, shared read-only, under a layer that is only memory.
INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
for module in /modules/*; do busybox insmod $module; done
share=trans=virtio,version=9p2000.L,msize=512000
busybox mount -t 9p -o $share,ro,cache=loose root /low || exec busybox poweroff -f
busybox mount -t tmpfs tmpfs /rw
busybox mkdir /rw/upper /rw/work
busybox mount -t overlay -o lowerdir=/low,upperdir=/rw/upper,workdir=/rw/work overlay /new
busybox mount -t tmpfs -o mode=755 run /new/run
busybox mkdir /new/run/control
busybox mount -t 9p -o $share,cache=none control /new/run/control
busybox umount /proc
busybox mount -o move /dev /new/dev
exec busybox switch_root /new /bin/sh /run/control/start
"""


class Unobtainable(Exception):
    """What is needed cannot be had here; the text says why."""


@dataclass(frozen=True)
class Image:
    """A kernel that was unpacked below `place`."""

    place: Path
    release: str

    @property
    def kernel(self) -> Path:
        return self.place / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        return self.place / "lib/modules" / self.release

    @property
    def busybox(self) -> Path:
        return self.place / "bin/busybox"


def image(cache: Path = CACHE) -> Image:
    """The current kernel of this Debian, from the cache or the package archive. Unobtainable says why there is none."""
    release = _release()
    place = cache / release
    if not place.exists():
        shutil.rmtree(cache, ignore_errors=True)  # an older one
        cache.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            _unpack(Image(Path(scratch, "image"), release))
            Path(scratch, "image").rename(place)
    return Image(place, release)


def _release() -> str:
    if platform.machine() != "x86_64":
        raise Unobtainable(f"the guest is an x86_64, and this machine is a {platform.machine()}")
    said = _run(["apt-cache", "depends", "--important", META_PACKAGE])
    found = [word for word in said.split() if word.startswith("linux-image-") and word != META_PACKAGE]
    if not found:
        raise Unobtainable(f"apt knows no {META_PACKAGE}: run `sudo apt-get update`")
    return found[0].removeprefix("linux-image-")


def _unpack(image: Image) -> None:
    image.place.mkdir()
    print(f"downloading Debian's kernel {image.release}, 70 MB", file=sys.stderr)
    packages = [f"linux-image-{image.release}", BUSYBOX_PACKAGE]
    # As ourselves: apt's own user may not write where we may.
    _run(["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", *packages], cwd=image.place)
    unwanted = [f"--exclude=./lib/modules/*/kernel/{folder}" for folder in UNWANTED]
    for package in image.place.glob("*.deb"):
        unpacked = package.with_suffix(".tar")
        with unpacked.open("wb") as file:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", package], stdout=file, check=True)
        _run(["tar", "-xf", str(unpacked), "--exclude=./usr/share", *unwanted], cwd=image.place)
        package.unlink()
        unpacked.unlink()
    _run([str(image.busybox), "depmod", "-b", str(image.place), image.release])


def initramfs(image: Image) -> bytes:
    """The guest's first files, to be unpacked by its kernel."""
    folders = [(name, DIRECTORY, b"") for name in ("bin", "dev", "proc", "modules", "low", "rw", "new")]
    found = modules_with_needs(image.modules, BOOT_MODULES)
    # The shell takes them in the order of their names.
    modules = [(f"modules/{number:02}-{it.name}", FILE, it.read_bytes()) for number, it in enumerate(found)]
    busybox = ("bin/busybox", PROGRAM, image.busybox.read_bytes())
    return archive([*folders, busybox, *modules, ("init", PROGRAM, INIT.encode())])


def _run(argv: list[str], cwd: Path | None = None) -> str:
    try:
        return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise Unobtainable(f"there is no {argv[0]} here") from error
    except subprocess.CalledProcessError as error:
        raise Unobtainable(f"{argv[0]} failed: {error.stderr.strip()}") from error
