"""What WireGuard needs of the machine; each lack is a sentence that says the remedy."""

import os
import shutil
from pathlib import Path

from wgmesh.adapters.wireguard import linux_wireguard
from wgmesh.adapters.wireguard.generic_netlink import has_family
from wgmesh.domain.errors import WgmeshError

PROGRAM = "wireguard-go"
TUN = Path("/dev/net/tun")
STATUS = Path("/proc/self/status")
# capability.h: the bit that lets us make and change interfaces.
CAP_NET_ADMIN = 12


def program() -> str:
    """The path of wireguard-go; WgmeshError if it is not installed."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise WgmeshError(f"{PROGRAM} is not installed: run `sudo apt install {PROGRAM}`")
    return found


def kernel_has_wireguard() -> bool:
    """Whether this kernel does WireGuard by itself. A module that is there but not loaded is loaded now."""
    return has_family(linux_wireguard.FAMILY)


def require_kernel_wireguard() -> None:
    """WgmeshError if this kernel has no WireGuard."""
    if not kernel_has_wireguard():
        raise WgmeshError(
            "this kernel has no WireGuard: `sudo modprobe wireguard` says why, Debian's own kernel has it "
            "(linux-image-amd64), and --wireguard userspace works without it"
        )


def require_net_admin(status: Path = STATUS) -> None:
    """WgmeshError if this process may not change interfaces; `status` is as in proc_pid_status(5)."""
    held = next(line for line in status.read_text().splitlines() if line.startswith("CapEff:"))
    if not int(held.split()[1], 16) >> CAP_NET_ADMIN & 1:
        raise WgmeshError("changing network interfaces needs the capability CAP_NET_ADMIN: run this as root, with sudo")


def require_tun(device: Path = TUN) -> None:
    """WgmeshError if the TUN device, through which packets get to WireGuard in user space, cannot be opened."""
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except PermissionError as error:
        raise WgmeshError(f"{device} may not be opened: run `sudo chmod 0666 {device}`") from error
    except OSError as error:
        remedy = "run `sudo modprobe tun`, or start the container with --device /dev/net/tun"
        raise WgmeshError(f"{device} does not work ({error.strerror}): {remedy}") from error
