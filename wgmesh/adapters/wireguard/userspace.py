"""WireGuard in user space: wireguard-go for keys and peers, the kernel's TUN link for addresses and routes.

The rule: whose interface it is (see `reading`) is looked at whenever the device is.
"""

import errno
import os
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from wgmesh.adapters.wireguard import requirements, uapi
from wgmesh.adapters.wireguard.port import ALIAS, Applied, Keys, LinkChange, Links, LinkState
from wgmesh.adapters.wireguard.reading import Reading, another_name, device, is_ours
from wgmesh.adapters.wireguard.scopes import Scopes
from wgmesh.adapters.wireguard.traffic import Ages
from wgmesh.adapters.wireguard.ways import Ways, WireGuardChange, words
from wgmesh.adapters.wireguard.wireguard_go import WireguardGo
from wgmesh.domain.device import Change, DeviceSample, SetDevice
from wgmesh.domain.errors import WgmeshError


class Userspace:
    """The device called `interface`, in the network and mount namespace that we run in."""

    backend = "userspace"

    def __init__(self, interface: str, keys: Keys, links: Links, awake: Callable[[], int]) -> None:
        self._interface = interface
        self._keys = keys
        self._links = links
        self._process = WireguardGo(interface)
        self._scopes = Scopes(links.neighbour)
        self._ages = Ages(awake)

    @property
    def pidfd(self) -> int | None:
        """Readable when wireguard-go has died, to be asked for after a sample; None when none runs."""
        return self._process.pidfd

    def claim(self) -> None:
        """Check program, privileges and whose interface it is; WgmeshError says what to do about it."""
        requirements.program()
        requirements.require_net_admin()
        requirements.require_tun()
        try:
            self._find()
        except OSError as error:
            raise WgmeshError(f"the interface {self._interface} cannot be looked at: {words(error)}") from error

    def sample(self) -> DeviceSample:
        """What is there now: one question to wireguard-go, and none to the kernel while nothing changed there."""
        found = self._find()
        if found is None:
            return DeviceSample(None, self._ages.traffic(()))
        reading, link = found
        peers = tuple(self._scopes.complete(peer) for peer in reading.peers)
        return DeviceSample(device(replace(reading, peers=peers), link), self._ages.traffic(reading.counters))

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes: those that follow each other and go the same way, in one transaction or request."""
        applied = Ways(self._create, self._configure, self._edit).apply(changes)
        for change in applied.done:
            self._scopes.note(change)
        return applied

    def remove(self) -> None:
        """Delete the interface, with which wireguard-go ends; WgmeshError if it is not ours, or stays."""
        try:
            if self._find() is not None:
                self._links.delete(self._interface)
                self._process.end()
        except OSError as error:
            raise WgmeshError(f"{self._interface} could not be removed: {words(error)}") from error
        self._process.sweep()

    def _find(self) -> tuple[Reading, LinkState] | None:
        """What wireguard-go and the kernel say, if there is an interface; WgmeshError if it is not ours."""
        answer = self._process.ask(uapi.GET)
        if answer is None:
            self._process.wait_for_end()
            self._process.sweep()
        link = self._links.look(self._interface)
        reading = None if answer is None else self._read(answer)
        if reading is None and link is None:
            return None
        if reading is None or not is_ours(reading, link):
            raise WgmeshError(self._whose(reading, link))
        if link is None:
            # Somebody renamed it. It has our port and socket, so it ends, to be made anew under its own name.
            self._process.end()
            return None
        return reading, link

    def _read(self, answer: bytes) -> Reading:
        try:
            return uapi.reading(answer, self._keys)
        except ValueError as error:
            raise OSError(errno.EPROTO, f"wireguard-go gave an answer that cannot be read: {error}") from error

    def _whose(self, reading: Reading | None, link: LinkState | None) -> str:
        if link is None:
            return (
                f"a wireguard-go in another network namespace has {self._process.path} (process {self._process.pid}): "
                "choose another name with --interface, or give this network namespace a /run of its own"
            )
        if link.kind == "wireguard":
            return (
                f"the interface {self._interface} is a WireGuard of the kernel: if wgmesh made it, choose --wireguard "
                "kernel, or leave first; if not, choose another name with --interface"
            )
        what = "has another private key" if reading is not None else f"is no wireguard-go's ({link.kind or 'device'})"
        return another_name(self._interface, what)

    def _create(self, changes: Sequence[Change]) -> list[str]:
        if self._find() is None:
            self._process.start()
            self._label()
        return [""] * len(changes)

    def _label(self) -> None:
        try:
            self._links.label(self._interface, ALIAS)
        except OSError:
            # Without its alias nobody would know whose it is.
            self._process.end()
            raise

    def _edit(self, changes: Sequence[Change]) -> list[str]:
        return list(self._links.edit(self._interface, [it for it in changes if isinstance(it, LinkChange)]))

    def _configure(self, changes: Sequence[Change]) -> list[str]:
        ours = [change for change in changes if isinstance(change, WireGuardChange)]
        answer = self._process.ask(uapi.transaction(ours, self._keys))
        if answer is None:
            return ["wireguard-go does not run"] * len(changes)
        number = uapi.error_number(answer)
        if number and len(changes) > 1:
            # A transaction ends at its first error without saying where: alone, each change speaks for itself.
            return [error for change in changes for error in self._configure([change])]
        return [_refusal(change, number) if number else "" for change in changes]


def _refusal(change: Change, number: int) -> str:
    if number == errno.EADDRINUSE and isinstance(change, SetDevice):
        return f"UDP port {change.listen_port} is in use"
    return os.strerror(number)
