"""Where documents may be downloaded from: what an answer says is no order.

An answer that names an address inside our own network would have us fetch its pages
and store them as a report. Only https goes, and only hosts of the public internet;
where the API itself is elsewhere (the emulator, a stand-in), its own network, too.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from singer_amazon.errors import DocumentError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Iterable[str]]


def resolved(host: str) -> tuple[str, ...]:
    """Return the addresses of a host; none where the name is not known here now."""
    try:
        return _resolved(host)
    except (OSError, UnicodeError):
        return ()


@lru_cache(maxsize=256)
def _resolved(host: str) -> tuple[str, ...]:
    """Look a host up; what fails is not kept, for it may pass."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple({str(entry[4][0]) for entry in found})


class AddressCheck:
    """Refuses addresses that no document of this API can have."""

    def __init__(self, endpoint: str | None, resolve: Resolve = resolved) -> None:
        self._resolve = resolve
        host = urlsplit(endpoint or "").hostname or ""
        self._home = host.lower()
        own = self._addresses(host) if host else ()
        self._is_loopback = bool(own) and all(a.is_loopback for a in own)
        # a link-local host is never meant, whatever the API's address
        self._is_private = bool(own) and not any(_is_public(a) for a in own)

    def __call__(self, url: str) -> None:
        """Look at an address before it is followed.

        Raises:
            DocumentError: it is refused, and why; the query is not shown.
        """
        try:
            parts = urlsplit(url)
            host, scheme = (parts.hostname or "").lower(), parts.scheme.lower()
        except ValueError:
            host, scheme = "", ""
        reason = self._complaint(scheme, host)
        if reason:
            shown = f"{scheme}://{host}"[:120]
            msg = f"the download address {shown!r} is refused: {reason}"
            raise DocumentError(msg)

    def _complaint(self, scheme: str, host: str) -> str | None:
        if not host or scheme not in {"https", "http"}:
            return "it is no https address"
        found = self._addresses(host)
        if any(address.is_link_local for address in found):
            return "the host is link-local, as the metadata of cloud machines"
        if scheme == "http" and not self._may_be_plain(host, found):
            return "documents come by https only"
        if self._is_private or all(_is_public(address) for address in found):
            return None
        return "the host is in a private network, where the API is not"

    def _may_be_plain(self, host: str, found: tuple[Address, ...]) -> bool:
        """Whether http will do: on this machine, or from the API's own host."""
        is_local = bool(found) and all(a.is_loopback for a in found)
        return (is_local and self._is_loopback) or (
            host == self._home and self._is_private
        )

    def _addresses(self, host: str) -> tuple[Address, ...]:
        """Return what a host stands for; also the odd ways to write an address."""
        found = []
        for text in self._resolve(host):
            address = ipaddress.ip_address(text.partition("%")[0])
            mapped = getattr(address, "ipv4_mapped", None)
            found.append(mapped or address)
        return tuple(found)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast
