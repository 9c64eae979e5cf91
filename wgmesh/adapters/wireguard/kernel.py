"""WireGuard in the kernel: keys and peers over generic netlink, the interface itself through the links.

The rule: whose interface it is (see `reading`) is looked at whenever the device is. Nothing runs for it, so nothing of
it can die: what was made stays until it is removed.
"""

import errno
import os
from collections.abc import Callable, Sequence

from wgmesh.adapters.wireguard import kernel_answers, requirements
from wgmesh.adapters.wireguard import linux_wireguard as wg
from wgmesh.adapters.wireguard.generic_netlink import GenericNetlink
from wgmesh.adapters.wireguard.kernel_requests import get_request, set_requests
from wgmesh.adapters.wireguard.port import ALIAS, Applied, Keys, LinkChange, Links, LinkState
from wgmesh.adapters.wireguard.reading import Reading, another_name, device, is_ours
from wgmesh.adapters.wireguard.traffic import Ages
from wgmesh.adapters.wireguard.ways import Ways, WireGuardChange, words
from wgmesh.domain.device import Change, DeviceSample, SetDevice
from wgmesh.domain.errors import WgmeshError

# What the kernel calls its own WireGuard interfaces.
KIND = "wireguard"

PORT_IN_USE = "the UDP port of the interface is in use"


class Kernel:
    """The device called `interface`, in the network namespace that we run in. `beside`: another one of ours."""

    backend = "kernel"
    pidfd: int | None = None

    def __init__(
        self,
        interface: str,
        keys: Keys,
        links: Links,
        awake: Callable[[], int],
        channel: Callable[[str], GenericNetlink] = GenericNetlink,
        beside: str = "",
    ) -> None:
        self._interface = interface
        self._beside = beside
        self._keys = keys
        self._links = links
        self._ages = Ages(awake)
        self._channel = channel

    def claim(self) -> None:
        """Check the kernel, privileges and whose interface it is; WgmeshError says what to do about it."""
        requirements.require_kernel_wireguard()
        requirements.require_net_admin()
        try:
            self._find()
        except OSError as error:
            raise WgmeshError(f"the interface {self._interface} cannot be looked at: {words(error)}") from error

    def sample(self) -> DeviceSample:
        """What is there now: one question to WireGuard, and none to the links while nothing changed there."""
        found = self._find()
        if found is None:
            return DeviceSample(None, self._ages.traffic(()))
        reading, link = found
        return DeviceSample(device(reading, link), self._ages.traffic(reading.counters))

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes: those that follow each other and go the same way, in as few messages as they fit in."""
        return Ways(self._create, self._configure, self._edit).apply(changes)

    def remove(self) -> None:
        """Delete the interface, under whatever name; WgmeshError if it is not ours, or stays."""
        try:
            if self._find() is not None:
                self._links.delete(self._interface)
            self._delete_renamed()
        except OSError as error:
            raise WgmeshError(f"{self._interface} could not be removed: {words(error)}") from error

    def _find(self) -> tuple[Reading, LinkState] | None:
        """What WireGuard and the links say, if there is an interface; WgmeshError if it is not ours."""
        link = self._links.look(self._interface)
        if link is None:
            return None
        if link.kind != KIND:
            raise WgmeshError(self._whose(link))
        reading = self._read(self._interface)
        if reading is None:
            return None
        if not is_ours(reading, link):
            raise WgmeshError(another_name(self._interface, "has another private key"))
        return reading, link

    def _read(self, interface: str) -> Reading | None:
        """What WireGuard says of an interface; None if it went away just now."""
        try:
            with self._channel(wg.FAMILY) as channel:
                return kernel_answers.reading(channel.dump(wg.GET_DEVICE, get_request(interface)), self._keys)
        except ValueError as error:
            raise OSError(errno.EPROTO, f"the kernel gave an answer that cannot be read: {error}") from error
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise
            return None

    def _whose(self, link: LinkState) -> str:
        if link.kind == "tun":
            return (
                f"the interface {self._interface} is carried by a program: if that is wgmesh's own wireguard-go, "
                "choose --wireguard userspace, or leave first; if not, choose another name with --interface"
            )
        return another_name(self._interface, f"is no WireGuard ({link.kind or 'device'})")

    def _create(self, changes: Sequence[Change]) -> list[str]:
        if self._find() is None:
            self._delete_renamed()
            self._links.create(self._interface, KIND, ALIAS)
        return [""] * len(changes)

    def _delete_renamed(self) -> None:
        """Ours under another name, which somebody gave to it, has our port still."""
        for name in self._links.named_by_kind(KIND):
            reading = self._read(name) if name not in (self._interface, self._beside) else None
            if reading is not None and reading.private > 0:
                self._links.delete(name)

    def _edit(self, changes: Sequence[Change]) -> list[str]:
        errors = self._links.edit(self._interface, [it for it in changes if isinstance(it, LinkChange)])
        # Only when it goes up does WireGuard ask for its port.
        return [PORT_IN_USE if error == os.strerror(errno.EADDRINUSE) else error for error in errors]

    def _configure(self, changes: Sequence[Change]) -> list[str]:
        ours = [change for change in changes if isinstance(change, WireGuardChange)]
        try:
            with self._channel(wg.FAMILY) as channel:
                for body in set_requests(self._interface, ours, self._keys):
                    channel.request(wg.SET_DEVICE, body)
        except OSError as error:
            if len(changes) == 1:
                return [_refusal(changes[0], error)]
            # A message ends at its first error without saying where: alone, each change speaks for itself.
            return [refusal for change in changes for refusal in self._configure([change])]
        return [""] * len(changes)


def _refusal(change: Change, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE and isinstance(change, SetDevice):
        return f"UDP port {change.listen_port} is in use"
    return words(error)
