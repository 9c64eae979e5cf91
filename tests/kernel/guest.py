"""One boot of an emulated machine, for one command: what it prints is told as it comes, and how it ended at the end.

Emulation in software (TCG) needs no privilege and works wherever a test may run; it is about fifteen times slower.
"""

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.kernel.image import Image, Unobtainable, initramfs

QEMU = "qemu-system-x86_64"
MEMORY_MB = 1024
PROCESSORS = 2
KERNEL_ARGUMENTS = (
    "console=ttyS0 panic=-1 loglevel=4 mitigations=off nokaslr tsc=reliable no_timer_check random.trust_cpu=on audit=0 "
    "net.ifnames=0"
)
# A boot takes 10 s here; one that hangs is given up and tried once more.
BOOT_SECONDS = 60.0
BOOTS = 2
STEP_SECONDS = 0.1

# The first program on the shared root: what every Linux has mounted, and modules that the kernel may ask for.
START = """
exec 2>/dev/ttyS0
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run/home TERM=dumb
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/pts /dev/shm $HOME
mount -t devpts -o ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ln -sfn /proc/self/fd /dev/fd
for number in 0,stdin 1,stdout 2,stderr; do ln -sfn /proc/self/fd/${number%,*} /dev/${number#*,}; done
mkdir -p /lib/modules
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose modules /lib/modules
cp /run/control/busybox /run/busybox && ln -s busybox /run/modprobe
echo /run/modprobe > /proc/sys/kernel/modprobe
/run/busybox stty -F /dev/hvc0 raw -echo
/run/busybox hostname guest
/run/busybox ip link set lo up
/run/busybox setsid /bin/sh /run/control/job </dev/null >/dev/hvc0 2>&1
sync
/run/busybox poweroff -f
"""


@dataclass(frozen=True)
class Ended:
    """How the command ended (None: it never did, or was never begun), what it printed, and what the kernel said."""

    status: int | None
    printed: str
    console: str


def run_in_guest(image: Image, argv: Sequence[str], directory: Path, limit_seconds: float) -> Ended:
    """Boot, run the command there as root, and power off. Unobtainable if there is no emulator."""
    if shutil.which(QEMU) is None:
        raise Unobtainable(f"{QEMU} is not installed: run `sudo apt install qemu-system-x86`")
    for boots_left in reversed(range(BOOTS)):
        with tempfile.TemporaryDirectory(prefix="wgmesh-guest-") as scratch:
            begun, ended = _boot(image, Path(scratch), _job(argv, directory), limit_seconds)
        if begun or not boots_left:
            return ended
    raise AssertionError("at least one boot")


def _job(argv: Sequence[str], directory: Path) -> str:
    lines = ("touch /run/control/begun", f"cd {shlex.quote(str(directory))}", shlex.join(argv))
    return "\n".join((*lines, "echo $? > /run/control/status", ""))


def _boot(image: Image, control: Path, job: str, limit_seconds: float) -> tuple[bool, Ended]:
    shutil.copy(image.busybox, control / "busybox")
    (control / "initramfs").write_bytes(initramfs(image))
    (control / "start").write_text(START)
    (control / "job").write_text(job)
    console, printed = control / "console", control / "printed"
    with printed.open("wb") as file:
        qemu = subprocess.Popen(_command(image, control, console), stdin=subprocess.DEVNULL, stdout=file)
        try:
            _follow(qemu, control, printed, time.monotonic() + limit_seconds)
        finally:
            qemu.kill()
            qemu.wait()
    status = control / "status"
    ended = Ended(
        int(status.read_text()) if status.exists() else None,
        printed.read_text(errors="replace"),
        console.read_text(errors="replace") if console.exists() else "",
    )
    return (control / "begun").exists(), ended


def _follow(qemu: "subprocess.Popen[bytes]", control: Path, printed: Path, limit: float) -> None:
    """Tell what is printed until the guest is off, or it is too late."""
    boot_limit = time.monotonic() + BOOT_SECONDS
    with printed.open(errors="replace") as file:
        while qemu.poll() is None:
            late = limit if (control / "begun").exists() else min(limit, boot_limit)
            if time.monotonic() > late:
                return
            time.sleep(STEP_SECONDS)
            sys.stdout.write(file.read())
            sys.stdout.flush()
        sys.stdout.write(file.read())


def _command(image: Image, control: Path, console: Path) -> list[str]:
    # The shared tree spans several file systems, in which the number of a file may be the same: remap.
    read_only = (("root", Path("/"), ",readonly=on"), ("modules", image.modules.parent, ",readonly=on"))
    shares = (*read_only, ("control", control, ""))
    virtfs = [
        f"local,path={path},mount_tag={tag},security_model=none,multidevs=remap{mode}" for tag, path, mode in shares
    ]
    return [
        QEMU, "-machine", "q35,hpet=off", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max",
        "-smp", str(PROCESSORS), "-m", str(MEMORY_MB), "-no-reboot", "-nodefaults", "-no-user-config",
        "-display", "none", "-nic", "none", "-kernel", str(image.kernel), "-initrd", str(control / "initramfs"),
        "-append", KERNEL_ARGUMENTS, "-serial", f"file:{console}", "-device", "virtio-rng-pci",
        "-chardev", "stdio,id=out,signal=off", "-device", "virtio-serial-pci", "-device", "virtconsole,chardev=out",
        *(word for share in virtfs for word in ("-virtfs", share)),
    ]  # fmt: skip
