"""What the system must have and allow before there can be a laboratory; every refusal says the remedy."""

import os
import shutil
from pathlib import Path

from wgmesh.domain.errors import WgmeshError

# The programs that a laboratory is made with, and Debian's packages that they come in.
PROGRAMS = {"ip": "iproute2", "nsenter": "util-linux", "ping": "iputils-ping", "unshare": "util-linux"}

# Switches that keep user namespaces from normal users: the value that forbids, the value that allows.
SWITCHES = (
    ("kernel.unprivileged_userns_clone", "0", "1"),  # Debian's and Arch's kernels
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu since 23.10
    ("user.max_user_namespaces", "0", "10000"),  # any kernel: namespaces(7); tens of thousands are usual
)

TUN = Path("/dev/net/tun")


def require_programs() -> None:
    """Raise WgmeshError if a program is missing that laboratories are made with."""
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            raise WgmeshError(f"The program {program} is missing: run `sudo apt install {package}`.")


def require_tun(device: Path = TUN) -> None:
    """Raise WgmeshError if we cannot open the TUN device, which WireGuard in user space needs."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except PermissionError as error:
        remedy = f"run `sudo chmod 0666 {device}`, or run this with sudo"
        raise WgmeshError(f"You may not open {device}, which WireGuard in user space needs: {remedy}.") from error
    except OSError as error:
        remedy = "run `sudo modprobe tun`"
        raise WgmeshError(f"There is no {device}, which WireGuard in user space needs: {remedy}.") from error


def refusal(said: str, switches: Path = Path("/proc/sys")) -> str:
    """Why there is no laboratory, and what to do: from what the system said and how its switches stand."""
    if os.geteuid() == 0:
        return f"Root may not make namespaces here ({said}): in a container, start it with --privileged."
    for name, forbids, allows in SWITCHES:
        switch = switches / name.replace(".", "/")
        if switch.exists() and switch.read_text().strip() == forbids:
            return f"Users may not make namespaces here: run `sudo sysctl {name}={allows}`, or run this with sudo."
    return f"Users may not make namespaces here ({said}): run this with sudo."
